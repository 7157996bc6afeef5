"""The sandbox up and down. What is not finished is made anew: there is nothing in it yet to be kept."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from demo.sandbox import samples, school
from demo.sandbox.school import Given, Made
from deploy.local import before_start, layout, stack, supervisor, whole
from deploy.local.layout import Stack
from deploy.local.problems import fail
from deploy.processes import NAMES
from producers.synthetic.write import write_register
from runtime.settings import Settings
from runtime.stack_file import STACK_FILE

DATA_DIR: Final = Path(".csdl-sandbox")
PORT_BASE: Final = layout.PORT_BASE + 2 * layout.MORE
MARK: Final = "csdl-sandbox"
"""File that says that a folder holds a sandbox and may be emptied; who starts or ends it holds its lock."""
MADE: Final = "sandbox.json"
"""What was made; written last, so that a sandbox with it is whole."""

NOT_NEEDED: Final = frozenset({"watch", "checkpoints"})
"""Nobody pushes, confirms or asks by them."""

ASKED: Final = {
    "CSDL_VENDORS": f'["{samples.VENDOR}"]',
    "CSDL_VENDORS_BY_CREDENTIALS": f'["{samples.VENDOR}"]',
    "CSDL_GATEWAY_TEST": "true",
}


def up(data_dir: Path, port_base: int | None, say: stack.Say = stack.silent) -> tuple[Stack, Given, bool]:
    """A sandbox that runs, what its vendor was given, and whether that was made just now.

    Raises ProblemList: CLI-001 a folder that holds something else, STK-001 to 020.
    """
    _no_other_stack()
    it = _asked(data_dir.absolute(), port_base)
    before_start.refuse_what_cannot_work(it)
    with _alone(it):
        made = before = _made(it)
        if before and supervisor.is_running(it) and not before_start.unfinished(it).exists():
            it = layout.at(it.data_dir)
            return it, school.given(it, before), False
        if not before:
            _clear(it)
        try:
            stack.up(it, processes(), say=say)
            made = before or _make(it, say)
        except BaseException:
            stack.down(it)
            raise
        found = school.given(it, made)
        school.write(it, found)
    return it, found, before is None


def at(data_dir: Path) -> tuple[Stack, Given]:
    """The sandbox in a folder. Raises ProblemList (CLI-002)."""
    _no_other_stack()
    data_dir = data_dir.absolute()
    if not (data_dir / MARK).exists():
        fail("CLI-002", data_dir=data_dir)
    it = layout.at(data_dir)
    made = _made(it)
    if made is None:
        fail("CLI-002", data_dir=data_dir)
    return it, school.given(it, made)


def down(data_dir: Path, *, delete: bool) -> bool:
    """Whether anything ran. Raises ProblemList: CLI-002, STK-007, 018."""
    _no_other_stack()
    data_dir = data_dir.absolute()
    if not (data_dir / MARK).exists():
        fail("CLI-002", data_dir=data_dir)
    return stack.down(layout.at(data_dir), delete=delete)


def processes() -> tuple[str, ...]:
    """Those of the pipeline that it runs, one of each."""
    return tuple(name for name in NAMES if name not in NOT_NEEDED)


def _asked(data_dir: Path, port_base: int | None) -> Stack:
    if data_dir.exists() and any(data_dir.iterdir()) and not (data_dir / MARK).exists():
        fail("CLI-001", data_dir=data_dir)
    last = layout.at(data_dir) if (data_dir / STACK_FILE).exists() else None
    base = port_base or (last.port_base if last else PORT_BASE)
    return Stack(data_dir, base, {}, dict(ASKED))


def _make(it: Stack, say: stack.Say) -> Made:
    made = school.connect(it, samples.school())
    say("school, vendor, credentials")
    whole.write(it.data_dir / MADE, made.model_dump_json(indent=1) + "\n")
    return made


def _made(it: Stack) -> Made | None:
    try:
        return Made.model_validate_json((it.data_dir / MADE).read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def _clear(it: Stack) -> None:
    """An empty folder with the school's register."""
    if (it.data_dir / STACK_FILE).exists():
        stack.down(it)
    for path in it.data_dir.iterdir():
        if path.name == MARK:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    write_register(it.data_dir / "register.csv", [samples.school()])


@contextmanager
def _alone(it: Stack) -> Iterator[None]:
    it.data_dir.mkdir(parents=True, exist_ok=True)
    with (it.data_dir / MARK).open("a") as mark:
        try:
            fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fail("STK-009", data_dir=it.data_dir)
        yield


def _no_other_stack() -> None:
    """Settings of our environment speak of another stack than this one, which has its own."""
    for name in Settings.model_fields:
        os.environ.pop(f"CSDL_{name.upper()}", None)
