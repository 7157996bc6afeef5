"""What is said of a push, step by step: cases as a table of what the database has, states out."""

from datetime import UTC, datetime, timedelta

import pytest

from readings import steps
from readings.followed import Followed
from schemas.errors import catalogue

AT = datetime(2019, 10, 1, tzinfo=UTC)
ONE = {"HocSinh": {"received": 4, "accepted": 2, "refused": 2, "written": 2}}
CHECKED = {"version": 1, "vendor": "smas", "push_id": "p", "checked_at": AT, "digest": "d", "blocking": 0}
OPEN = {"state": "checked", "version": 1, "held_version": 0, "route": ["164", "19"]}


def push(outcome="version", code="", version=1, **more):
    said = {
        "push_id": "p",
        "vendor": "smas",
        "dataset_id": "19164501.2019.start",
        "outcome": outcome,
        "code": code,
        "version": version,
        "received": 4,
        "accepted": 4,
        "refused": 0,
        "written": 4,
        "chunks": 1,
        "chunks_seen": 1,
        "opened_at": AT,
        "decided_at": AT,
        "by_type": {},
    }
    return said | {name: {} for name in steps.OF_TYPES} | more


def version(number=1, **more):
    return CHECKED | {"version": number, "warnings": 0} | more


def acts(*events):
    """(event, role, level after it) in their order."""
    return [
        {
            "event": name,
            "role": role,
            "level": level,
            "at": AT + timedelta(hours=n),
            "sequence": n + 2,
            "reason_code": "RET-01" if name == "returned" else "",
            "reason_text": "Lớp 6A thiếu ba em",
        }
        for n, (name, role, level) in enumerate(events)
    ]


def export(state="sent", sequence=9, **more):
    said = {"state": state, "code": "", "sequence": sequence, "sent_at": AT, "answered_at": AT}
    return said | {"accepted": 4, "refused": 0, "refused_by_code": {}} | more


def course(it, of=None, newest=None, hand=OPEN, done=(), exports=(), door=None):
    return steps.of(Followed(it, door, of, newest or of, hand, done, exports))


def states(told):
    return " ".join(s.state for s in told.steps)


SUBMITTED = ("submitted", "school_head", 0)
CONFIRMED = ("confirmed", "district_officer", 1)
APPROVED = ("approved", "department_officer", 1)
NOT_NEEDED = " ".join(["not_needed"] * 6)
WAITING = " ".join(["waiting"] * 5)
DOOR = {"state": "sent", "received_at": AT, "sent_at": AT}

CASES = {
    "being sent by HTTP": (
        course(push("open", chunks=None), door=DOOR | {"state": "sending"}),
        " ".join(["waiting"] * 9),
        "NEXT-022",
    ),
    "in Kafka, nothing seen": (
        course(push("open", chunks=None), door=DOOR),
        "done " + " ".join(["waiting"] * 8),
        "NEXT-002",
    ),
    "by Kafka, not closed": (
        course(push("open", chunks=None)),
        "done " + " ".join(["waiting"] * 8),
        "NEXT-001",
    ),
    "by Kafka, closed": (course(push("open")), "done " + " ".join(["waiting"] * 8), "NEXT-002"),
    "empty": (course(push("refused", "PUSH-006", 0)), f"done done refused {NOT_NEEDED}", "NEXT-003"),
    "all refused": (course(push("refused", "PUSH-007", 0)), f"done done refused {NOT_NEEDED}", "NEXT-003"),
    "not granted": (
        course(push("refused", "GRANT-001", 0)),
        f"done refused not_needed {NOT_NEEDED}",
        "NEXT-003",
    ),
    "other totals": (course(push("mismatch", "PUSH-002", 0)), f"done done refused {NOT_NEEDED}", "NEXT-004"),
    "chunks missing": (
        course(push("incomplete", "PUSH-004", 0)),
        f"done refused not_needed {NOT_NEEDED}",
        "NEXT-004",
    ),
    "overtaken": (
        course(push("superseded", "PUSH-005", 0)),
        f"done done superseded {NOT_NEEDED}",
        "NEXT-005",
    ),
    "unchecked": (
        course(push(), version(checked_at=None, digest=None)),
        f"done done done waiting {WAITING}",
        "NEXT-006",
    ),
    "version lost in a restored database": (course(push()), f"done done done waiting {WAITING}", "NEXT-006"),
    "blocking": (course(push(), version(blocking=2)), f"done done done refused {WAITING}", "NEXT-007"),
    "partly": (course(push(refused=2), version()), f"done done partly done {WAITING}", "NEXT-008"),
    "clean": (course(push(), version()), f"done done done done {WAITING}", "NEXT-009"),
    "unchanged": (
        course(push("unchanged", "PUSH-008"), version()),
        f"done done done done {WAITING}",
        "NEXT-009",
    ),
    "no campaign": (course(push(), version(), hand=None), f"done done done done {WAITING}", "NEXT-010"),
    "held": (
        course(push(version=2), version(2), hand=OPEN | {"held_version": 2, "state": "submitted"}),
        f"done done done done {WAITING}",
        "NEXT-011",
    ),
    "removal waits": (
        course(push(waiting={"HocSinh": 9}), version()),
        f"done done done done {WAITING}",
        "NEXT-021",
    ),
    "submitted": (
        course(push(), version(), done=acts(SUBMITTED)),
        "done done done done done " + "waiting " * 3 + "waiting",
        "NEXT-012",
    ),
    "confirmed at the first of two levels": (
        course(
            push(),
            version(),
            hand=OPEN | {"route": ["a", "b", "19"]},
            done=acts(SUBMITTED, CONFIRMED),
        ),
        "done done done done done waiting waiting waiting waiting",
        "NEXT-012",
    ),
    "the department alone": (
        course(push(), version(), hand=OPEN | {"route": ["19"]}, done=acts(SUBMITTED)),
        "done done done done done not_needed waiting waiting waiting",
        "NEXT-012",
    ),
    "confirmation taken back": (
        course(push(), version(), done=acts(SUBMITTED, CONFIRMED, ("unconfirmed", "district_officer", 0))),
        "done done done done done waiting waiting waiting waiting",
        "NEXT-012",
    ),
    "approval taken back": (
        course(push(), version(), done=acts(SUBMITTED, CONFIRMED, APPROVED, ("unconfirmed", "x", 1))),
        "done done done done done done waiting waiting waiting",
        "NEXT-012",
    ),
    "returned by the district": (
        course(push(), version(), done=acts(SUBMITTED, ("returned", "district_officer", 0))),
        "done done done done returned returned waiting waiting waiting",
        "NEXT-013",
    ),
    "submitted once more": (
        course(push(), version(), done=acts(SUBMITTED, ("returned", "district_officer", 0), SUBMITTED)),
        "done done done done done waiting waiting waiting waiting",
        "NEXT-012",
    ),
    "recalled": (
        course(push(), version(), done=acts(SUBMITTED, ("recalled", "school_head", 0))),
        "done done done done returned waiting waiting waiting waiting",
        "NEXT-014",
    ),
    "approved": (
        course(push(), version(), done=acts(SUBMITTED, CONFIRMED, APPROVED)),
        "done done done done done done done waiting waiting",
        "NEXT-016",
    ),
    "withheld": (
        course(
            push(), version(), done=acts(SUBMITTED, APPROVED), exports=[export("mismatch", code="EXP-001")]
        ),
        "done done done done done waiting done refused waiting",
        "NEXT-017",
    ),
    "sent": (
        course(push(), version(), done=acts(SUBMITTED, CONFIRMED, APPROVED), exports=[export()]),
        "done done done done done done done done waiting",
        "NEXT-018",
    ),
    "accepted": (
        course(push(), version(), done=acts(SUBMITTED, CONFIRMED, APPROVED), exports=[export("answered")]),
        "done done done done done done done done done",
        "NEXT-019",
    ),
    "partly accepted": (
        course(
            push(),
            version(),
            done=acts(SUBMITTED, CONFIRMED, APPROVED),
            exports=[export("answered", refused=1)],
        ),
        "done done done done done done done done partly",
        "NEXT-020",
    ),
    "submitted again after a partial answer": (
        course(
            push(),
            version(),
            exports=[export("answered", sequence=3, refused=1)],
            done=acts(SUBMITTED, APPROVED, ("returned", "department_officer", 0), SUBMITTED),
        ),
        "done done done done done waiting waiting waiting waiting",
        "NEXT-012",
    ),
    "a newer version": (
        course(push(), version(), version(2), hand=OPEN | {"version": 2}),
        f"done done done done {NOT_NEEDED[:-11]}",
        "NEXT-015",
    ),
    "a newer version waits": (
        course(push(), version(), version(2), hand=OPEN | {"state": "claimed"}, done=acts(SUBMITTED)),
        "done done done done done waiting waiting waiting waiting",
        "NEXT-012",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_every_step_says_how_it_stands_and_the_sender_what_to_do(name):
    told, expected, following = CASES[name]
    assert (states(told), told.next) == (expected, following)
    assert told.as_dict()["next"]["message_vi"] == catalogue()[following][0]


def test_a_return_says_what_for_and_by_which_level_and_never_by_whom():
    told = course(push(), version(), done=acts(SUBMITTED, ("returned", "department_officer", 0)))
    (step,) = [s.as_dict() for s in told.steps if s.step == "approved"]
    assert step == {
        "step": "approved",
        "state": "returned",
        "at": AT + timedelta(hours=1),
        "code": "RET-01",
        "by": "department_officer",
        "reason": "Lớp 6A thiếu ba em",
    }


def test_a_newer_version_names_its_push_to_the_vendor_of_it_alone():
    for vendor, named in (("smas", "p2"), ("vnedu", "")):
        told = course(push(), version(), version(2, vendor=vendor, push_id="p2"), hand=OPEN | {"version": 2})
        assert (told.newer, told.newer_push, told.over) == (2, named, True)


def test_counts_by_type_are_distinct_records_and_what_was_not_counted_is_not_zero():
    told = steps.counts(push(refused=2, by_type=ONE, absent={"LopHoc": 1}))
    assert told["HocSinh"] == {
        "received": 4,
        "accepted": 2,
        "refused": 2,
        "written": 2,
        "unchanged": 0,
        "absent": 0,
        "stayed": 0,
        "removed": 0,
        "waiting": 0,
        "removals": 0,
    }
    assert (told["LopHoc"]["received"], told["LopHoc"]["absent"]) == (0, 1)
    earlier = steps.counts(push(stayed={"HocSinh": 1}))
    assert (earlier["HocSinh"]["accepted"], earlier["HocSinh"]["stayed"]) == (None, 1)
