"""`csdl records` on real servers: who is absent, who leaves, with the head's consent above a share."""

from contextlib import closing

import pytest

from access.accounts.account import Role
from access.removal_acts import OFFICER, removal
from runtime import kafka
from schemas.encoding import codec
from schemas.topics import RECORDS_ACCEPTED, RECORDS_REMOVALS, dlq
from tests import people
from tests.integration.command_line import csdl
from tests.pushed import SCHOOL, pupil, whole
from tests.support import ANSWER_S, wait_until

PUPILS = [pupil(n) for n in range(1, 21)]
KEY = SCHOOL.encode()
OF = (SCHOOL, "--year", "2019", "--kind", "1")


@pytest.fixture
def send(settings):
    def all_of(topic, messages, key=KEY):
        with closing(kafka.producer(settings)) as producer:
            for value in messages:
                producer.send(topic, value, key).get(ANSWER_S)

    return all_of


@pytest.fixture
def processes(settings, run_process):
    with (
        run_process("load", settings),
        run_process("outbox", settings),
        people.access_service(settings) as (served, _),
    ):
        yield served


@pytest.fixture
def officer(processes):
    """Settings of the school's officer, who is logged in."""
    return people.officer(processes, SCHOOL).settings


def pushed_again(settings, send, lacking):
    """The school's list, and then one that lacks so many."""
    send(RECORDS_ACCEPTED, whole("HocSinh", PUPILS))
    send(RECORDS_ACCEPTED, whole("HocSinh", PUPILS[lacking:], push="p2"))
    wait_until(lambda: len(csdl(settings, "records", "absent", *OF)[1]["absent"]) == lacking)


def test_what_the_last_list_lacked_is_listed_and_leaves_by_the_schools_act(settings, officer, send):
    pushed_again(settings, send, 1)
    _, said = csdl(settings, "records", "absent", *OF)
    assert said["version"] == 1
    assert [(a["record_type"], a["client_id"], a["push_id"]) for a in said["absent"]] == [
        ("HocSinh", "hs1", "p2")
    ]
    _, status = csdl(settings, "push-status", "p2")
    (push,) = status["pushes"]
    assert (push["absent"], push["stayed"]) == ({"HocSinh": 1}, {"HocSinh": 1})
    assert [n["code"] for n in push["notes"]] == ["PUSH-011"]

    remove = ("records", "remove", *OF, "--type", "HocSinh", "--reason", "Đã chuyển trường")
    code, told = csdl(officer, *remove)
    assert (code, told["outcome"], told["version"], told["removed"]) == (0, "version", 2, {"HocSinh": 1})
    code, told = csdl(officer, *remove)
    assert (code, told["outcome"], told["code"]) == (1, "refused", "REM-005")
    code, told = csdl(officer, *remove, "--version", "1")
    assert (code, told["code"]) == (1, "REM-002")


def test_many_wait_for_the_head_who_is_another_person(settings, processes, officer, send):
    pushed_again(settings, send, 8)
    code, told = csdl(officer, "records", "remove", *OF, "--type", "HocSinh", "--reason", "Đã chuyển trường")
    assert (code, told["code"], told["waiting"]) == (0, "PUSH-012", {"HocSinh": 8})
    _, said = csdl(settings, "records", "absent", *OF)
    assert [(w["removal_id"], w["records"]) for w in said["waiting"]] == [(told["removal_id"], 8)]
    consent = ("records", "remove", *OF, "--consent", told["removal_id"])
    assert csdl(officer, *consent)[1]["problems"][0]["code"] == "ACC-034"
    both = people.person(
        processes, "ht.kiem", SCHOOL, Role.SCHOOL_HEAD, person=people.code_of(f"cb.{SCHOOL}").upper()
    )
    assert csdl(both.settings, *consent)[1]["problems"][0]["code"] == "ACC-031"
    head = people.head(processes, SCHOOL).settings
    code, told = csdl(head, *consent)
    assert (code, told["outcome"], told["removed"]) == (0, "version", {"HocSinh": 8})
    assert csdl(head, *consent)[1]["problems"][0]["code"] == "REM-009"


def test_what_is_no_removal_or_stands_under_another_schools_key_is_put_aside(settings, processes, send, sent):
    asked = removal(f"{SCHOOL}.2019.start", "HocSinh", 1, role=OFFICER, account="x", reason="x")
    elsewhere = next(
        code.encode()
        for code in map(str, range(19_164_000, 19_165_000))
        if kafka.partition_of(code.encode()) != kafka.partition_of(KEY)
    )
    send(RECORDS_REMOVALS, [codec.encode("RemovalAsked", asked)], key=elsewhere)
    send(RECORDS_REMOVALS, [codec.encode("RemovalAsked", asked | {"MaTruongHoc": "19164502"})])
    send(RECORDS_REMOVALS, [codec.encode("RemovalAsked", asked | {"RemovalId": "a\x00b"}), b"junk"])
    wait_until(lambda: len(sent(dlq(RECORDS_REMOVALS))) == 4)


def test_remove_says_what_it_must_be_told(settings):
    assert csdl(settings, "records", "remove", *OF)[0] == 2
