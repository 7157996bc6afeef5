"""What a grant lets a vendor push: every reason why not has a code of its own."""

import dataclasses
from datetime import date

import pytest

from schemas.encoding import codec
from schemas.errors import catalogue
from schemas.topics import GRANTS_SYSTEM, in_topic
from streams.grants import pushing
from streams.grants.machine import MACHINE
from streams.machines import wire
from streams.machines.wire import replace
from streams.validation.batch_judge import BatchJudge, Message
from streams.validation.in_flight import InFlight, RecordPosition
from streams.validation.verdict.input_messages import InputMessage
from tests.unit.streams.grant_steps import CONTRACT, DEPARTMENT, SCHOOL, VENDOR, Story
from tests.unit.streams.validation_chunks import SCHOOL as PUSHED
from tests.unit.streams.validation_chunks import closed, no_rules, rules_in_force

DAY = date(2020, 3, 10)


def given(what: str, about: str = SCHOOL) -> Story:
    """A grant that has come so far, or has ended so."""
    story = Story(about=about)
    match what:
        case "suspended":
            if about == SCHOOL:
                story.until("in_use")
            story.do("suspend", DEPARTMENT, reason_text="Sự cố")
        case "revoked":
            story.until("in_use").do("revoke", DEPARTMENT)
        case "allowed":
            story.do("allow", DEPARTMENT)
        case "none":
            pass
        case _:
            story.until(what)
    return story


BEFORE = ("requested", "checked", "batched", "approved", "issued")
CASES = [
    ("none", "VAL-001"),
    *((standing, "GRT-001") for standing in BEFORE),
    ("handed_over", ""),
    ("in_use", ""),
    ("allowed", ""),
    ("suspended", "GRT-002"),
    ("revoked", "GRT-006"),
]


@pytest.mark.parametrize(("what", "code"), CASES)
def test_no_push_works_before_it_is_handed_over_or_after_its_end(what, code):
    assert pushing.fault(given(what).state, None, None, DAY, "HocSinh", "start") == code


def test_only_the_granted_types_and_periods_are_pushed():
    grant = given("in_use").state
    asked = [("HocSinh", "start"), ("CanBo", "start"), ("HocSinh", "end"), ("", "start"), ("CanBo", "")]
    assert [pushing.fault(grant, None, None, DAY, *a) for a in asked] == [
        "",
        "GRT-007",
        "GRT-008",
        "",
        "GRT-007",
    ]
    landed = given("allowed").state
    assert {pushing.fault(landed, None, None, DAY, *a) for a in asked} == {""}


def test_what_is_suspended_above_stops_all_below_and_gives_it_back():
    grant = given("in_use").state
    vendor, version = given("suspended", "*"), given("suspended", "*@5.2")
    assert pushing.fault(grant, vendor.state, version.state, DAY) == "GRT-003"
    assert pushing.fault(grant, None, version.state, DAY) == "GRT-004"
    assert pushing.fault(given("allowed").state, vendor.state, None, DAY) == "GRT-003"
    vendor.do("resume", DEPARTMENT, reason_text="Đã xử lý")
    assert pushing.fault(grant, vendor.state, None, DAY) == ""


def test_days_are_asked_at_each_push_and_the_last_one_counts():
    grant = replace(given("in_use").state, valid_until=date(2020, 6, 30))
    assert [pushing.fault(grant, None, None, date(2020, 6 + n, 30 * (1 - n) + n)) for n in (0, 1)] == [
        "",
        "GRT-005",
    ]
    assert CONTRACT.ends == date(2020, 12, 31)
    grant = given("in_use").state
    days = (date(2020, 12, 31), date(2021, 1, 1))
    assert [pushing.fault(grant, None, None, day) for day in days] == ["", "GRT-009"]


def test_every_reason_is_told_in_both_languages():
    assert all(all(catalogue()[code]) for code in pushing.CODES)


def test_the_first_push_is_told_to_the_grants_machine_and_a_refused_one_is_not(tmp_path):
    message = InputMessage(closed(), in_topic(VENDOR), date(2019, 9, 5))
    place = RecordPosition(message.topic, 0, 7)

    def told(**law):
        judge = BatchJudge(lambda: replace_law(**law), InFlight(tmp_path), lambda: None)
        work = judge.work([Message(place, b"", message, 1)], hold=False)
        return [o for o in work.outputs if o.topic == GRANTS_SYSTEM]

    def replace_law(**law):
        return dataclasses.replace(no_rules(rules_in_force()), **law)

    first, again = told(awaits_first_push=lambda *_: True), told(awaits_first_push=lambda *_: True)
    assert first == again and len(first) == 1
    name, record = codec.decode(first[0].value)
    command = wire.from_record(MACHINE.command, record)
    assert (name, command.command, command.vendor, command.ma_truong_hoc, first[0].key) == (
        "GrantCommand", "use", VENDOR, PUSHED, PUSHED.encode(),
    )  # fmt: skip
    assert told() == []
    assert told(awaits_first_push=lambda *_: True, grant_fault=lambda *_: "GRT-002") == []
