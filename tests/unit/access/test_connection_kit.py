"""The kit is encrypted and read by nobody without its passphrase; a self-test names the step that fails."""

import socket
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pyzipper

from access.credentials import kit, selftest
from access.credentials.kit import Connection, Kit
from access.credentials.worth import Kind
from cli import answers, connect
from runtime.settings import Settings
from schemas.errors import Problem, ProblemList
from tests.unit.test_broker_probe import NOW, WEEK, Authority, server

ASKED = Connection(
    vendor="smas",
    school="19164101",
    kind=Kind.API,
    test=False,
    name="main",
    handle="csdl_live_aaaaaaaaaa",
    url="http://127.0.0.1:1",
    link="http://127.0.0.1:1/v1/links/token",
    school_years=(2019,),
)
KIT = Kit(connection=ASKED, authority="-----BEGIN CERTIFICATE-----\n")


def test_a_kit_is_read_with_its_passphrase_and_by_nobody_without(tmp_path: Path) -> None:
    words, path = kit.passphrase(), tmp_path / "kit.zip"
    kit.write(path, KIT, words)
    assert kit.read(path, words) == KIT
    assert path.stat().st_mode & 0o077 == 0
    for other in ("", words + "x", kit.passphrase()):
        with pytest.raises(ProblemList, match="KEY-031"):
            kit.read(path, other)
    assert b"token" not in path.read_bytes()
    with zipfile.ZipFile(path) as plain, pytest.raises((RuntimeError, NotImplementedError)):
        plain.read(kit.CONNECTION)
    with pytest.raises(FileExistsError):
        kit.write(path, KIT, words)


def test_it_holds_all_that_a_vendor_needs() -> None:
    files = kit.contents(KIT)
    assert {
        "huong-dan.md",
        "connection.json",
        "ca.pem",
        "truong-du-lieu.md",
        "quy-tac.md",
        "ma-loi.md",
    } == set(files)
    assert "HoTen" in files["truong-du-lieu.md"] and "KEY-104" in files["ma-loi.md"]
    assert "ca.pem" not in kit.contents(Kit(connection=ASKED))


def test_a_key_s_kit_says_where_files_are_pushed_and_what_is_said_there() -> None:
    files = kit.contents(Kit(connection=ASKED.model_copy(update={"gateway": "https://day.example"})))
    assert "| gateway | `https://day.example` |" in files["huong-dan.md"]
    assert '"gateway": "https://day.example"' in files["connection.json"]
    assert "GATE-003" in files["ma-loi.md"]
    assert "| gateway |" not in kit.contents(KIT)["huong-dan.md"]


def test_passphrases_are_long_and_never_the_same() -> None:
    made = {kit.passphrase() for _ in range(100)}
    assert len(made) == 100 and all(len(words.replace("-", "")) == 24 for words in made)


@pytest.mark.parametrize("what", ["nothing", "random", "no connection", "another form", "too large", "plain"])
def test_what_is_no_kit_is_refused(tmp_path: Path, what: str) -> None:
    path, text = tmp_path / "kit.zip", ASKED.model_dump_json()
    if what in ("nothing", "random"):
        path.write_bytes(b"" if what == "nothing" else b"PK\x03\x04" + bytes(range(256)))
    else:
        name = "other.json" if what == "no connection" else kit.CONNECTION
        text = {"another form": "[1, 2]", "too large": " " * (kit.LARGEST + 1)}.get(what, text)
        how = None if what == "plain" else pyzipper.WZ_AES
        with pyzipper.AESZipFile(path, "w", compression=pyzipper.ZIP_DEFLATED, encryption=how) as out:
            if how:
                out.setpassword(b"words")
            out.writestr(name, text)
    with pytest.raises(ProblemList, match="KEY-030"):
        kit.read(path, "words")


def _steps(asked: Connection, record: list[Problem] | None = None) -> list[tuple[str, list[str]]]:
    told = selftest.steps(asked, Settings(), "csdl_live_x_y", lambda: record)
    return [(step.name, [p.code for p in step.problems]) for step in told]


def test_a_self_test_ends_at_the_step_that_fails() -> None:
    nowhere = ASKED.model_copy(update={"url": "https://nowhere.invalid"})
    assert _steps(nowhere) == [("name", ["KEY-032"])]
    closed = ASKED.model_copy(update={"url": "https://127.0.0.1:1"})
    assert _steps(closed) == [("name", []), ("tls", ["KEY-033"])]
    assert _steps(ASKED) == [("name", []), ("tls", []), ("login", ["KEY-033"])]
    assert [step.skipped for step in selftest.steps(ASKED, Settings(), "", list)][1]


@pytest.mark.parametrize(
    ("signed", "code"),
    [
        ({}, ""),
        ({"at": NOW - 2 * WEEK}, "KEY-038"),
        ({"at": NOW + timedelta(days=2)}, "KEY-038"),
        ({"addresses": ("127.0.0.2",)}, "KEY-039"),
        (None, "KEY-035"),
    ],
)
def test_a_certificate_that_must_not_be_trusted_is_named_before_the_key_is_shown(
    tmp_path: Path, signed: dict[str, Any] | None, code: str
) -> None:
    """None: of another authority."""
    ours = Authority(tmp_path, "ours")
    with server((ours if signed is not None else Authority(tmp_path, "theirs")).signs(**signed or {})) as (
        address,
        heard,
    ):
        settings = Settings(_env_file=None, kafka_ca_file=ours.file)
        asked = ASKED.model_copy(update={"url": f"https://{address}"})
        told = {s.name: [p.code for p in s.problems] for s in selftest.steps(asked, settings, "key", list)}
    assert told["tls"] == [code] if code else told["tls"] == []
    assert list(told)[-1] == ("tls" if code else "login")
    assert not any(b"key" in said for said in heard) or not code


def test_where_nobody_listens_is_no_connection(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        asked = ASKED.model_copy(update={"url": f"https://127.0.0.1:{taken.getsockname()[1]}"})
        found = list(selftest.steps(asked, Settings(_env_file=None), "key", list))
    assert [(p.code, p.params["reason"]) for p in found[-1].problems] == [("KEY-033", "connection refused")]


@pytest.mark.parametrize("scheme", ["http", "kafka"])
def test_of_a_server_that_is_away_a_vendor_is_told_what_it_can_look_at(tmp_path: Path, scheme: str) -> None:
    """Not the operator's words of the same."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        kind = Kind.KAFKA if scheme == "kafka" else Kind.API
        asked = ASKED.model_copy(update={"kind": kind, "url": f"http://{address}", "brokers": address})
        settings = Settings(_env_file=None, bootstrap_servers=address)
        last = list(selftest.steps(asked, settings, "key", list))[-1]
    [problem] = last.problems
    assert problem.code == "KEY-033" and address in str(problem.messages())
    assert answers.exit_code([problem]) == answers.AWAY


def test_what_is_wrong_with_ones_own_file_is_told_at_its_step() -> None:
    def refused() -> None:
        raise ProblemList([Problem("FILE-020")])

    steps = selftest.steps(ASKED, Settings(_env_file=None), "key", refused)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(selftest, "_of_key", lambda *_: [])
        assert [[p.code for p in s.problems] for s in steps] == [[], ["FILE-020"]]


def test_the_record_that_is_tried_is_taken() -> None:
    assert connect._dry_run(ASKED, None) == []
