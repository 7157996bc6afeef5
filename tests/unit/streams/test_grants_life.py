"""The life of a grant: from the school's request to the vendor's push, and every end that it may have."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest

from schemas.contracts import versions
from schemas.errors import catalogue
from streams.grants import clerk
from streams.grants.conditions import GUARDS, REFUSALS
from streams.grants.machine import MACHINE
from streams.grants.state import Standing
from streams.grants.table import TABLE
from streams.machines import chain, wire
from streams.machines.replay import TakenCommand, replay
from streams.machines.wire import replace
from tests.unit.streams.grant_steps import (
    CONTRACT,
    DEPARTMENT,
    DISTRICT,
    FORM_1,
    FORM_2,
    SCHOOL,
    VENDOR,
    Story,
)

DIRECT = (DEPARTMENT,)


def day(text: str) -> datetime:
    return datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC) + timedelta(hours=2)


def test_a_grant_goes_from_the_school_to_the_vendor():
    story = Story().until("in_use")
    assert [e.event for e in story.events] == [
        "requested", "checked", "batched", "approved", "issued", "handed_over", "used",
    ]  # fmt: skip
    assert (story.state.types, story.state.periods, story.state.in_force) == (
        ("HocSinh", "LopHoc"), ("start",), True,
    )  # fmt: skip
    assert chain.breaks(story.state.grant_id, [wire.to_record(e) for e in story.events]) == []


def test_nothing_is_in_force_before_the_school_has_handed_it_over():
    for standing in ("requested", "checked", "batched", "approved", "issued"):
        state = Story().until(standing).state
        assert (state.in_force, state.types) == (False, ()), standing


def test_it_says_whose_turn_it_is_and_since_when():
    turns = {}
    story = Story()
    for step in (story.ask, lambda: story.do("check", DISTRICT), story.batch, story.approve):
        step()
        turns[story.state.state.value] = (story.state.turn, story.state.since == story.now)
    story.do("issue", DEPARTMENT)
    turns["issued"] = (story.state.turn, story.state.since == story.now)
    story.hand_over()
    turns["handed_over"] = (story.state.turn, story.state.since == story.now)
    assert turns == {
        "requested": (DISTRICT, True), "checked": (DISTRICT, True), "batched": (DEPARTMENT, True),
        "approved": (DEPARTMENT, True), "issued": (SCHOOL, True), "handed_over": (VENDOR, True),
    }  # fmt: skip


def test_a_direct_unit_skips_the_middle_tier():
    story = Story(route=DIRECT)
    assert story.ask() == "requested"
    assert (story.state.turn, story.do("check", DISTRICT), story.batch()) == (
        DEPARTMENT, "GRANT-UNIT", "GRANT-UNIT",
    )  # fmt: skip
    assert story.approve() == "approved"
    assert Story().until("requested").approve() == "GRANT-STATE"


def test_an_approval_says_on_which_paper_and_how_it_was_checked():
    story = Story().until("batched")
    assert story.approve(signature="by_hand") == "approved"
    assert (story.events[-1].document, story.events[-1].signature) == (FORM_2, "by_hand")
    direct = Story(route=DIRECT).until("approved").events[-1]
    assert (direct.document, direct.signature, direct.late) == (FORM_1, "verified", False)


def other(document, **more):
    return replace(document, **more)


REFUSED = [
    ("a school grants itself", "batched", lambda s: s.do("approve", SCHOOL), "GRANT-ROLE"),
    ("a school for another", "none", lambda s: s.ask(unit="19164998"), "GRANT-UNIT"),
    ("another unit's school", "checked", lambda s: s.batch("165"), "GRANT-UNIT"),
    ("unchecked", "requested", lambda s: s.batch(), "GRANT-STATE"),
    ("twice in a batch", "batched", lambda s: s.batch(), "GRANT-STATE"),
    ("who asked checks", "requested", lambda s: s.do("check", DISTRICT, account=f"A-{SCHOOL}"), "GRANT-OWN"),
    ("who asked approves", "batched", lambda s: s.approve(account=f"A-{SCHOOL}"), "GRANT-OWN"),
    ("who batched approves", "batched", lambda s: s.approve(account=f"A-{DISTRICT}"), "GRANT-OWN"),
    ("nobody approves", "batched", lambda s: s.approve(account=""), "GRANT-ACCOUNT"),
    ("nobody asks", "none", lambda s: s.ask(account=""), "GRANT-ACCOUNT"),
    ("no way", "none", lambda s: s.ask(route=()), "GRANT-ROUTE"),
    ("its own judge", "none", lambda s: s.ask(route=(SCHOOL, "19")), "GRANT-ROUTE"),
    ("no form", "none", lambda s: s.ask(document=None), "GRANT-DOCUMENT"),
    ("no number", "none", lambda s: s.ask(document=other(FORM_1, number=" ")), "GRANT-DOCUMENT"),
    ("no file", "none", lambda s: s.ask(document=other(FORM_1, sha256="x")), "GRANT-DOCUMENT"),
    (
        "of tomorrow",
        "none",
        lambda s: s.ask(document=other(FORM_1, date=date(2020, 3, 4))),
        "GRANT-DOCUMENT-DATE",
    ),
    (
        "Form 2 before Form 1",
        "checked",
        lambda s: s.batch(document=other(FORM_2, date=date(2020, 3, 1))),
        "GRANT-DOCUMENT-DATE",
    ),
    ("a number again", "requested", lambda s: s.ask(), "GRANT-NUMBER"),
    ("nothing asked", "none", lambda s: s.ask(types=()), "GRANT-SCOPE"),
    ("over", "none", lambda s: s.ask(valid_until=date(2020, 3, 2)), "GRANT-OVER"),
    ("more than asked", "batched", lambda s: s.approve(types=("CanBo",)), "GRANT-MORE"),
    ("more rights", "batched", lambda s: s.approve(rights=("remove",)), "GRANT-MORE"),
    ("nobody has checked", "checked", lambda s: s.batch(signature=""), "GRANT-SIGNATURE"),
    ("nobody has checked it", "batched", lambda s: s.approve(signature="yes"), "GRANT-SIGNATURE"),
    ("another paper", "batched", lambda s: s.approve(document=FORM_1), "GRANT-PAPER"),
    ("another file", "batched", lambda s: s.approve(document=other(FORM_2, sha256="b" * 64)), "GRANT-PAPER"),
    ("no paper", "batched", lambda s: s.approve(document=None), "GRANT-PAPER"),
    ("no reason", "batched", lambda s: s.do("return", DEPARTMENT), "GRANT-REASON-CODE"),
    (
        "no words",
        "batched",
        lambda s: s.do("return", DEPARTMENT, reason_code="OTHER"),
        "GRANT-REASON-TEXT",
    ),
    ("not issued", "approved", lambda s: s.hand_over(), "GRANT-STATE"),
    ("no contract", "issued", lambda s: s.hand_over(contract=None), "GRANT-CONTRACT"),
    ("no clause", "issued", lambda s: s.hand_over(contract=other(CONTRACT, clause=False)), "GRANT-CONTRACT"),
    (
        "another's contract",
        "issued",
        lambda s: s.hand_over(contract=other(CONTRACT, parties=(SCHOOL, "vnedu"))),
        "GRANT-CONTRACT",
    ),
    (
        "ends before it begins",
        "issued",
        lambda s: s.hand_over(contract=other(CONTRACT, ends=date(2020, 1, 31))),
        "GRANT-CONTRACT-DATES",
    ),
    (
        "has ended",
        "issued",
        lambda s: s.hand_over(
            contract=other(CONTRACT, begins=date(2019, 1, 1), ends=date(2020, 3, 2))
        ),
        "GRANT-CONTRACT-DATES",
    ),
    ("the district hands over", "issued", lambda s: s.do("hand_over", DISTRICT), "GRANT-ROLE"),
    ("allowed beside a request", "batched", lambda s: s.do("allow", DEPARTMENT), "GRANT-STATE"),
    ("a person as the system", "handed_over", lambda s: s.do("use", DEPARTMENT), "GRANT-ROLE"),
    ("no end yet", "in_use", lambda s: s.do("expire", "system"), "GRANT-NOT-OVER"),
    ("a replay", "in_use", lambda s: s.do("suspend", DEPARTMENT, sequence=1), "GRANT-SEQUENCE"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "standing", "act", "code"), REFUSED, ids=[r[0] for r in REFUSED])
def test_what_is_refused_changes_nothing_and_says_why(what, standing, act, code):
    story = Story()
    if standing != "none":
        story.until(standing)
    before = story.state
    assert act(story) == code
    assert story.state == before
    assert all(catalogue()[code])


def test_a_returned_request_is_asked_anew_with_another_number():
    story = Story().until("batched")
    assert story.do("return", DEPARTMENT, reason_code="FORM_WRONG", reason_text="Sai tên") == "returned"
    assert (story.state.turn, story.state.pending) == (SCHOOL, None)
    assert story.ask() == "GRANT-NUMBER"
    assert story.ask(document=other(FORM_1, number="13/ĐN")) == "requested"
    assert (story.state.batch, story.state.authors) == (None, (f"A-{SCHOOL}",))


@pytest.mark.parametrize(
    ("signed", "late"),
    [("2020-03-04", False), ("2020-03-05", True), ("2020-03-10", True), ("2020-03-15", True)],
)
def test_a_batch_after_its_last_day_is_taken_and_marked(signed, late):
    story = Story().until("checked")
    story.now = day("2020-03-16")
    form = other(FORM_2, date=date.fromisoformat(signed))
    assert story.batch(document=form, due=date(2020, 3, 4)) == "batched"
    assert (story.state.late, story.events[-1].due, story.events[-1].at.date()) == (
        late, date(2020, 3, 4), date(2020, 3, 16),
    )  # fmt: skip
    assert story.approve() == "approved"
    assert story.state.late is late


def test_what_landed_stays_in_force_until_a_request_for_it_is_handed_over():
    story = Story()
    assert story.do("allow", DEPARTMENT, rights=("remove",)) == "allowed"
    for step in (story.ask, lambda: story.do("check", DISTRICT), story.batch, story.approve):
        step()
        assert (story.state.in_force, story.state.rights, story.state.without_papers) == (
            True, ("remove",), True,
        )  # fmt: skip
    story.do("issue", DEPARTMENT)
    assert story.hand_over() == "handed_over"
    assert (story.state.in_force, story.state.rights, story.state.without_papers) == (True, (), False)


def test_bytes_of_earlier_releases_are_a_grant_in_force_without_papers():
    story = Story()
    story.do("allow", DEPARTMENT)
    record = wire.to_record(story.events[0])
    landed = {f["name"] for f in json.loads(versions.contracts()["GrantEvent"][1].text)["fields"]}
    early = {name: value for name, value in record.items() if name in landed}
    state = MACHINE.evolve(Story().state, wire.from_record(MACHINE.event, early))
    assert (state.state, state.in_force, state.without_papers) == ("allowed", True, True)


def test_what_landed_is_stopped_whatever_became_of_a_request_for_it():
    story = Story()
    story.do("allow", DEPARTMENT)
    story.ask()
    story.do("return", DISTRICT, reason_code="OTHER", reason_text="Thiếu")
    assert (story.state.state, story.state.in_force) == ("returned", True)
    assert story.do("suspend", DEPARTMENT, reason_text="Sự cố") == "suspended"
    assert not story.state.in_force


def test_what_has_ended_does_not_come_back_with_a_request():
    for end in ("expire", "revoke"):
        story = Story()
        story.do("allow", DEPARTMENT)
        amended = {"types": ("HocSinh",), "periods": ("start",), "valid_until": date(2020, 3, 3)}
        assert story.do("amend", DEPARTMENT, reason_text="Có hạn", **amended) == "amended"
        story.now = day("2020-03-04")
        story.do(end, "system" if end == "expire" else DEPARTMENT)
        assert story.ask() == "requested"
        assert not story.state.in_force


def test_allowed_after_papers_it_has_none():
    story = Story().until("in_use")
    story.do("revoke", DEPARTMENT)
    assert story.do("allow", DEPARTMENT) == "allowed"
    assert (story.state.contract, story.state.request, story.state.types) == (None, None, ())
    assert due(story, on="2021-06-01") == []


def test_suspended_it_stops_and_resumes_where_it_stood():
    for standing in ("in_use", "issued"):
        story = Story().until(standing)
        assert story.do("suspend", DEPARTMENT) == "GRANT-REASON-TEXT"
        assert story.do("suspend", DEPARTMENT, reason_text="Sự cố") == "suspended"
        assert not story.state.in_force
        assert story.hand_over() == "GRANT-STATE"
        assert story.do("resume", DEPARTMENT, reason_text="Đã xử lý") == "resumed"
        assert story.state.state == standing


def test_a_vendor_and_a_product_version_are_suspended_and_resumed():
    for about in ("*", "*@5.2"):
        story = Story(about=about)
        assert story.ask(unit=about) == "GRANT-LEVEL"
        assert story.do("suspend", DEPARTMENT, reason_text="Lộ khóa") == "suspended"
        assert story.do("suspend", DEPARTMENT, reason_text="Lộ khóa") == "GRANT-ALREADY"
        assert story.do("resume", DEPARTMENT, reason_text="Đã xử lý") == "resumed"
        assert story.state.state is Standing.NONE


def test_every_word_of_the_table_has_its_meaning_and_every_refusal_its_texts():
    named = {code for row in TABLE for code in (*row.guards, row.code)} - {""}
    assert named <= set(REFUSALS) and set(GUARDS) <= set(REFUSALS)
    assert all(all(catalogue()[code]) for code in REFUSALS)


def test_what_was_decided_is_decided_again():
    story = Story().until("in_use")
    story.do("suspend", DEPARTMENT)
    taken = [TakenCommand(source, wire.to_record(c)) for c, source in story.commands]
    again = replay(
        MACHINE, taken, [wire.to_record(e) for e in story.events], [wire.to_record(r) for r in story.refused]
    )
    assert (again.differences, again.decided) == ([], 8)


# What becomes due by itself.


def due(*stories: Story, on: str) -> list[str]:
    """Every command that is due on a day, carried out; what became of each."""
    found = []
    for command in clerk.due([s.state for s in stories], date.fromisoformat(on)):
        story = next(s for s in stories if s.state.grant_id == command.grant_id)
        story.now = max(story.now, day(on))
        found.append(f"{story.tell(command)} {story.events[-1].days or story.state.suspended_for}".strip())
    return found


def until(last: str, **contract) -> Story:
    story = Story()
    story.until("batched")
    assert story.approve(valid_until=date.fromisoformat(last)) == "approved"
    story.do("issue", DEPARTMENT)
    assert story.hand_over(contract=replace(CONTRACT, **{"ends": None, **contract})) == "handed_over"
    return story


def test_its_end_is_announced_once_thirty_twenty_and_ten_days_before():
    story = until("2020-12-31")
    days = [date(2020, 11, 25) + timedelta(n) for n in range(40)]
    told = {str(d): said for d in days for _ in range(3) if (said := due(story, on=str(d)))}
    assert told == {
        "2020-12-01": ["reminded 30"], "2020-12-11": ["reminded 20"], "2020-12-21": ["reminded 10"],
        "2021-01-01": ["expired"],
    }  # fmt: skip


def test_who_slept_over_a_reminder_gives_one_notice():
    story = until("2020-12-31")
    assert due(story, on="2020-12-01") == ["reminded 30"]
    assert [due(story, on="2020-12-18") for _ in range(3)] == [["reminded 20"], [], []]
    story = until("2020-12-31")
    assert [due(story, on="2020-12-28") for _ in range(3)] == [["reminded 10"], [], []]


def test_an_extension_cancels_the_reminders():
    story = until("2020-12-31")
    assert due(story, on="2020-12-21") == ["reminded 10"]
    amended = {"types": ("HocSinh",), "periods": ("start",), "valid_until": date(2021, 1, 25)}
    assert story.do("amend", DEPARTMENT, reason_text="Gia hạn", **amended) == "amended"
    assert [due(story, on=d) for d in ("2020-12-22", "2020-12-26", "2020-12-26", "2021-01-05")] == [
        [], ["reminded 30"], [], ["reminded 20"],
    ]  # fmt: skip


def test_the_whole_last_day_counts():
    story = until("2020-12-31")
    story.now = datetime(2020, 12, 31, 16, 59, tzinfo=UTC)  # 23:59 in Vietnam
    assert story.do("expire", "system") == "GRANT-NOT-OVER"
    story.now = datetime(2020, 12, 31, 17, 0, tzinfo=UTC)
    assert story.do("expire", "system") == "expired"


def test_the_end_of_the_contract_suspends_until_there_is_another():
    story = until("2021-12-31", ends=date(2020, 6, 30))
    assert due(story, on="2020-06-30") == []
    assert due(story, on="2020-07-01") == ["suspended CONTRACT_ENDED"]
    assert story.do("resume", DEPARTMENT, reason_text="Cho chạy") == "GRANT-CONTRACT-OVER"
    anew = replace(CONTRACT, number="HĐ-6", date=date(2020, 7, 1), begins=date(2020, 7, 1), ends=None)
    assert story.hand_over(contract=anew) == "handed_over"
    assert (story.state.in_force, due(story, on="2020-07-02")) == (True, [])


def test_a_change_of_vendor_suspends_the_one_before():
    first, landed, second = Story().until("in_use"), Story(vendor="old"), Story(vendor="vnedu")
    landed.do("allow", DEPARTMENT)
    second.now += timedelta(days=3)
    second.ask(document=other(FORM_1, number="20/ĐN"))
    assert due(first, landed, second, on="2020-03-06") == ["suspended VENDOR_CHANGED"]
    assert (landed.state.in_force, first.state.in_force) == (False, True)
    second = Story(vendor="vnedu", now=first.now + timedelta(days=3)).until("handed_over")
    assert due(first, landed, second, on="2020-03-06") == ["suspended VENDOR_CHANGED"]
    assert (first.state.in_force, second.state.in_force) == (False, True)
    assert due(first, landed, second, on="2020-03-07") == []
    first.now = second.now + timedelta(days=2)
    assert first.hand_over() == "handed_over"
    assert due(first, landed, second, on="2020-03-09") == ["suspended VENDOR_CHANGED"]
    assert (first.state.in_force, second.state.in_force) == (True, False)
