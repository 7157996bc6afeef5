"""A message that ends the process again and again is put aside; one that only stood beside it is not."""

import os

import pytest

from streams.validation.in_flight import LIMIT, InFlight, RecordPosition

POISON, BESIDE = RecordPosition("csdl.in.smas.v1", 0, 7), RecordPosition("csdl.in.smas.v1", 1, 9)


@pytest.fixture
def life(tmp_path):
    """Start a life of the process: the last one's lock has gone with it."""
    open_files: list[int] = []

    def start():
        while open_files:
            os.close(open_files.pop())
        hand = InFlight(tmp_path)
        open_files.append(hand._file)
        return hand

    return start


def crash(hand, *places):
    with pytest.raises(RuntimeError), hand.holding(places):
        raise RuntimeError("as if the process had ended")


def test_nothing_is_suspect_after_work_that_was_done(life):
    with life().holding([POISON, BESIDE]):
        pass
    assert not life().suspects([POISON, BESIDE])


def test_after_a_crash_all_that_was_in_hand_is_suspect(life):
    crash(life(), POISON, BESIDE)
    hand = life()
    assert hand.suspects([BESIDE]) and hand.suspects([POISON])
    assert not hand.is_poison(POISON)


def test_after_the_last_crash_only_the_one_in_hand_is_poison(life):
    crash(life(), POISON, BESIDE)
    for _ in range(LIMIT - 1):
        crash(life(), POISON)
    hand = life()
    assert hand.is_poison(POISON)
    assert not hand.is_poison(BESIDE)


def test_a_suspect_that_got_its_verdict_is_forgotten(life):
    crash(life(), POISON, BESIDE)
    hand = life()
    with hand.holding([BESIDE]):
        pass
    hand.acquit([BESIDE])
    with hand.holding([]):
        pass
    assert not life().suspects([BESIDE])


def test_two_processes_have_a_file_each(tmp_path):
    one, two = InFlight(tmp_path), InFlight(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in-hand-0", "in-hand-1"]
    assert one._file != two._file
