"""Files read apart, as they are in production: what happens to the reader happens to nobody else."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import psutil
import pytest

from producers.adapters import foreign
from runtime.apart import Apart, Bounds, Reason, Stopped
from schemas.errors import ProblemList
from tests.support import ROOT, wait_until
from tests.unit.producers.made import CAPTIONS, ROW, VNEDU, listing, problems, pupils, read, table
from tests.unit.producers.made_xls import xls

BOUNDS = Bounds(memory=256 << 20, seconds=20, answer=1 << 20)


@pytest.fixture(scope="module")
def odd() -> Iterator[Apart]:
    """Does what it is asked (``odd_worker``), four at once."""
    apart = Apart("tests.unit.producers.odd_worker", 4)
    yield apart
    apart.end()


def stopped(apart: Apart, question: str, bounds: Bounds = BOUNDS) -> str:
    try:
        answer = apart.ask(question.encode(), b"", bounds)
    except Stopped as error:
        return error.why
    return bytes(answer).decode()


@pytest.mark.parametrize(
    ("question", "bounds", "due"),
    [
        ("say hello", BOUNDS, "hello"),
        ("say", BOUNDS, ""),
        ("segfault", BOUNDS, "broken"),
        ("abort", BOUNDS, "broken"),
        ("killed", BOUNDS, "broken"),
        ("raise", BOUNDS, "broken"),
        ("exit", BOUNDS, "broken"),
        ("recurse", BOUNDS, "broken"),
        ("hold 1000000000", BOUNDS, "memory"),
        ("spin", replace(BOUNDS, seconds=1), "time"),
        ("sleep", replace(BOUNDS, seconds=1), "time"),
        ("answer 3000000", BOUNDS, "size"),
        ("open", BOUNDS, "broken"),
        ("connect", BOUNDS, "broken"),
        ("open", replace(BOUNDS, files=8), "opened"),
    ],
)
def test_whatever_becomes_of_a_reading_is_one_word_to_the_caller(
    odd: Apart, question: str, bounds: Bounds, due: str
) -> None:
    assert stopped(odd, question, bounds) == due
    assert stopped(odd, "say again") == "again"


def test_a_reading_has_no_environment_and_writes_nowhere(
    odd: Apart, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    odd.end()
    monkeypatch.setenv("CSDL_SECRET", "s3cret")
    names = set(stopped(odd, "environment").split())
    assert names <= {
        "PATH",
        "LANG",
        "LC_ALL",
        "TZ",
        "LC_CTYPE",
        "JE_ARROW_MALLOC_CONF",
        "ARROW_DEFAULT_MEMORY_POOL",
        "MALLOC_MMAP_THRESHOLD_",
        "MALLOC_TRIM_THRESHOLD_",
    }
    assert stopped(odd, "print") == "printed"
    assert capfd.readouterr() == ("", "")


def test_threads_ask_at_once_and_each_has_its_own_answer(odd: Apart) -> None:
    questions = [f"say {n}" if n % 5 else "segfault" for n in range(40)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda q: stopped(odd, q), questions))
    assert answers == [q.removeprefix("say ") if q != "segfault" else "broken" for q in questions]


def test_nothing_is_left_of_many_readings(odd: Apart) -> None:
    stopped(odd, "say x")
    held = descriptors("self")
    for question in ("say x", "segfault", "hold 1000000000"):
        stopped(odd, question)
    assert descriptors("self") == held
    wait_until(lambda: len(children(odd)) == 1)


def test_one_waits_for_the_next_question_and_is_made_again_where_it_was_killed(odd: Apart) -> None:
    stopped(odd, "say x")
    for _ in range(3):
        wait_until(lambda: len(children(odd)) == 1)
        [spare] = children(odd)
        killed = psutil.Process(spare)
        killed.kill()
        wait_until(partial(_is_over, killed))
        assert stopped(odd, "say y") == "y"


def test_a_process_that_was_killed_is_begun_again(odd: Apart) -> None:
    stopped(odd, "say x")
    pid(odd).kill()
    pid(odd).wait()
    assert stopped(odd, "say back") == "back"


def test_a_process_killed_in_the_middle_is_the_machines_fault(odd: Apart) -> None:
    stopped(odd, "say x")
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(stopped, odd, "sleep")
        wait_until(lambda: len(children(odd)) == 2)
        pid(odd).kill()
        assert asked.result() == "machine"
    assert stopped(odd, "say back") == "back"


def test_a_module_that_cannot_be_imported_is_no_hang() -> None:
    apart = Apart("tests.unit.producers.no_such_module", 1)
    assert stopped(apart, "say x") == "machine"
    apart.end()


ASKS = """
import sys, threading
from runtime.apart import Apart, Bounds
apart = Apart("tests.unit.producers.odd_worker", 2)
bounds = Bounds(memory=1 << 28, seconds=60, answer=1 << 20)
apart.ask(b"say x", b"", bounds)
print(apart._process.pid, flush=True)
apart.ask(b"sleep", b"", bounds)
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda s: s.name)
def test_who_ends_the_caller_ends_the_reading(how: signal.Signals) -> None:
    caller = subprocess.Popen(
        [sys.executable, "-c", ASKS], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, cwd=ROOT,
    )  # fmt: skip
    assert caller.stdout is not None
    server = int(caller.stdout.readline())
    wait_until(lambda: _children(server))
    sleeper = _children(server)[0]
    caller.send_signal(how)
    caller.communicate()
    wait_until(lambda: not Path(f"/proc/{server}").exists() and not Path(f"/proc/{sleeper}").exists())


def descriptors(process: object) -> int:
    return len(list(Path(f"/proc/{process}/fd").iterdir()))


def _is_over(killed: psutil.Process) -> bool:
    return bool(killed.status() == psutil.STATUS_ZOMBIE)


def children(apart: Apart) -> list[int]:
    return _children(pid(apart).pid)


def _children(parent: int) -> list[int]:
    try:
        text = Path(f"/proc/{parent}/task/{parent}/children").read_text("ascii")
    except FileNotFoundError:
        return []
    return [int(n) for n in text.split()]


def pid(apart: Apart) -> "subprocess.Popen[bytes]":
    assert apart._process is not None
    return apart._process


# The reader of files


@pytest.fixture
def apart(read_here: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foreign, "ask", lambda head, data: foreign.READER.ask(head, data, foreign.BOUNDS))


@pytest.mark.usefixtures("apart")
def test_files_of_all_kinds_are_read_apart() -> None:
    sheet = listing({}, {"Tên mẹ": "Đỗ Thị Mơ\u0300"})
    assert table(read(sheet, VNEDU)).records.height == 2
    assert table(read(pupils({}, {}))).records.height == 2
    line = [ROW.get(c) for c in CAPTIONS]
    assert table(read(xls({"S": [CAPTIONS, line]}), VNEDU)).records.height == 1
    cells = "".join(f"<td>{c or ''}" for c in CAPTIONS) + "<tr>" + "".join(f"<td>{c or ''}" for c in line)
    assert table(read(f"<table><tr>{cells}</table>".encode(), VNEDU)).records.height == 1
    assert foreign.read("a.json", b'[{"a":1}]').sheets[0].cells.height == 2
    with pytest.raises(ProblemList) as error:
        foreign.read("a.xls", xls({"S": [CAPTIONS]})[:-700])
    assert [p.code for p in error.value.problems] == ["FILE-014"]


@pytest.mark.usefixtures("apart")
def test_the_process_that_forks_has_one_thread_and_opens_no_connection() -> None:
    read(pupils({}))
    server = pid(foreign.READER)
    assert len(list(Path(f"/proc/{server.pid}/task").iterdir())) == 1
    mapped = Path(f"/proc/{server.pid}/maps").read_text("utf-8")
    assert "pyarrow" in mapped and "polars" not in mapped and "_ssl" not in mapped


@pytest.mark.parametrize("why", list(foreign.STOPPED))
def test_a_reading_that_was_stopped_is_a_code_with_its_bound(
    why: Reason, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask(head: bytes, data: bytes) -> memoryview:
        raise Stopped(why)

    monkeypatch.setattr(foreign, "ask", ask)
    (problem,) = problems(pupils({}))
    assert (problem.code, problem.place.file) == (foreign.STOPPED[why], "file1")
    assert all(problem.messages()) and not any("{" in text for text in problem.messages())


def test_bounds_hold_where_a_file_asks_for_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred megabytes of numbers in five of JSON; a megabyte of tables from a list of two thousand."""
    small = replace(foreign.BOUNDS, memory=64 << 20)
    monkeypatch.setattr(foreign, "ask", lambda head, data: foreign.READER.ask(head, data, small))
    with pytest.raises(ProblemList) as error:
        foreign.read("a.json", b"[" + b"1," * 2_500_000 + b"1]")
    assert [p.code for p in error.value.problems] == ["FILE-060"]
    small = replace(foreign.BOUNDS, answer=10_000)
    with pytest.raises(ProblemList) as error:
        foreign.read("a.csv", b"\n".join(b"%d;Nguyen Van A" % n for n in range(2_000)))
    assert [p.code for p in error.value.problems] == ["FILE-062"]
