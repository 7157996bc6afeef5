"""What a younger database knew that a copy does not, and what somebody has done again since."""

from backup import lost
from backup.lost import ACTS, CREDENTIAL, EXPORT, PUSH, Lost, Thing

ACT = Thing(ACTS, "d1", 5, "", "d1")
SENT = Thing(PUSH, "p1 d1", 1, "smas", "d1")
KEYS = [Thing(CREDENTIAL, handle, 1, "smas", "s1") for handle in ("a", "b")]


def test_a_chain_that_reaches_less_far_has_lost_its_last_acts():
    assert lost.difference([ACT, SENT], []) == [ACT, SENT]
    assert lost.difference([ACT], [Thing(ACTS, "d1", 4, "", "d1")]) == [ACT]
    assert lost.difference([ACT], [Thing(ACTS, "d1", 5, "", "d1")]) == []
    assert lost.difference([ACT], [Thing(ACTS, "d1", 7, "", "d1")]) == []
    assert lost.difference([ACT], [Thing(EXPORT, "d1", 5, "", "d1")]) == [ACT]


def test_what_an_earlier_restore_has_lost_is_told_as_well(tmp_path):
    assert lost.read(tmp_path) is None
    lost.write(tmp_path, Lost("one", "2026-01-01T00:00:00+00:00", [ACT]))
    lost.write(tmp_path, Lost("two", "2026-02-01T00:00:00+00:00", [SENT]))
    found = lost.read(tmp_path)
    assert found is not None
    assert (found.backup, found.things) == ("two", [SENT, ACT])
    lost.done(tmp_path)
    assert lost.read(tmp_path) is None
    assert len(list(tmp_path.glob("lost.*.json"))) == 1


def test_each_thing_is_told_with_what_to_do_and_keys_by_school():
    told = list(lost.problems(Lost("one", "", []), [ACT, SENT, *KEYS]))
    assert [problem.code for problem in told] == [ACTS, PUSH, CREDENTIAL]
    for problem in told:
        assert all("{" not in text for text in problem.messages())
    assert "a, b" in told[-1].messages()[0]
