"""`csdl doctor`: its exit codes, and that a server that is away is said once."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cli import doctor
from cli.doctor import Check
from cli.main import main
from schemas.errors import Problem

FINE = Check("one", "", lambda _: [])
WRONG = Check("two", "", lambda _: [Problem("TOPIC-004", params={"topic": "t"})])


def examined() -> tuple[int, list[dict[str, Any]]]:
    result = CliRunner().invoke(main, ["doctor", "--json"])
    assert result.stderr == ""
    return result.exit_code, json.loads(result.stdout)["checks"]


def test_a_server_that_is_away_is_said_once_with_exit_3(folder: Path) -> None:
    code, lines = examined()
    assert code == 3
    said = {line["name"]: (line["ok"], line["code"]) for line in lines}
    assert said["register"] == (True, "")
    assert said["kafka"] == (False, "SYS-001") and said["postgres"] == (False, "SYS-002")
    assert {code for ok, code in said.values() if ok is None} == {""}
    assert said["topics"] == said["clock"] == (None, "")


def test_something_that_needs_a_hand_is_exit_1(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "CHECKS", (FINE, WRONG, Check("three", "two", lambda _: [])))
    code, lines = examined()
    assert (code, [(line["name"], line["ok"]) for line in lines]) == (
        1,
        [("one", True), ("two", False), ("three", None)],
    )
    assert lines[1]["code"] == "TOPIC-004" and lines[1]["message_vi"] and lines[1]["message_en"]
    text = CliRunner().invoke(main, ["doctor"]).stdout.splitlines()
    assert [line.split()[0] for line in text] == ["one", "two", "two", "three"]


def test_nothing_wrong_is_exit_0(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "CHECKS", (FINE,))
    assert examined() == (0, [{"name": "one", "ok": True, "code": "", "message_vi": "", "message_en": ""}])


def test_each_check_needs_one_that_comes_before_it() -> None:
    seen = {""}
    for check in doctor.CHECKS:
        assert check.needs in seen
        seen.add(check.name)
    assert len(seen) == len(doctor.CHECKS) + 1
