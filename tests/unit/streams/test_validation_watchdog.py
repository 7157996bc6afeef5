"""When a partition counts as standing still."""

import pytest

from streams.validation.faust.watchdog import Standstill

CASES = [
    ("moves", [(0, 5, 9), (10, 6, 9), (25, 7, 9)], False),
    ("stands with messages waiting", [(0, 5, 9), (10, 5, 9), (20, 5, 12)], True),
    ("stands with nothing waiting", [(0, 9, 9), (30, 9, 9)], False),
    ("a message came a moment ago", [(0, 9, 9), (30, 9, 10), (40, 9, 10)], False),
    ("never committed", [(0, None, 4), (20, None, 4)], True),
    ("moved just before", [(0, 5, 9), (19, 6, 9), (30, 6, 9)], False),
]


@pytest.mark.parametrize(("seen", "still"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_a_partition_stands_still_when_it(seen, still):
    standstill = Standstill(20)
    for now, committed, end in seen:
        offsets = {} if committed is None else {"p": committed}
        found = standstill.observe(now, offsets, {"p": 0}, {"p": end})
    assert found == (["p"] if still else [])


def test_what_retention_has_deleted_does_not_wait():
    standstill = Standstill(20)
    standstill.observe(0, {"p": 3}, {"p": 9}, {"p": 9})
    assert standstill.observe(30, {"p": 3}, {"p": 9}, {"p": 9}) == []


def test_a_partition_taken_away_is_forgotten():
    standstill = Standstill(20)
    standstill.observe(0, {"p": 3}, {"p": 0}, {"p": 9})
    standstill.observe(10, {}, {}, {})
    assert standstill.observe(25, {"p": 3}, {"p": 0}, {"p": 9}) == []
