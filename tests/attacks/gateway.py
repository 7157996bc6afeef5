"""Attacks with API keys of a grant at the gateway, where a key alone opens."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from tests import people
from tests.attacks import schools
from tests.attacks.closed_stack import ClosedStack
from tests.attacks.keys import proved
from tests.keys import FORGED, shown
from tests.support import run_process

SCHOOL = schools.OF_SMAS


def prove(stack: ClosedStack, secret: str, url: str = "", **more: Any) -> str:
    """The code that refuses a key; "" if it is proved."""
    with _with(stack, secret, url) as client:
        return told(client.get("/v1/self", **more))


def told(answer: httpx.Response) -> str:
    """The code of a refusal."""
    return "" if answer.status_code == 200 else str(answer.json()["code"])


def the_gateway_shown_a_key_that_was_never_issued(stack: ClosedStack) -> None:
    """Counted only, or a stranger could fill the table."""
    secret = shown(stack.credential("cong.doan"))
    wrong = secret[:-1] + ("a" if secret[-1] != "a" else "b")
    with stack.refused_at_the_door({"KEY-101": 2, "GATE-003": 1}, door="gateway"):
        assert prove(stack, wrong) == prove(stack, "csdl_live_nothing_at_all") == "KEY-101"
        assert prove(stack, "") == "GATE-003"


def the_gateway_shown_a_key_after_its_revocation_on_an_open_connection_too(stack: ClosedStack) -> None:
    made = stack.credential("cong.thu.hoi")
    secret = shown(made)
    with _with(stack, secret) as open_connection:
        assert told(open_connection.get("/v1/self")) == ""
        stack.of_credential(made, "revoke")
        with stack.refused_at_the_door({"KEY-102": 2}, proved("KEY-102"), door="gateway"):
            assert told(open_connection.get("/v1/self")) == "KEY-102"
            assert prove(stack, secret) == "KEY-102"


def the_gateway_shown_a_key_again_after_a_restart(stack: ClosedStack) -> None:
    """Of a gateway that has just started nothing of it is remembered: revoked, and rotated without an
    overlap."""
    first, second = stack.credential("cong.khoi.dong"), stack.credential("cong.khoi.dong.2")
    revoked, rotated = shown(first), shown(second)
    stack.of_credential(first, "revoke")
    stack.of_credential(second, "rotate", overlap_hours=0)
    port = people.free_port()
    update = {"data_dir": stack.settings.data_dir / "gateway restarted", "gateway_port": port}
    with run_process("gateway", stack.settings.model_copy(update=update)) as process:
        stack.processes["gateway restarted"] = process
        codes, recorded = {"KEY-102": 1, "KEY-104": 1}, (proved("KEY-102"), proved("KEY-104"))
        with stack.refused_at_the_door(codes, *recorded, door="gateway restarted"):
            assert prove(stack, revoked, f"http://127.0.0.1:{port}") == "KEY-102"
            assert prove(stack, rotated, f"http://127.0.0.1:{port}") == "KEY-104"


def the_gateway_shown_an_expired_key(stack: ClosedStack) -> None:
    made = stack.credential("cong.het.han", days=1)
    secret = shown(made)
    assert prove(stack, secret) == ""
    stack.execute("UPDATE vendor_credential SET expires_at = now() WHERE number = %s", str(made["number"]))
    with stack.refused_at_the_door({"KEY-103": 1}, proved("KEY-103"), door="gateway"):
        assert prove(stack, secret) == "KEY-103"


def the_gateway_shown_a_key_from_another_address_with_forged_headers(stack: ClosedStack) -> None:
    """No proxy is ours here: nobody's header is believed."""
    secret = shown(stack.credential("cong.dia.chi", addresses=["203.0.113.7"]))
    forged = [{name: value} for name, value in FORGED.items()]
    forged += [{"X-Forwarded-For": "203.0.113.7"}, {"X-Forwarded-For": "127.0.0.1, 203.0.113.7"}, {}]
    with stack.refused_at_the_door({"KEY-108": len(forged)}, proved("KEY-108"), door="gateway"):
        assert {prove(stack, secret, headers=headers) for headers in forged} == {"KEY-108"}


def the_gateway_shown_a_test_key_in_production(stack: ClosedStack) -> None:
    secret = shown(stack.credential("cong.thu", test=True))
    with stack.refused_at_the_door({"KEY-109": 1}, proved("KEY-109"), door="gateway"):
        assert prove(stack, secret) == "KEY-109"


def a_key_in_an_address_of_the_gateway(stack: ClosedStack) -> None:
    """Refused as such, not proved: it is on no record of its own, nor in the log."""
    secret = shown(stack.credential("cong.trong.dia.chi"))
    with stack.refused_at_the_door({"GATE-004": 2}, door="gateway"), _with(stack, "") as client:
        assert told(client.get("/v1/self", params={"key": secret})) == "GATE-004"
        assert told(client.get(f"/v1/{secret}")) == "GATE-004"
    assert secret not in stack.processes["gateway"].log.read_text(encoding="utf-8")


def a_persons_token_at_the_gateway(stack: ClosedStack) -> None:
    """Of the head whose school it is: people do not push."""
    with stack.head.access() as access:
        made = access.call("POST", "/v1/tokens", {"label": "cong"})
    with stack.refused_at_the_door({"KEY-101": 1}, door="gateway"):
        assert prove(stack, made["secret"]) == "KEY-101"


@contextmanager
def _with(stack: ClosedStack, secret: str, url: str = "") -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    more: Any = {"headers": headers, "trust_env": False, "timeout": 60}
    with httpx.Client(base_url=url or stack.settings.gateway, **more) as client:
        yield client


ATTACKS: tuple[Callable[[ClosedStack], None], ...] = (
    the_gateway_shown_a_key_that_was_never_issued,
    the_gateway_shown_a_key_after_its_revocation_on_an_open_connection_too,
    the_gateway_shown_a_key_again_after_a_restart,
    the_gateway_shown_an_expired_key,
    the_gateway_shown_a_key_from_another_address_with_forged_headers,
    the_gateway_shown_a_test_key_in_production,
    a_key_in_an_address_of_the_gateway,
    a_persons_token_at_the_gateway,
)
