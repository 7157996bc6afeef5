"""Attacks at the access service: another's data, forged fields, sessions, passwords, look-alike names."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import httpx
import pytest

from access.accounts import office
from access.accounts.account import Account, Role
from access.accounts.store import New
from access.accounts.throttle import LIMIT
from access.client import AccessClient
from runtime.settings import Settings
from schemas.days import today
from schemas.errors import ProblemList
from tests import people
from tests.attacks.closed_stack import DIGEST, ClosedStack, act, dataset, state_of
from tests.people import PASSWORD

TRIES = 100


def refusal(call: Callable[..., object], *args: object, **more: object) -> list[str]:
    """Codes of what is refused before a machine is asked."""
    with pytest.raises(ProblemList) as refused:
        call(*args, **more)
    return [p.code for p in refused.value.problems]


def whoami(stack: ClosedStack, secret: str) -> list[str]:
    """Codes of what is refused to whoever has this; none if it proves somebody."""
    with AccessClient(stack.settings.access, secret) as access:
        try:
            access.call("GET", "/v1/whoami")
        except ProblemList as refused:
            return [p.code for p in refused.problems]
    return []


def post(stack: ClosedStack, path: str, name: str, password: str = PASSWORD, **more: str) -> httpx.Response:
    """A login as it is typed."""
    body = {"account": name, "password": password}
    return httpx.post(f"{stack.settings.access}{path}", json=body, headers=more, trust_env=False, timeout=60)


def an_officer_of_one_unit_reads_anothers(stack: ClosedStack) -> None:
    school, _ = stack.opened()
    who = stack.stranger
    with (
        stack.refused_at_the_door({"ACC-035": 1}, (who.account.id, "read", "ACC-035")),
        who.access() as access,
    ):
        assert refusal(access.dataset, dataset(school)) == ["ACC-035"]


def an_officer_of_one_unit_confirms_anothers(stack: ClosedStack) -> None:
    school, _ = stack.opened()
    who, acts = stack.stranger, ("claim", "confirm")
    with stack.department.access() as access:
        state = state_of(access, school)
    recorded = [(who.account.id, what, "CONF-UNIT") for what in acts]
    with (
        stack.refused_at_the_door({"CONF-UNIT": 2}, *recorded),
        stack.refused_by_the_machine("CONF-UNIT", 2, who.account.unit),
    ):
        for what in acts:
            assert act(who, school, what, state=state) == "CONF-UNIT"
    with stack.department.access() as access:
        assert state_of(access, school) == state


def _forged(stack: ClosedStack, **forged: str) -> None:
    """A request of the district's reviewer that says another's; nothing of it is looked at further."""
    who = stack.district
    body = {"version": 1, "digest": DIGEST, "sequence": 2} | forged
    told = (who.account.id, "claim", "ACC-033")
    with stack.refused_at_the_door({"ACC-033": len(forged)}, told), who.access() as access:
        said = refusal(access.confirm, "19164120.2019.start", "claim", body)
    assert said == ["ACC-033"] * len(forged)


def the_unit_forged_in_the_request(stack: ClosedStack) -> None:
    _forged(stack, unit="19")


def the_role_forged_in_the_request(stack: ClosedStack) -> None:
    _forged(stack, role="department_officer")


def unit_role_and_account_forged_in_the_request(stack: ClosedStack) -> None:
    _forged(stack, unit="19", role="department_officer", account=stack.department.account.id)


def an_act_of_another_role(stack: ClosedStack) -> None:
    school, head = stack.opened()
    recorded = [(stack.district.account.id, "lock", "ACC-034"), (head.account.id, "claim", "ACC-034")]
    with stack.department.access() as access:
        state = state_of(access, school)
    with stack.refused_at_the_door({"ACC-034": 2}, *recorded):
        assert refusal(act, stack.district, school, "lock", state=state) == ["ACC-034"]
        assert refusal(act, head, school, "claim", state=state) == ["ACC-034"]


def a_session_fixed(stack: ClosedStack) -> None:
    """Who lays a session of theirs under somebody's login has nothing by it: that one ends."""
    attacker = people.account(stack.settings, "ke.trom", "19", Role.AUDITOR)
    people.account(stack.settings, "bi.gai", "19", Role.AUDITOR)
    laid = post(stack, "/v1/session", "ke.trom").cookies["csdl_session"]
    answer = post(stack, "/v1/session", "bi.gai", Cookie=f"csdl_session={laid}")
    given = answer.cookies["csdl_session"]
    said = answer.headers["set-cookie"].lower()
    assert given != laid and "httponly" in said and "samesite=strict" in said
    with stack.refused_at_the_door({"ACC-024": 1}, (attacker.id, "", "ACC-024")):
        assert whoami(stack, laid) == ["ACC-024"]
    assert whoami(stack, given) == []


def a_session_that_was_never_issued(stack: ClosedStack) -> None:
    """Counted only, or a stranger could fill the table."""
    with stack.refused_at_the_door({"ACC-023": 2}):
        assert whoami(stack, "csdl_" + "x" * 43) == ["ACC-023"]
        assert whoami(stack, "") == ["ACC-023"]


def a_session_stolen_and_used_after_logout(stack: ClosedStack) -> None:
    owner = people.account(stack.settings, "bi.trom", "19", Role.AUDITOR)
    stolen = post(stack, "/v1/session", "bi.trom").cookies["csdl_session"]
    assert whoami(stack, stolen) == []
    with AccessClient(stack.settings.access, stolen) as access:
        access.call("POST", "/v1/logout", {})
    with stack.refused_at_the_door({"ACC-024": 1}, (owner.id, "", "ACC-024")):
        assert whoami(stack, stolen) == ["ACC-024"]


def _kept(stack: ClosedStack, name: str, change: Callable[[Settings, str], Account]) -> None:
    """Login, session and token from before a change are nothing after it, and stay so in force again."""
    who = people.person(stack.settings, name, "19164101", Role.SCHOOL_OFFICER)
    with who.access() as access:
        token = access.call("POST", "/v1/tokens", {"label": "máy"})["secret"]
    login = post(stack, "/v1/login", name).json()["secret"]
    session = post(stack, "/v1/session", name).cookies["csdl_session"]
    secrets = (login, session, token)
    assert [whoami(stack, each) for each in secrets] == [[], [], []]
    change(stack.settings, name)
    recorded = [(who.account.id, "", "ACC-024")] * 6
    with stack.refused_at_the_door({"ACC-024": 6}, *recorded):
        assert [whoami(stack, each) for each in secrets] == [["ACC-024"]] * 3
        office.reinstate(stack.settings, name, None)
        assert [whoami(stack, each) for each in secrets] == [["ACC-024"]] * 3


def a_session_kept_after_the_account_ended(stack: ClosedStack) -> None:
    _kept(stack, "da.nghi", partial(office.end, on=today()))


def a_session_kept_after_the_account_moved(stack: ClosedStack) -> None:
    _kept(stack, "da.chuyen", partial(office.move, unit="19164102", roles=frozenset()))


def a_session_kept_after_the_account_lost_its_role(stack: ClosedStack) -> None:
    _kept(stack, "doi.vai", partial(office.move, unit="", roles=frozenset({Role.SCHOOL_HEAD})))


def a_login_guessed(stack: ClosedStack) -> None:
    """A hundred at once, under two spellings: counted before they are looked at, so ten are; then nobody,
    not even with the right password. Of the flood the first is on record, all are counted."""
    guessed = people.account(stack.settings, "bị.đoán", "19", Role.DEPARTMENT_OFFICER)

    def guess(n: int) -> int:
        return post(stack, "/v1/login", "bi.đoán" if n % 2 else "BỊ.ĐOÁN ", f"sai mật khẩu {n}").status_code

    recorded = [(guessed.id, "login", "ACC-028")] * LIMIT + [("", "login", "ACC-029")]
    throttled = TRIES - LIMIT
    with stack.refused_at_the_door({"ACC-028": LIMIT, "ACC-029": throttled + 1}, *recorded):
        with ThreadPoolExecutor(20) as pool:
            statuses = list(pool.map(guess, range(TRIES)))
        assert (statuses.count(401), statuses.count(429)) == (LIMIT, throttled)
        right = post(stack, "/v1/login", "bị.đoán")
        assert right.status_code == 429 and int(right.headers["Retry-After"]) > 0
        assert right.headers["content-type"] == "application/problem+json"


def an_account_of_the_same_name_in_other_letters(stack: ClosedStack) -> None:
    """None is made, and none is logged in to; an unknown name and a password too long are told alike."""
    for name, code in (("s0.gđ", "ACC-002"), ("sо.gd", "ACC-001"), ("so.gd\u200b", "ACC-001")):
        new = New(name, "cb.khac", "19", frozenset({Role.AUDITOR}), today())
        assert refusal(office.create, stack.settings, new) == [code]
    typed = [("sо.gd", PASSWORD), ("so.gd\u200b", PASSWORD), ("nobody.at.all", PASSWORD)]
    recorded = [("", "login", "ACC-028")] * 3
    typed += [("so.gd", "x" * 10_000)]
    recorded += [(stack.department.account.id, "login", "ACC-028")]
    with stack.refused_at_the_door({"ACC-028": 4}, *recorded):
        answers = [post(stack, "/v1/login", *each) for each in typed]
    assert len({answer.text for answer in answers}) == 1


ATTACKS: tuple[Callable[[ClosedStack], None], ...] = (
    an_officer_of_one_unit_reads_anothers,
    an_officer_of_one_unit_confirms_anothers,
    the_unit_forged_in_the_request,
    the_role_forged_in_the_request,
    unit_role_and_account_forged_in_the_request,
    an_act_of_another_role,
    a_session_fixed,
    a_session_that_was_never_issued,
    a_session_stolen_and_used_after_logout,
    a_session_kept_after_the_account_ended,
    a_session_kept_after_the_account_moved,
    a_session_kept_after_the_account_lost_its_role,
    a_login_guessed,
    an_account_of_the_same_name_in_other_letters,
)
