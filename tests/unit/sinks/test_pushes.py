"""What follows from what is known of a push: cases as a table of messages in, outcome out."""

from datetime import UTC, datetime, timedelta

import pytest

from schemas.left_to_do import left_to_do
from sinks.provincial.load import pushes, together
from sinks.provincial.load.pushes import Arrived, Closed, Delivery, Progress, Push, PushKey

MORNING = datetime(2019, 9, 16, 8, tzinfo=UTC)


def closed(chunks, removals=None, fault="", **totals):
    senders = MORNING + timedelta(hours=23)
    return Closed(senders, senders, chunks, totals, removals or {}, fault=fault)


def came(accepted, removals=None, removals_accepted=0, **records):
    return Arrived(records, dict.fromkeys(records, accepted), removals or {}, removals_accepted)


def push(*messages, dataset="19164501.2019.start", push_id="p"):
    """A push to which these came: a number is a chunk, a Closed the closing."""
    it = Push(PushKey("smas", push_id, dataset), "1", MORNING, MORNING)
    for offset, message in enumerate(messages):
        if isinstance(message, Closed):
            pushes.closing_arrives(it, message, offset)
        else:
            pushes.chunk_arrives(it, message, offset)
    return it


TWO = closed(2, HocSinh=5)


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ([], Progress.WAITING),
        ([0, 1], Progress.WAITING),
        ([TWO], Progress.WAITING),
        ([0, TWO], Progress.WAITING),
        ([0, 1, TWO], Progress.COMPLETE),
        ([1, TWO, 0], Progress.COMPLETE),
        ([TWO, 1, 0], Progress.COMPLETE),
        ([0, 0, TWO, 0], Progress.WAITING),
        ([0, 0, TWO, 1, TWO], Progress.COMPLETE),
        ([0, 1, 2, TWO], Progress.MISCOUNTED),
        ([TWO, 5], Progress.MISCOUNTED),
        ([-1, TWO], Progress.MISCOUNTED),
        ([closed(0)], Progress.COMPLETE),
        ([0, closed(0)], Progress.MISCOUNTED),
        ([0, closed(1, HocSinh=3), TWO], Progress.COMPLETE),
    ],
)
def test_complete_when_closed_and_every_chunk_is_there_in_whatever_order(messages, expected):
    assert pushes.progress(push(*messages)) is expected


def test_the_first_verdict_of_a_chunk_counts_and_a_repeat_is_known_as_one():
    it = push()
    assert pushes.chunk_arrives(it, 0, 7) is Delivery.FIRST
    assert pushes.chunk_arrives(it, 0, 8) is Delivery.REPEATED
    assert pushes.closing_arrives(it, TWO, 9) is Delivery.FIRST
    assert pushes.closing_arrives(it, closed(7), 10) is Delivery.REPEATED
    assert it.closed == TWO


BOTH = closed(2, {"HocSinh": 1}, HocSinh=5)
LONE = closed(1, {"HocSinh": 1})
FAULTY = closed(2, fault="VAL-001", HocSinh=5)


@pytest.mark.parametrize(
    ("messages", "arrived", "newest_hour", "expected"),
    [
        ([0, 1, TWO], came(5, HocSinh=5), None, (None, "")),
        ([0, 1, TWO], came(3, HocSinh=5), None, (None, "")),
        ([0, 1, TWO], Arrived({"HocSinh": 5, "LopHoc": 0}, {"HocSinh": 5}), None, (None, "")),
        ([0, 1, TWO], came(4, HocSinh=4), None, ("mismatch", "PUSH-002")),
        ([0, 1, TWO], came(1, HocSinh=5, LopHoc=1), None, ("mismatch", "PUSH-002")),
        ([0, 1, 2, TWO], came(5, HocSinh=5), None, ("mismatch", "PUSH-001")),
        ([0, 1, TWO], came(0, HocSinh=5), None, ("refused", "PUSH-007")),
        ([closed(0)], came(0), None, ("refused", "PUSH-006")),
        ([0, 1, TWO], came(5, HocSinh=5), -1, (None, "")),
        ([0, 1, TWO], came(5, HocSinh=5), 0, (None, "")),
        ([0, 1, TWO], came(5, HocSinh=5), 1, ("superseded", "PUSH-005")),
        ([0, 1, TWO], came(4, HocSinh=4), 1, ("mismatch", "PUSH-002")),
        ([0, 1, BOTH], came(5, {"HocSinh": 1}, 1, HocSinh=5), None, (None, "")),
        ([0, 1, BOTH], came(5, HocSinh=5), None, ("mismatch", "PUSH-002")),
        ([0, 1, TWO], came(5, {"HocSinh": 1}, 1, HocSinh=5), None, ("mismatch", "PUSH-002")),
        ([0, LONE], came(0, {"HocSinh": 1}, 1), None, (None, "")),
        ([0, LONE], came(0, {"HocSinh": 1}, 0), None, ("refused", "PUSH-007")),
        ([0, 1, FAULTY], came(5, HocSinh=5), None, ("refused", "VAL-001")),
        ([0, 1, 2, FAULTY], came(5, HocSinh=5), 1, ("refused", "VAL-001")),
    ],
)
def test_which_pushes_are_applied(messages, arrived, newest_hour, expected):
    it = push(*messages)
    newest = None if newest_hour is None else MORNING + timedelta(hours=newest_hour)
    to_apply = pushes.decide_outcome(it, arrived, newest)
    assert (it.outcome, it.code) == expected
    assert to_apply is (expected[0] is None)


@pytest.mark.parametrize(
    ("accepted", "did", "expected"),
    [
        (5, {"written": 5}, ("version", "", 4, 0)),
        (5, {"written": 1}, ("version", "", 4, 0)),
        (5, {}, ("unchanged", "PUSH-008", 3, 0)),
        (2, {"written": 2}, ("version", "", 4, 3)),
        (5, {"removed": {"HocSinh": 1}}, ("version", "", 4, 0)),
        (4, {}, ("unchanged", "PUSH-010", 3, 1)),
        (5, {"absent": {"HocSinh": 1}}, ("unchanged", "PUSH-011", 3, 0)),
        (5, {"waiting": {"HocSinh": 9}}, ("unchanged", "PUSH-012", 3, 0)),
        (0, {}, ("refused", "PUSH-007", 0, 5)),
    ],
)
def test_a_new_version_only_if_a_row_changed_and_nothing_is_left_to_do_only_if_so(accepted, did, expected):
    it = push(0, 1, TWO)
    pushes.decide_outcome(it, came(5, HocSinh=5), None)
    written = did.pop("written", 0)
    for name, value in did.items():
        setattr(it, name, value)
    pushes.applied(it, 3, {"HocSinh": accepted}, {"HocSinh": written})
    assert (it.outcome, it.code, it.version, it.refused) == expected


def test_what_a_push_leaves_to_do_is_said_one_thing_after_another():
    one = {"HocSinh": 1}
    everything = ["PUSH-010", "PUSH-011", "PUSH-012", "PUSH-013"]
    assert left_to_do(2, one, {"HocSinh": 3}, one, one) == everything
    assert left_to_do(0, {}, one, one, {}) == []


def test_a_push_whose_closing_was_wrong_is_refused_though_chunks_are_missing():
    it = push(0, FAULTY)
    pushes.expire(it)
    assert (it.outcome, it.code) == ("refused", "VAL-001")


@pytest.mark.parametrize(("messages", "code"), [([0], "PUSH-003"), ([0, TWO], "PUSH-004")])
def test_too_long_open_is_incomplete_and_says_what_is_missing(messages, code):
    it = push(*messages)
    pushes.expire(it)
    assert (it.outcome, it.code) == ("incomplete", code)


def test_what_is_sent_after_the_end_is_late_and_changes_nothing():
    it = push(0)
    pushes.expire(it)
    assert pushes.chunk_arrives(it, 1, 1) is Delivery.LATE
    assert pushes.closing_arrives(it, TWO, 2) is Delivery.LATE
    assert (it.outcome, it.late, it.closed) == ("incomplete", 2, None)


def test_what_validation_passes_on_twice_is_not_sent_again():
    """After a crash of validation: the vendor, who sent once, must not hear that it sent twice."""
    it = push(0, 1, TWO)
    pushes.decide_outcome(it, came(0, HocSinh=5), None)
    assert pushes.chunk_arrives(it, 1, 1) is Delivery.REPEATED
    assert pushes.closing_arrives(it, TWO, 2) is Delivery.REPEATED
    assert it.late == 0
    assert pushes.closing_arrives(it, TWO, 3) is Delivery.LATE
    assert pushes.closing_arrives(it, TWO, 3) is Delivery.REPEATED
    assert it.late == 1


def test_an_outcome_is_given_once():
    it = push(0)
    pushes.expire(it)
    with pytest.raises(ValueError):
        it.decide("version")


def test_pushes_of_one_dataset_are_applied_one_after_the_other():
    a, b, c, d = (push(dataset=name, push_id=str(i)) for i, name in enumerate(["x", "y", "x", "x"]))
    assert together.rounds([a, b, c, d]) == [[a, b], [c], [d]]


def test_counts_of_the_types_are_of_distinct_records_and_their_sums_are_the_pushes():
    it = push(0, 1, 2, closed(3, HocSinh=4, LopHoc=2, TruongHoc=1))
    pushes.decide_outcome(
        it, Arrived({"HocSinh": 4, "LopHoc": 2, "TruongHoc": 1}, {"HocSinh": 2, "LopHoc": 2}), None
    )
    assert (it.received, it.accepted, it.refused, it.written) == (7, 0, 3, 0)
    pushes.applied(it, 0, {"HocSinh": 2, "LopHoc": 1}, {"HocSinh": 1})
    assert it.by_type == {
        "HocSinh": {"received": 4, "accepted": 2, "refused": 2, "written": 1},
        "LopHoc": {"received": 2, "accepted": 1, "refused": 1, "written": 0},
        "TruongHoc": {"received": 1, "accepted": 0, "refused": 1, "written": 0},
    }
    assert (it.received, it.accepted, it.refused, it.written) == (7, 3, 4, 1)
