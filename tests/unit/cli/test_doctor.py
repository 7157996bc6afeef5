"""`csdl doctor`: its exit codes, and that a server that is away is said once."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cli.main import main
from deploy.local import stack
from doctor import table
from doctor.section import Finding, Section
from schemas.errors import Problem

FINE = Section("one", lambda _: [])
SINCE = datetime(2026, 11, 25, 8, 30, tzinfo=UTC)
WRONG = Section("two", lambda _: [Finding(Problem("TOPIC-004", params={"topic": "t"}), SINCE)])


def examined() -> tuple[int, list[dict[str, Any]]]:
    result = CliRunner().invoke(main, ["doctor", "--json"])
    assert result.stderr == ""
    return result.exit_code, json.loads(result.stdout)["checks"]


def test_a_server_that_is_away_is_said_once_with_exit_3(folder: Path) -> None:
    code, lines = examined()
    assert code == 3
    said = {line["name"]: (line["ok"], line["code"]) for line in lines}
    assert said["settings"] == (True, "")
    assert said["kafka"] == (False, "SYS-001") and said["postgres"] == (False, "SYS-002")
    assert {code for ok, code in said.values() if ok is None} == {""}
    assert said["topics"] == said["clock"] == (None, "")


def test_something_that_needs_a_hand_is_exit_1(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "SECTIONS", (FINE, WRONG, Section("three", lambda _: [], ("two",))))
    code, lines = examined()
    assert (code, [(line["name"], line["ok"]) for line in lines]) == (
        1,
        [("one", True), ("two", False), ("three", None)],
    )
    assert lines[1]["code"] == "TOPIC-004" and lines[1]["message_vi"] and lines[1]["message_en"]
    assert lines[1]["since"] == "2026-11-25T08:30:00+00:00"
    text = CliRunner().invoke(main, ["doctor"]).stdout.splitlines()
    assert [line.split()[0] for line in text] == ["one", "two", "two", "three"]
    assert "2026-11-25 08:30" in text[1] and "2026-11-25 08:30" in text[2]


def test_nothing_wrong_is_exit_0(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "SECTIONS", (FINE,))
    assert examined() == (
        0,
        [{"name": "one", "ok": True, "code": "", "since": None, "message_vi": "", "message_en": ""}],
    )


@pytest.mark.parametrize(("sections", "code"), [((FINE,), 0), ((FINE, WRONG), 1)])
def test_a_stack_that_came_up_is_examined(
    sections: tuple[Section, ...], code: int, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stack, "up", lambda *_, **__: None)
    monkeypatch.setattr(stack, "status", lambda _: [])
    monkeypatch.setattr(table, "SECTIONS", sections)
    result = CliRunner().invoke(main, ["up", "--json"])
    assert (result.exit_code, json.loads(result.stdout)) == (code, [])
    assert result.stderr.count("TOPIC-004") == 2 * code, "a line a language"


def test_each_section_needs_what_comes_before_it() -> None:
    seen: set[str] = set()
    for section in table.SECTIONS:
        assert seen.issuperset(section.needs)
        seen.add(section.name)
    assert len(seen) == len(table.SECTIONS)
