"""What the units may do with a dataset, told as stories."""

from datetime import UTC, date, datetime

import pytest

from schemas import topics
from streams.confirmation.state import Window
from streams.machines.machine import CommandSource
from tests.unit.streams.confirmation_steps import CLEAN, DEPARTMENT, DISTRICT, SCHOOL, Story

REASON = {"reason_code": "DATA_WRONG", "reason_text": "Sĩ số lớp không khớp"}


@pytest.mark.parametrize("route", [(DEPARTMENT,), (DISTRICT, DEPARTMENT), ("164a", DISTRICT, DEPARTMENT)])
def test_a_dataset_goes_through_a_route_of_any_length(route):
    story = Story(route=route).forwarding()
    assert (
        story.do("record_receipts", "ministry", counts={"accepted": 10, "refused": 0}) == "receipts_recorded"
    )
    assert story.state.state == "accepted"


def test_the_ministry_may_refuse_some_records():
    story = Story().forwarding()
    story.do("record_receipts", "ministry", counts={"accepted": 9, "refused": 1})
    assert story.state.state == "partly_accepted"


def test_receipts_recorded_twice_change_nothing():
    story = Story().forwarding()
    story.do("record_receipts", "ministry", counts={"accepted": 9, "refused": 1})
    assert story.do("record_receipts", "ministry", counts={"accepted": 9, "refused": 1}) == ""


def test_a_version_checked_twice_is_known_already():
    story = Story()
    story.open()
    assert story.checked(1) == "version_checked"
    assert story.checked(1) == ""
    assert story.checked(2) == "version_checked"
    assert story.checked(1) == ""
    assert story.state.version == 2


def test_a_version_checked_before_the_campaign_waits_and_is_adopted_when_it_opens():
    story = Story()
    assert story.checked(1) == "version_held"
    assert story.state.state == "absent"
    assert story.open() == "opened version_adopted"
    assert (story.state.state, story.state.version, story.state.held_version) == ("checked", 1, 0)


@pytest.mark.parametrize("back", ["recall", "return"])
def test_a_version_checked_under_review_waits_until_the_dataset_comes_back(back):
    story = Story().submitted()
    assert story.checked(2) == "version_held"
    assert story.checked(3) == "version_held"
    assert story.state.version == 1
    if back == "recall":
        assert story.do("recall", SCHOOL) == "recalled version_adopted"
    else:
        story.do("claim", DISTRICT)
        assert story.do("return", DISTRICT, **REASON) == "returned version_adopted"
    assert (story.state.state, story.state.version) == ("checked", 3)
    adopted = story.events[-1]
    assert (adopted.unit, adopted.role, adopted.reason_text) == ("system", "system", "")


def test_a_school_cannot_submit_blocking_findings():
    story = Story()
    story.open()
    story.checked(1, blocking=2)
    assert story.do("submit", SCHOOL, reason_text="Xin gửi") == "CONF-BLOCKING"


@pytest.mark.parametrize("kind", ["warnings", "refused"])
def test_a_school_acknowledges_warnings_and_refused_records_in_words(kind):
    story = Story()
    story.open()
    story.checked(1, **{kind: 1})
    assert story.do("submit", SCHOOL) == "CONF-WARNINGS"
    assert story.do("submit", SCHOOL, reason_text="  ") == "CONF-WARNINGS"
    assert story.do("submit", SCHOOL, reason_text="Đã rà soát, số liệu đúng") == "submitted"


def test_a_school_recalls_until_the_district_claims():
    story = Story().submitted()
    assert story.do("recall", SCHOOL) == "recalled"
    assert story.do("submit", SCHOOL) == "submitted"
    story.do("claim", DISTRICT)
    assert story.do("recall", SCHOOL) == "CONF-STATE"


def test_a_district_takes_its_confirmation_back_until_the_department_claims():
    story = Story().submitted()
    story.do("claim", DISTRICT)
    story.do("confirm", DISTRICT)
    assert story.do("unconfirm", DISTRICT) == "unconfirmed"
    assert (story.state.state, story.state.turn) == ("claimed", DISTRICT)
    story.do("confirm", DISTRICT)
    story.do("claim", DEPARTMENT)
    assert story.do("unconfirm", DISTRICT) == "CONF-STATE"


def test_the_department_takes_its_approval_back_until_it_forwards():
    story = Story().approved()
    assert story.do("unconfirm", DEPARTMENT) == "unconfirmed"
    assert story.do("approve", DEPARTMENT) == "approved"
    story.do("forward", DEPARTMENT)
    assert story.do("unconfirm", DEPARTMENT) == "CONF-STATE"


def test_a_return_names_a_reason_from_the_list_and_says_it_in_words():
    story = Story().submitted()
    story.do("claim", DISTRICT)
    assert story.do("return", DISTRICT) == "CONF-REASON-CODE"
    assert story.do("return", DISTRICT, reason_code="BAD_MOOD", reason_text="x") == "CONF-REASON-CODE"
    assert story.do("return", DISTRICT, reason_code="DATA_WRONG") == "CONF-REASON-TEXT"
    assert story.do("return", DISTRICT, **REASON) == "returned"
    assert story.events[-1].reason_code == "DATA_WRONG"


def test_a_returned_dataset_is_corrected_and_begins_its_route_again():
    story = Story().approved()
    assert story.do("return", DEPARTMENT, **REASON) == "returned"
    assert story.checked(2) == "version_checked"
    assert story.do("submit", SCHOOL) == "submitted"
    assert story.do("claim", DEPARTMENT) == "CONF-TURN"
    assert story.do("claim", DISTRICT) == "claimed"


def test_the_version_that_was_returned_comes_again_only_with_an_answer():
    story = Story().submitted()
    story.do("claim", DISTRICT)
    story.do("return", DISTRICT, **REASON)
    assert story.do("submit", SCHOOL) == "CONF-REPLY"
    assert story.do("submit", SCHOOL, reason_text="Số liệu đúng, xem biên bản") == "submitted"


def test_the_ministry_may_return_a_whole_dataset():
    story = Story().forwarding()
    assert story.do("return", "ministry", reason_code="MINISTRY_REFUSED", reason_text="Sai năm") == "returned"


@pytest.mark.parametrize("unit", [DEPARTMENT, "ministry"])
def test_a_partly_accepted_dataset_may_be_returned_to_the_school(unit):
    story = Story().forwarding()
    story.do("record_receipts", "ministry", counts={"accepted": 0, "refused": 10})
    assert story.do("return", unit, **REASON) == "returned"


def test_a_district_cannot_confirm_a_version_it_has_not_seen():
    story = Story().submitted()
    seen = story.command("confirm", DISTRICT)
    story.do("recall", SCHOOL)
    story.checked(2)
    story.do("submit", SCHOOL)
    story.do("claim", DISTRICT)
    assert story.tell(seen) == "CONF-STALE"
    assert (story.refused[-1].version, story.refused[-1].digest) == (2, "digest-2")


def test_a_confirmation_of_other_content_under_the_same_number_is_refused():
    story = Story().submitted()
    story.do("claim", DISTRICT)
    assert story.do("confirm", DISTRICT, digest="digest-0") == "CONF-DIGEST"


@pytest.mark.parametrize(
    ("name", "unit", "role", "code"),
    [
        ("claim", "165", "district_officer", "CONF-UNIT"),
        ("claim", DISTRICT, "department_officer", "CONF-ROLE"),
        ("claim", DEPARTMENT, "district_officer", "CONF-ROLE"),
        ("claim", DISTRICT, "school_head", "CONF-ROLE"),
        ("claim", DEPARTMENT, "department_officer", "CONF-TURN"),
        ("confirm", DISTRICT, "district_officer", "CONF-STATE"),
        ("approve", DISTRICT, "district_officer", "CONF-ROLE"),
        ("forward", DISTRICT, "district_officer", "CONF-ROLE"),
        ("recall", "19164998", "school_head", "CONF-UNIT"),
        ("submit", SCHOOL, "school_head", "CONF-ALREADY"),
        ("open", DEPARTMENT, "department_officer", "CONF-ALREADY"),
        ("record_receipts", "ministry", "ministry_adapter", "CONF-STATE"),
        ("confirm", "ministry", "ministry_adapter", "CONF-ROLE"),
        ("version_checked", SCHOOL, "school_head", "CONF-ROLE"),
        ("adopt", "system", "system", "CONF-UNKNOWN"),
        ("destroy", DEPARTMENT, "department_officer", "CONF-UNKNOWN"),
    ],
)
def test_a_submitted_dataset_refuses(name, unit, role, code):
    story = Story().submitted()
    before = story.state
    assert story.do(name, unit, role) == code
    assert story.state == before


def test_a_district_cannot_touch_a_direct_unit():
    story = Story(route=(DEPARTMENT,)).submitted()
    assert story.do("claim", DISTRICT) == "CONF-UNIT"


def test_what_is_done_already_says_so():
    story = Story().submitted()
    story.do("claim", DISTRICT)
    assert story.do("claim", DISTRICT) == "CONF-ALREADY"
    story.do("confirm", DISTRICT)
    assert story.do("confirm", DISTRICT) == "CONF-ALREADY"
    story.do("claim", DEPARTMENT)
    story.do("approve", DEPARTMENT)
    assert story.do("approve", DEPARTMENT) == "CONF-ALREADY"
    story.do("forward", DEPARTMENT)
    assert story.do("forward", DEPARTMENT) == "CONF-ALREADY"


def test_a_confirmed_dataset_is_confirmed_by_its_next_unit_only_after_a_claim():
    story = Story(route=("164a", DISTRICT, DEPARTMENT)).submitted()
    story.do("claim", "164a")
    story.do("confirm", "164a")
    assert story.do("confirm", DISTRICT) == "CONF-STATE"
    assert story.do("claim", "164a") == "CONF-TURN"


def test_nothing_but_a_version_may_be_said_of_a_dataset_that_is_not_open():
    story = Story()
    assert story.do("submit", SCHOOL) == "CONF-ABSENT"
    assert story.do("claim", DISTRICT) == "CONF-ABSENT"
    assert story.do("record_receipts", "ministry", counts={}) == "CONF-ABSENT"


@pytest.mark.parametrize("route", [(), (DISTRICT,), (DEPARTMENT, DEPARTMENT)])
def test_a_route_ends_with_the_unit_that_opens_and_names_each_unit_once(route):
    assert Story(route=route).open() == "CONF-ROUTE"


def test_a_dataset_id_agrees_with_its_school_year_and_period():
    story = Story()
    assert story.do("version_checked", version=1, counts=CLEAN, nam_hoc=2020) == "CONF-DATASET"


def test_the_bytes_of_a_confirmation_confirm_once_also_after_it_was_taken_back():
    story = Story().submitted()
    story.do("claim", DISTRICT)
    sent = story.command("confirm", DISTRICT)
    assert story.tell(sent) == "confirmed"
    assert story.tell(sent) == "CONF-ALREADY"
    story.do("unconfirm", DISTRICT)
    assert story.tell(sent) == "CONF-SEQUENCE"
    assert story.state.state == "claimed"


def test_the_bytes_of_a_confirmation_confirm_once_also_after_a_return():
    story = Story().submitted()
    claimed = story.command("claim", DISTRICT)
    story.tell(claimed)
    sent = story.command("confirm", DISTRICT)
    story.tell(sent)
    story.do("claim", DEPARTMENT)
    story.do("return", DEPARTMENT, **REASON)
    story.do("submit", SCHOOL, reason_text="Số liệu đúng")  # the same version, the same digest
    assert story.tell(claimed) == "CONF-SEQUENCE"
    story.do("claim", DISTRICT)
    assert story.tell(sent) == "CONF-SEQUENCE"


@pytest.mark.parametrize("act", ["submit", "recall", "claim", "return", "lock"])
def test_an_act_that_names_no_sequence_is_refused(act):
    story = Story().submitted()
    unit = {"submit": SCHOOL, "recall": SCHOOL, "lock": DEPARTMENT}.get(act, DISTRICT)
    if act == "submit":
        story.do("recall", SCHOOL)
    if act == "return":
        story.do("claim", DISTRICT)
    assert story.do(act, unit, sequence=-1, **REASON) == "CONF-SEQUENCE"
    assert story.refused[-1].sequence == story.state.sequence


def test_the_last_receipt_of_the_first_export_never_closes_the_second():
    story = Story().forwarding()
    late = story.command("record_receipts", "ministry", counts={"accepted": 10, "refused": 0})
    story.do("return", "ministry", reason_code="MINISTRY_REFUSED", reason_text="Sai năm")
    assert story.tell(late) == "CONF-STATE"
    story.do("submit", SCHOOL, reason_text="Đã sửa năm")
    for unit, act in ((DISTRICT, "claim"), (DISTRICT, "confirm"), (DEPARTMENT, "claim")):
        story.do(act, unit)
    story.do("approve", DEPARTMENT)
    story.do("forward", DEPARTMENT)
    assert story.tell(late) == "CONF-EXPORT"
    assert story.do("return", "ministry", sequence=late.sequence, **REASON) == "CONF-EXPORT"
    counts = {"accepted": 10, "refused": 0}
    assert story.do("record_receipts", "ministry", counts=counts, export_id="") == "CONF-EXPORT"
    assert story.do("record_receipts", "ministry", counts=counts) == "receipts_recorded"
    assert story.events[-1].export_id == "an export"
    assert story.tell(late) == "CONF-EXPORT"


@pytest.mark.parametrize("version", [2**31 - 1, 3])
def test_a_version_that_nobody_has_made_cannot_shut_a_dataset(version):
    story = Story()
    story.open()
    story.checked(1)
    assert story.checked(version) == "CONF-JUMP"
    assert story.checked(2) == "version_checked"


def test_a_known_version_with_another_digest_is_refused_aloud():
    story = Story().submitted()
    assert story.checked(2) == "version_held"
    for known in (1, 2):
        assert story.checked(known) == ""
        assert story.do("version_checked", version=known, digest="another", counts=CLEAN) == "CONF-DIGEST"


@pytest.mark.parametrize(
    ("name", "unit", "role", "topic"),
    [
        ("version_checked", "system", "system", topics.CONFIRMATION_COMMANDS),
        ("record_receipts", "ministry", "ministry_adapter", topics.CONFIRMATION_COMMANDS),
        ("record_receipts", "ministry", "ministry_adapter", topics.CONFIRMATION_CHECKS),
        ("claim", DISTRICT, "district_officer", topics.CONFIRMATION_CHECKS),
        ("claim", DISTRICT, "nobody", topics.CONFIRMATION_RECEIPTS),
    ],
)
def test_a_role_on_another_classs_topic_is_refused(name, unit, role, topic):
    story = Story().submitted()
    source = CommandSource(topic, 99, datetime(2020, 3, 2, tzinfo=UTC))
    command = story.command(name, unit, role, version=2, counts=CLEAN)
    assert story.tell(command, source) == "CONF-WRITER"
    assert (story.refused[-1].command_topic, story.refused[-1].command_offset) == (topic, 99)


def test_a_senders_clock_dates_nothing():
    story = Story()
    taken = datetime(2020, 3, 5, 7, 30, tzinfo=UTC)
    sent = story.command("open", DEPARTMENT, route=story.route, issued_at=datetime(2001, 1, 1, tzinfo=UTC))
    story.tell(sent, CommandSource(topics.CONFIRMATION_COMMANDS, 7, taken))
    event = story.events[-1]
    assert (event.at, event.command_topic, event.command_offset) == (taken, topics.CONFIRMATION_COMMANDS, 7)
    late = story.command("claim", DISTRICT, issued_at=datetime(2099, 1, 1, tzinfo=UTC))
    story.tell(late, CommandSource(topics.CONFIRMATION_COMMANDS, 8, taken))
    assert story.refused[-1].at == taken


def test_a_locked_dataset_stands_still_for_all_but_the_department():
    story = Story().submitted()
    assert story.do("lock", DISTRICT, "district_officer") == "CONF-ROLE"
    assert story.do("lock", DEPARTMENT) == "CONF-REASON-TEXT"
    assert story.do("lock", DEPARTMENT, reason_text="Thanh tra") == "locked"
    assert story.do("lock", DEPARTMENT, reason_text="Thanh tra") == "CONF-ALREADY"
    assert story.do("recall", SCHOOL) == "CONF-LOCKED"
    assert story.do("claim", DISTRICT) == "CONF-LOCKED"
    assert story.checked(2) == "version_held"
    assert story.do("unlock", DEPARTMENT, reason_text="Xong") == "unlocked"
    assert story.do("unlock", DEPARTMENT, reason_text="Xong") == "CONF-ALREADY"
    assert story.do("claim", DISTRICT) == "claimed"
    assert (story.state.state, story.state.locked) == ("claimed", False)


def test_the_department_goes_on_with_a_dataset_that_it_has_locked():
    story = Story(route=(DEPARTMENT,)).submitted()
    story.do("lock", DEPARTMENT, reason_text="Thanh tra")
    assert story.do("claim", DEPARTMENT) == "claimed"


IN_MARCH = Window(date(2020, 3, 2), date(2020, 3, 10))


def at(day: int, hour: int = 0) -> CommandSource:
    return CommandSource(topics.CONFIRMATION_COMMANDS, 500, datetime(2020, 3, day, hour, tzinfo=UTC))


@pytest.mark.parametrize(
    ("taken", "outcome"),
    [
        (at(1, 16), "CONF-WINDOW"),
        (at(1, 17), "submitted"),  # midnight in Vietnam
        (at(10, 16), "submitted"),
        (at(10, 17), "CONF-WINDOW"),
    ],
)
def test_a_school_submits_in_its_window_by_vietnams_days(taken, outcome):
    story = Story()
    story.open(window=IN_MARCH)
    story.checked(1)
    assert story.tell(story.command("submit", SCHOOL), taken) == outcome


def test_a_late_school_is_admitted_by_the_department_alone():
    story = Story()
    story.open(window=IN_MARCH)
    story.checked(1)
    assert story.tell(story.command("submit", SCHOOL), at(12)) == "CONF-WINDOW"
    assert story.do("admit_late", DEPARTMENT) == "CONF-REASON-TEXT"
    earlier = Window(closes=date(2020, 3, 9))
    assert story.do("admit_late", DEPARTMENT, window=earlier, reason_text="Bão") == "CONF-LATER"
    later = Window(closes=date(2020, 3, 11))
    assert story.do("admit_late", DEPARTMENT, window=later, reason_text="Bão") == "late_admitted"
    assert story.state.window == Window(date(2020, 3, 2), date(2020, 3, 11))
    assert story.tell(story.command("submit", SCHOOL), at(12)) == "CONF-WINDOW"
    assert story.do("admit_late", DEPARTMENT, reason_text="Bão") == "late_admitted"
    assert (story.state.late, story.state.state) == (True, "checked")
    assert story.do("admit_late", DEPARTMENT, reason_text="Bão") == "CONF-ALREADY"
    assert story.tell(story.command("submit", SCHOOL), at(12)) == "submitted"


def test_a_window_opens_before_it_closes():
    assert Story().open(window=Window(date(2020, 3, 2), date(2020, 3, 1))) == "CONF-DAYS"
