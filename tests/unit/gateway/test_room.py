"""How many bodies are taken at once, and how much of them is held."""

from contextlib import ExitStack

import pytest

from producers.gateway import room
from producers.gateway.room import Room
from schemas.errors import ProblemList


def refusal(taken: Room, number: int, vendor: str) -> str:
    try:
        with taken.one(number, vendor):
            return ""
    except ProblemList as refused:
        return refused.problems[0].code


def test_a_key_a_vendor_and_all_have_their_number(monkeypatch: pytest.MonkeyPatch):
    for name, most in (("OF_A_KEY", 2), ("OF_A_VENDOR", 3), ("OF_ALL", 4)):
        monkeypatch.setattr(room, name, most)
    taken = Room()
    with ExitStack() as held:
        for _ in range(2):
            held.enter_context(taken.one(1, "smas"))
        assert refusal(taken, 1, "smas") == "GATE-010"
        held.enter_context(taken.one(2, "smas"))
        assert refusal(taken, 3, "smas") == "GATE-010"
        held.enter_context(taken.one(4, "vnedu"))
        assert refusal(taken, 5, "vnedu") == "GATE-011"
    assert refusal(taken, 1, "smas") == "" == refusal(taken, 5, "vnedu")


def test_what_is_held_is_let_go_of_with_its_request(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(room, "BYTES", 10)
    taken = Room()
    with taken.one(1, "smas") as first, taken.one(2, "smas") as second:
        first.more(8)
        with pytest.raises(ProblemList, match="GATE-011"):
            second.more(3)
        second.more(2)
    with taken.one(1, "smas") as third:
        third.more(10)
