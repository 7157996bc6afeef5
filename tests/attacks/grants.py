"""Attacks on who may push: without a grant, beyond it, after its end; a grant by who may not give it."""

from collections.abc import Callable
from contextlib import closing
from datetime import date
from itertools import count
from typing import Any, Final
from uuid import uuid4

import polars as pl

from access.accounts.account import Role
from access.documents import kept
from demo import papers
from runtime import kafka
from runtime.accounts import vendor
from schemas import topics as t
from schemas.encoding import codec, columnar
from schemas.organisation.organisation import Organisation
from streams.grants.machine import MACHINE
from streams.machines import topic_log
from tests import people
from tests.attacks import schools
from tests.attacks.closed_stack import ClosedStack
from tests.attacks.people import refusal
from tests.organisation import of_register
from tests.people import Person
from tests.unit.documents import authorities
from tests.unit.streams.validation_chunks import chunk, closed

ASKED: Final = date(2020, 3, 2)
ISSUER: Final = authorities.Issuer("Gốc Chính phủ")
_pushes = count(1)


def push(
    stack: ClosedStack, school: str, record_type: str = "LopHoc", says: str = "smas", **more: Any
) -> None:
    """One record and its closing into the topic of smas, by its own credential. ``says``: whose they say they
    are."""
    of = {"MaTruongHoc": school, "Vendor": says, "PushId": f"attack-{next(_pushes)}"} | more
    frame = pl.DataFrame({"ClientId": [str(uuid4())]}, schema_overrides=columnar.frame_schema(record_type))
    values = chunk(frame, record_type, **of), closed(Records={record_type: 1}, **of)
    key = school.encode()
    with closing(kafka.producer(stack.acting_as(vendor("smas")))) as producer:
        for value in values:
            sent = producer.send(t.in_topic("smas"), value, key=key, partition=kafka.partition_of(key))
            sent.get(timeout=60)


def _refused(stack: ClosedStack, code: str, school: str, **more: Any) -> None:
    """Its record and its closing are."""
    with stack.refused_by_validation({code: 1}, {code: 1}, school):
        push(stack, school, **more)


def a_push_for_a_school_of_another_vendors_in_ones_own_topic(stack: ClosedStack) -> None:
    _refused(stack, "VAL-001", schools.OF_VNEDU)


def a_push_that_says_it_is_another_vendors(stack: ClosedStack) -> None:
    _refused(stack, "VAL-002", schools.OF_VNEDU, says="vnedu")


def anothers_push_closed(stack: ClosedStack) -> None:
    """By its number: what goes on is of who wrote it, and refused."""
    value = closed(Vendor="vnedu", MaTruongHoc=schools.OF_VNEDU, PushId="of-vnedu")
    with stack.refused_by_validation({}, {"VAL-002": 1}, schools.OF_VNEDU):
        stack.send(t.in_topic("smas"), schools.OF_VNEDU.encode(), value, principal=vendor("smas"))
    messages = topic_log.read(stack.settings, kafka.partitions(t.RECORDS_ACCEPTED))
    told = [codec.decode(m.value)[1] for m in messages if codec.contract_of(m.value).name == "PushClosed"]
    assert [each["Vendor"] for each in told if each["PushId"] == "of-vnedu"] == ["smas"]


def a_push_of_a_type_that_is_not_granted(stack: ClosedStack) -> None:
    """Its closing has no type: the push ends without the record."""
    with stack.refused_by_validation({"GRT-007": 1}, {}, schools.OF_SMAS):
        push(stack, schools.OF_SMAS, "CanBo")


def a_push_for_a_period_that_is_not_granted(stack: ClosedStack) -> None:
    _refused(stack, "GRT-008", schools.OF_SMAS, LoaiDongBo="3")


def a_push_after_the_grant_was_revoked(stack: ClosedStack) -> None:
    _taken_back(stack, schools.REVOKED)
    _refused(stack, "GRT-006", schools.REVOKED)


def a_push_before_the_grant_is_issued(stack: ClosedStack) -> None:
    _ask(stack, people.head(stack.settings, schools.WAITS))
    _refused(stack, "GRT-001", schools.WAITS)


def a_grant_replayed_byte_for_byte_after_it_was_revoked(stack: ClosedStack) -> None:
    """By the credential of the service that wrote it."""
    school = schools.REPLAYED
    _taken_back(stack, school)
    messages = topic_log.read(stack.settings, kafka.partitions(t.GRANTS_COMMANDS))
    [allowed] = [
        message
        for message in messages
        if (record := topic_log.record(message, "GrantCommand"))
        and (record["MaTruongHoc"], record["Command"]) == (school, "allow")
    ]
    before = _events(stack, school)
    with stack.refused_by_the_machine("GRANT-SEQUENCE", 1, "19", machine="grants"):
        stack.send(t.GRANTS_COMMANDS, allowed.key, allowed.value, principal="csdl-access")
    assert _events(stack, school) == before == ["allowed", "revoked"]


def a_school_grants_itself(stack: ClosedStack) -> None:
    head = people.head(stack.settings, schools.ASKS)
    _ask(stack, head)
    acts = ("approve", "issue", "allow")
    recorded = [(head.account.id, what, "ACC-034") for what in acts]
    with stack.refused_at_the_door({"ACC-034": len(acts)}, *recorded), head.access() as access:
        for what in acts:
            assert refusal(access.grant, what, "smas", schools.ASKS, {}) == ["ACC-034"]
    assert _events(stack, schools.ASKS) == ["requested"]


def a_unit_batches_anothers_school_and_a_direct_unit(stack: ClosedStack) -> None:
    """Beside one of its own, which is not batched either."""
    own, others = schools.BATCHED, (schools.ELSEWHERE, schools.DIRECT)
    for code in (own, *others):
        _ask(stack, people.head(stack.settings, code))
    who = stack.district
    assert _check(who, own)["done"] == 1
    recorded = [(who.account.id, "batch", code) for code in ("FORM-035", "FORM-036", "GRT-207")]
    with stack.refused_at_the_door({"FORM-035": 2, "FORM-036": 2, "GRT-207": 2}, *recorded):
        asked = refusal(_batch, stack, own, *others)
    in_the_list = ["FORM-035", "FORM-036"]
    assert asked == ["FORM-035", "FORM-036", "GRT-207", "GRT-207", *in_the_list]
    assert _events(stack, own) == ["requested", "checked"]
    with (
        stack.refused_at_the_door({"GRANT-UNIT": 1}, (who.account.id, "check", "GRANT-UNIT")),
        stack.refused_by_the_machine("GRANT-UNIT", 1, schools.UNIT, machine="grants"),
    ):
        assert _check(who, schools.ELSEWHERE)["refused"] == 1


def who_asked_checks_and_approves_by_a_second_account(stack: ClosedStack) -> None:
    """Code of the same person, in other letters."""
    school = schools.BOTH
    asker = people.person(stack.settings, "hai.vai", school, Role.SCHOOL_OFFICER, person="CB-77")
    here = people.person(stack.settings, "hai.vai.phong", schools.UNIT, Role.DISTRICT_OFFICER, person="cb-77")
    there = people.department(stack.settings, "hai.vai.so", person="cb-77 ")
    _ask(stack, asker)
    with stack.refused_at_the_door({"ACC-031": 1}, (here.account.id, "check", "ACC-031")):
        assert refusal(_check, here, school) == ["ACC-031"]
    assert (_check(stack.district, school)["done"], _batch(stack, school)["done"]) == (1, 1)
    with (
        stack.refused_at_the_door({"ACC-031": 1}, (there.account.id, "approve", "ACC-031")),
        there.access() as access,
    ):
        assert refusal(access.grant, "approve", "smas", school, {}) == ["ACC-031"]
    assert _events(stack, school) == ["requested", "checked", "batched"]
    with stack.department.access() as access:
        assert access.grant("approve", "smas", school, {}).code == ""


def _taken_back(stack: ClosedStack, school: str) -> None:
    with stack.department.access() as access:
        for what in ("allow", "revoke"):
            assert access.grant(what, "smas", school, {}).code == ""


def _known(stack: ClosedStack) -> Organisation:
    return of_register(stack.settings.register_file)


def _ask(stack: ClosedStack, who: Person) -> None:
    """For the own school of whoever asks, with Form 1."""
    school = schools.plan(who.account.unit)
    asked = papers.request(school, _known(stack), ASKED)
    asked["sha256"] = _handed_in(stack, school.name, asked["form"])
    with who.access() as access:
        assert access.act("/v1/grants/requests", {"request": asked}).code == ""


def _check(who: Person, school: str) -> Any:
    with who.access() as access:
        return access.call("POST", "/v1/grants/acts/check", {"grants": [f"smas/{school}"]})


def _batch(stack: ClosedStack, *codes: str) -> Any:
    """By the district, with Form 2 and its list, signed as it is called."""
    said = papers.listed(papers.batch(schools.UNIT, list(map(schools.plan, codes)), _known(stack), ASKED))
    said["sha256"] = _handed_in(stack, said["form"]["unit_name"], said["form"])
    with stack.district.access() as access:
        return access.call("POST", "/v1/grants/batches", {"batch": said})


def _handed_in(stack: ClosedStack, organisation: str, form: dict[str, Any]) -> str:
    """SHA-256 of the form, signed by somebody of this organisation."""
    authorities.trusted(stack.settings.trust_dir, ISSUER)
    signer = authorities.signer(ISSUER, organisation=organisation)
    pdf = authorities.signed(authorities.document(says=papers.lines(form)), signer)
    return kept.keep(stack.settings.documents_dir, pdf)


def _events(stack: ClosedStack, school: str) -> list[str]:
    return [event["Event"] for event in topic_log.read_events(MACHINE, stack.settings, school)]


ATTACKS: tuple[Callable[[ClosedStack], None], ...] = (
    a_push_for_a_school_of_another_vendors_in_ones_own_topic,
    a_push_that_says_it_is_another_vendors,
    anothers_push_closed,
    a_push_of_a_type_that_is_not_granted,
    a_push_for_a_period_that_is_not_granted,
    a_push_after_the_grant_was_revoked,
    a_push_before_the_grant_is_issued,
    a_grant_replayed_byte_for_byte_after_it_was_revoked,
    a_school_grants_itself,
    a_unit_batches_anothers_school_and_a_direct_unit,
    who_asked_checks_and_approves_by_a_second_account,
)
