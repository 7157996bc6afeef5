"""Where a reader stands and what lies in its log: agreed, or one code that says what is wrong."""

from types import SimpleNamespace

import pytest
from kafka import TopicPartition

from runtime import positions
from runtime.positions import Log, Mark, Position, disagreement
from schemas.errors import message

TP = TopicPartition("csdl.records.accepted.v1", 3)
LAST = Mark(9, 1_580_000_000_000)
OTHER = Mark(9, 1_590_000_000_000)

CASES = [
    ("nothing was ever written", Position(), Log(0, 0), None, ""),
    ("nothing was read yet", Position(), Log(0, 7), None, ""),
    ("all was read", Position(10, LAST), Log(0, 10), LAST, ""),
    ("some waits", Position(10, LAST), Log(0, 12), LAST, ""),
    ("what was read is deleted", Position(10, LAST), Log(10, 12), None, ""),
    ("an earlier release kept no mark", Position(10), Log(0, 12), None, ""),
    ("the mark of a transaction lies behind", Position(10, Mark(8, 5)), Log(0, 10), Mark(8, 5), ""),
    ("unread messages are deleted", Position(10, LAST), Log(11, 12), None, "POS-002"),
    ("a new reader comes too late", Position(), Log(4, 12), None, "POS-002"),
    ("all of it is deleted unread", Position(10, LAST), Log(12, 12), None, "POS-002"),
    ("the log ends before", Position(10, LAST), Log(0, 9), None, "POS-003"),
    ("the log is empty", Position(10, LAST), Log(0, 0), None, "POS-003"),
    ("an older copy has grown past it", Position(10, LAST), Log(0, 20), OTHER, "POS-004"),
    ("nothing lies there", Position(10, LAST), Log(0, 20), None, "POS-004"),
    ("something else comes first there", Position(10, LAST), Log(0, 20), Mark(11, 5), "POS-004"),
]


@pytest.mark.parametrize(
    ("position", "log", "found", "code"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_position_and_log(position, log, found, code):
    problem = disagreement("load", TP, position, log, found)
    assert (problem.code if problem else "") == code
    if problem:
        assert all("load" in text and TP.topic in text for text in problem.messages())


def test_a_position_that_is_gone_names_its_log():
    problem = positions.none_kept("csdl.confirmation", TP, Log(2, 9))
    assert problem.code == "POS-001"
    assert all("csdl positions accept csdl.confirmation" in text for text in problem.messages())


@pytest.mark.parametrize("code", ["POS-001", "POS-002", "POS-003", "POS-004"])
def test_each_code_names_the_way_out(code):
    params = dict.fromkeys(["reader", "topic", "partition", "next", "begin", "end", "count", "offset"], "X")
    assert all("csdl positions accept X X X --to" in text for text in message(code, **params))


@pytest.mark.parametrize("position", [Position(), Position(10), Position(10, LAST)])
def test_a_position_among_states_comes_back_and_the_last_counts(position):
    def written(value):
        return SimpleNamespace(key=positions.key(TP.topic), value=positions.encode("csdl.grants", TP, value))

    state = SimpleNamespace(key=b"smas/19167377", value=b"no position")
    assert positions.decode([written(Position(99)), state, written(position)]) == {TP: position}
    assert not positions.is_key(state.key)
