"""Attacks with API keys of a grant, and on the links that show them."""

from collections.abc import Callable
from typing import Any

import httpx

from access.accounts.account import Role
from access.client import AccessClient
from access.service.app import DOORS
from tests import keys, people
from tests.attacks import schools
from tests.attacks.closed_stack import ClosedStack, dataset
from tests.attacks.people import refusal
from tests.keys import FORGED, opened, shown
from tests.support import ANSWER_S

SCHOOL = schools.OF_SMAS


def prove(stack: ClosedStack, secret: str, school: str = SCHOOL, **more: Any) -> str:
    """The code that refuses a key for the school of its grant; "" if it is proved."""
    return keys.prove(stack.settings, secret, school, **more)


def proved(code: str) -> tuple[str, str, str]:
    """What stands on record of a key of smas that was refused: the same once a minute."""
    return "smas", "prove", code


def a_key_that_was_never_issued(stack: ClosedStack) -> None:
    """Counted only, or a stranger could fill the table."""
    secret = shown(stack.credential("doan"))
    wrong = secret[:-1] + ("a" if secret[-1] != "a" else "b")
    with stack.refused_at_the_door({"KEY-101": 2}):
        assert prove(stack, wrong) == "KEY-101"
        assert prove(stack, "csdl_live_nothing_at_all") == "KEY-101"


def a_key_after_its_revocation_on_an_open_connection_too(stack: ClosedStack) -> None:
    made = stack.credential("thu.hoi")
    secret = shown(made)
    with httpx.Client(trust_env=False, timeout=ANSWER_S) as open_connection:
        assert prove(stack, secret, by=open_connection) == ""
        stack.of_credential(made, "revoke")
        with stack.refused_at_the_door({"KEY-102": 2}, proved("KEY-102")):
            assert prove(stack, secret, by=open_connection) == "KEY-102"
            assert prove(stack, secret) == "KEY-102"


def a_key_used_again_after_a_restart(stack: ClosedStack) -> None:
    """Of a service that has just started nothing of it is remembered: revoked, and rotated without an
    overlap."""
    first, second = stack.credential("khoi.dong.lai"), stack.credential("khoi.dong.lai.2")
    revoked, rotated = shown(first), shown(second)
    stack.of_credential(first, "revoke")
    stack.of_credential(second, "rotate", overlap_hours=0)
    own = stack.settings.model_copy(update={"data_dir": stack.settings.data_dir / "restarted"})
    with people.access_service(own) as (served, process):
        stack.processes["restarted"] = process
        codes, recorded = {"KEY-102": 1, "KEY-104": 1}, (proved("KEY-102"), proved("KEY-104"))
        with stack.refused_at_the_door(codes, *recorded, door="restarted"):
            assert keys.prove(served, revoked, SCHOOL) == "KEY-102"
            assert keys.prove(served, rotated, SCHOOL) == "KEY-104"


def an_expired_key(stack: ClosedStack) -> None:
    made = stack.credential("het.han", days=1)
    secret = shown(made)
    assert prove(stack, secret) == ""
    number = str(made["number"])
    stack.execute("UPDATE vendor_credential SET expires_at = now() WHERE number = %s", number)
    with stack.refused_at_the_door({"KEY-103": 1}, proved("KEY-103")):
        assert prove(stack, secret) == "KEY-103"


def a_key_from_another_address_with_forged_headers(stack: ClosedStack) -> None:
    """No proxy is ours here: nobody's header is believed."""
    secret = shown(stack.credential("dia.chi", addresses=["203.0.113.7"]))
    forged = [{name: value} for name, value in FORGED.items()]
    forged += [{"X-Forwarded-For": "203.0.113.7"}, {"X-Forwarded-For": "127.0.0.1, 203.0.113.7"}, {}]
    with stack.refused_at_the_door({"KEY-108": len(forged)}, proved("KEY-108")):
        for headers in forged:
            assert prove(stack, secret, headers=headers) == "KEY-108"


def a_test_key_in_production_and_a_production_key_in_test(stack: ClosedStack) -> None:
    live, test = shown(stack.credential("that")), shown(stack.credential("thu", test=True))
    assert live.startswith("csdl_live_") and test.startswith("csdl_test_")
    recorded = proved("KEY-109"), proved("KEY-110")
    with stack.refused_at_the_door({"KEY-109": 1, "KEY-110": 1}, *recorded):
        assert prove(stack, test) == "KEY-109"
        assert prove(stack, live, test=True) == "KEY-110"
    assert (prove(stack, live), prove(stack, test, test=True)) == ("", "")


def a_key_for_another_school(stack: ClosedStack) -> None:
    secret = shown(stack.credential("truong.khac"))
    with stack.refused_at_the_door({"KEY-111": 2}, proved("KEY-111")):
        for school in (schools.OF_VNEDU, schools.REVOKED):
            assert prove(stack, secret, school) == "KEY-111"


def a_link_opened_by_a_mail_scanner(stack: ClosedStack) -> None:
    """It looks, and presses nothing: whoever the link is for has the secret all the same, once."""
    made = stack.credential("thu.dien.tu")
    told = [("", "open", "KEY-023"), ("", "open", "KEY-021")]
    with stack.refused_at_the_door({"KEY-023": 2, "KEY-021": 1}, *told):
        for _ in range(5):
            page = httpx.get(made["link"], trust_env=False, timeout=ANSWER_S)
            assert page.status_code == 200 and page.headers["cache-control"] == "no-store"
        assert httpx.head(made["link"], trust_env=False, timeout=ANSWER_S).status_code == 200
        for _ in range(2):
            scanned = httpx.post(made["link"], data={"x": "y"}, trust_env=False, timeout=ANSWER_S)
            assert "KEY-023" in scanned.text and scanned.status_code == 400
        secret = shown(made)
        again = opened(made["link"])
        assert (again.status_code, again.json()["code"]) == (410, "KEY-021")
    assert prove(stack, secret) == ""


def another_school_read_and_its_keys_ended(stack: ClosedStack) -> None:
    """By the head of one whose vendor is another."""
    made, who = stack.credential("cua.ai"), people.head(stack.settings, schools.OF_VNEDU)
    number = made["number"]
    recorded = [(who.account.id, "read", "ACC-035"), (who.account.id, "revoke", "KEY-013")]
    with (
        stack.refused_at_the_door({"ACC-035": 1, "KEY-013": 1}, *recorded),
        who.access() as access,
    ):
        assert refusal(access.call, "GET", f"/v1/grants/{SCHOOL}") == ["ACC-035"]
        assert refusal(access.call, "POST", f"/v1/credentials/{number}/revoke", {}) == ["KEY-013"]
        assert access.credentials(school=SCHOOL, vendor="smas") == []


def a_vendors_key_at_the_doors_of_people(stack: ClosedStack) -> None:
    """Each that tells of a school's data, its own and another's; on record as the vendor's, once a minute."""
    secret = shown(stack.credential("cua.nguoi"))
    doors = [path for method, path, _ in DOORS if method == "GET"]
    told = "smas", "show", "ACC-023"
    with stack.refused_at_the_door({"ACC-023": 2 * len(doors)}, told), _with(stack, secret) as vendor:
        for school in (SCHOOL, schools.OF_VNEDU):
            for door in doors:
                path = door.format(dataset=dataset(school), school=school)
                assert refusal(vendor.call, "GET", path) == ["ACC-023"], door


def a_vendors_technician_reads_of_other_vendors_schools(stack: ClosedStack) -> None:
    """By an account of the vendor's, at each door that tells of a school's data."""
    who = people.person(stack.settings, "ky.thuat", "smas", Role.VENDOR_TECHNICIAN)
    school = schools.OF_VNEDU
    doors = {
        f"/v1/datasets/{dataset(school)}": ("read", "ACC-035"),
        f"/v1/grants/{school}": ("read", "ACC-035"),
        "/v1/conformity": ("list", "ACC-034"),
    }
    recorded = [(who.account.id, *each) for each in doors.values()]
    with stack.refused_at_the_door({"ACC-035": 2, "ACC-034": 1}, *recorded), who.access() as access:
        for path, (_, code) in doors.items():
            assert refusal(access.call, "GET", path) == [code], path
        assert access.credentials(school=school, vendor="vnedu") == []
        assert access.call("GET", "/v1/grants")["grants"] == []


def _with(stack: ClosedStack, secret: str) -> AccessClient:
    return AccessClient(stack.settings.access, secret)


ATTACKS: tuple[Callable[[ClosedStack], None], ...] = (
    a_key_that_was_never_issued,
    a_key_after_its_revocation_on_an_open_connection_too,
    a_key_used_again_after_a_restart,
    an_expired_key,
    a_key_from_another_address_with_forged_headers,
    a_test_key_in_production_and_a_production_key_in_test,
    a_key_for_another_school,
    a_link_opened_by_a_mail_scanner,
    another_school_read_and_its_keys_ended,
    a_vendors_key_at_the_doors_of_people,
    a_vendors_technician_reads_of_other_vendors_schools,
)
