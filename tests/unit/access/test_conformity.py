"""What counts as shown by a vendor's product, and what does not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from access.credentials import conformity
from access.credentials.conformity import SCENARIOS, Pushed, evidence
from access.credentials.worth import Credential, Kind

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def at(minutes: int) -> datetime:
    return NOON + timedelta(minutes=minutes)


def pushed(minutes: int, outcome: str = "version", accepted: int = 5, refused: int = 0) -> Pushed:
    return Pushed(f"p{minutes}", outcome, accepted, refused, at(minutes))


FIRST = Credential(
    1,
    "smas",
    "19164101",
    Kind.KAFKA,
    False,
    "main",
    1,
    "aaaaaaaaaa",
    (),
    NOON,
    issued_at=NOON,
    ends_at=at(40),
)
SECOND = replace(FIRST, number=2, generation=2, made_at=at(40), issued_at=at(41), ends_at=None)
SHOWN = [
    pushed(1),
    pushed(2, refused=2),
    pushed(3, "unchanged"),
    pushed(4, "incomplete", accepted=0),
    pushed(20),
    pushed(50),
]


def test_all_five_are_shown_whatever_the_order_of_rows() -> None:
    expected = {"clean": "p1", "dirty": "p2", "repeat": "p3", "retry": "p20", "rotation": "p50"}
    for rows in (SHOWN, SHOWN[::-1]):
        shown = evidence(rows, [SECOND, FIRST])
        assert shown == expected and conformity.passed(shown)
    assert [row["scenario"] for row in conformity.told(expected)] == list(SCENARIOS)


@pytest.mark.parametrize(
    ("lacks", "rows", "line"),
    [
        ("clean", [pushed(1, refused=1)], []),
        ("clean", [pushed(1, accepted=0)], []),
        ("dirty", [pushed(1, "refused", accepted=0, refused=5)], []),
        ("repeat", [pushed(1), pushed(2)], []),
        ("repeat", [pushed(1), pushed(2, "unchanged", accepted=9, refused=1)], []),
        ("repeat", [pushed(2, "unchanged")], []),
        ("retry", [pushed(1), pushed(2, "incomplete")], []),
        ("retry", [pushed(1, "incomplete"), pushed(2, "refused")], []),
        ("rotation", SHOWN, [FIRST]),
        ("rotation", SHOWN, [FIRST, replace(SECOND, issued_at=None)]),
        ("rotation", SHOWN, [replace(FIRST, ends_at=at(60)), SECOND]),
        ("rotation", SHOWN, [replace(FIRST, name="other"), SECOND, replace(FIRST, ends_at=at(60))]),
    ],
)
def test_what_shows_nothing(lacks: str, rows: Any, line: Any) -> None:
    shown = evidence(rows, line)
    assert shown[lacks] == "" and not conformity.passed(shown)


def test_a_push_with_errors_that_changes_nothing_else_is_one_and_its_repeat_a_repeat() -> None:
    rows = [
        pushed(1),
        pushed(2, "unchanged", accepted=9, refused=1),
        pushed(3, "unchanged", accepted=9, refused=1),
    ]
    shown = evidence(rows, [])
    assert (shown["clean"], shown["dirty"], shown["repeat"]) == ("p1", "p2", "p3")
