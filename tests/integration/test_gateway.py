"""The gateway's door on real servers: whose key it is, what it asks, how it is refused."""

import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Semaphore
from typing import Any, Self

import httpx
import pytest
from prometheus_client import REGISTRY

from access.credentials.guesses import MOST, WINDOW_S
from producers.gateway import entrance
from runtime.connections import Connections
from streams.grants.state import Standing
from streams.machines import state_cache
from tests.granted import put_grant
from tests.integration.door import answered, code, execute, head, raw
from tests.integration.gateway import SCHOOL, UNGRANTED, VENDOR
from tests.keys import FORGED
from tests.support import wait_until


def told(answer: Any) -> list[str]:
    """Every code of a refusal."""
    return [each["code"] for each in answer.json()["problems"]]


# Who calls -------------------------------------------------------------------------------------------------


def test_a_key_says_what_it_may_do(door, vendor):
    said = vendor.get("/v1/self")
    assert said.status_code == 200, said.text
    assert (said.json()["vendor"], said.json()["school"]) == (VENDOR, SCHOOL)
    assert said.json()["handle"] == door.credential.handle
    assert said.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "shown",
    [
        {},
        {"Authorization": "Basic Y3NkbA=="},
        {"Authorization": "Bearer"},
        {"X-Api-Key": "csdl_live_x"},
    ],
)
def test_who_shows_no_key_is_told_how(stranger, shown):
    refused = stranger.get("/v1/self", headers=shown)
    assert (refused.status_code, code(refused)) == (401, "GATE-003")
    assert refused.headers["www-authenticate"] == "Bearer" and refused.json()["retryable"] is False


def test_a_key_that_was_never_issued_proves_nobody(door):
    for forged in (door.secret[:-1], door.secret + "x", "csdl_live_\xe9", "csdl_live_" + "x" * 8_000, "abc"):
        with door.client("") as client:
            refused = client.get("/v1/self", headers={"Authorization": f"Bearer {forged}".encode("latin-1")})
        assert (refused.status_code, code(refused)) == (401, "KEY-101")


def test_who_guesses_keys_waits_and_nobody_else(door):
    """Counted by the address of the connection: what a stranger writes into a header is no other one."""
    guesser = httpx.HTTPTransport(local_address="127.0.0.77")
    with door.client("", transport=guesser) as client:
        said = []
        for n in range(MOST + 1):
            forged = {"Authorization": f"Bearer csdl_live_guess{n}", "X-Forwarded-For": f"203.0.113.{n}"}
            said.append(client.get("/v1/self", headers=forged))
        assert {(each.status_code, code(each)) for each in said[:-1]} == {(401, "KEY-101")}
        last = said[-1]
        assert (last.status_code, code(last), last.json()["retryable"]) == (429, "KEY-112", True)
        assert 0 < int(last.headers["retry-after"]) <= WINDOW_S
        fresh, _ = door.key()
        assert client.get("/v1/self", headers={"Authorization": f"Bearer {fresh}"}).status_code == 429
        body = client.post("/v1/pushes", content=b"{}" * 1_000_000, headers={"Authorization": "Bearer x"})
        assert (body.status_code, code(body)) == (429, "KEY-112")
        with door.client(fresh) as elsewhere:
            assert elsewhere.get("/v1/self").status_code == 200
        assert client.get("/v1/self", headers={"Authorization": f"Bearer {fresh}"}).status_code == 200
        assert client.get("/v1/rules").status_code == 200


def test_two_keys_at_once_are_none(door):
    again = f"Authorization: Bearer {door.secret}"
    with raw(door, *head(door, again, asks="GET /v1/self")) as it:
        assert '"GATE-003"' in answered(it)


def test_headers_have_their_bound(vendor):
    refused = vendor.get("/v1/self", headers={"X-Long": "a" * 20_000})
    assert (refused.status_code, code(refused)) == (431, "GATE-015")


@pytest.mark.parametrize(
    "query",
    [
        "?key={}",
        "?limit={}",
        "?access_token=x",
        "?API-Key=x",
        "?x=1&authorization=Bearer%20{}",
        "?{}",
        "?csdl%5Flive%5Fabc",
    ],
)
def test_a_key_in_an_address_is_refused_with_or_without_one_in_the_header(
    door, vendor, stranger, query, caplog
):
    for client in (vendor, stranger):
        refused = client.get("/v1/bodies/a" + query.format(door.secret))
        assert (refused.status_code, code(refused)) == (400, "GATE-004")
        assert door.secret not in refused.text
    assert door.secret not in caplog.text


def test_a_key_ends_on_a_connection_that_stands(door):
    secret, one = door.key()
    with door.client(secret) as client:
        assert client.get("/v1/self").status_code == 200
        execute(door, "UPDATE vendor_credential SET revoked_at = now() WHERE number = %s", one.number)
        assert code(client.get("/v1/self")) == "KEY-102"


@pytest.mark.parametrize(
    ("column", "refusal"), [("expires_at", "KEY-103"), ("ends_at", "KEY-104"), ("deactivated_at", "KEY-105")]
)
def test_an_ended_key_is_told_what_ended_it(door, column, refusal):
    secret, one = door.key()
    execute(door, f"UPDATE vendor_credential SET {column} = now() WHERE number = %s", one.number)
    with door.client(secret) as client:
        assert (client.get("/v1/self").status_code, code(client.get("/v1/self"))) == (401, refusal)


@pytest.mark.parametrize(
    ("standing", "refusal"),
    [(Standing.SUSPENDED, "KEY-106"), (Standing.REVOKED, "KEY-107"), (Standing.EXPIRED, "KEY-107")],
)
def test_a_grant_that_is_not_in_force_any_more_ends_its_keys(door, standing, refusal):
    secret, _ = door.key(UNGRANTED)
    put_grant(door.settings, VENDOR, UNGRANTED)
    with door.client(secret) as client:
        wait_until(lambda: client.get("/v1/self").status_code == 200)
        put_grant(door.settings, VENDOR, UNGRANTED, standing)
        wait_until(lambda: client.get("/v1/self").status_code == 403)
        assert code(client.get("/v1/self")) == refusal


def test_a_test_key_is_none_in_production(door):
    secret, _ = door.key(test=True)
    with door.client(secret) as client:
        assert (client.get("/v1/self").status_code, code(client.get("/v1/self"))) == (403, "KEY-109")


def test_an_address_is_believed_of_a_proxy_of_ours_alone(door):
    secret, _ = door.key(addresses=("203.0.113.7",))
    ours = httpx.HTTPTransport(local_address="127.0.0.9")
    for headers in [{name: value} for name, value in FORGED.items()] + [
        {"X-Forwarded-For": "203.0.113.7"},
        {},
    ]:
        with door.client(secret) as client:
            assert code(client.get("/v1/self", headers=headers)) == "KEY-108"
    with door.client(secret, transport=ours) as client:
        said = client.get("/v1/self", headers={"X-Forwarded-For": "10.0.0.1, 203.0.113.7"})
        assert (said.status_code, said.json()["address"]) == (200, "203.0.113.7")
        assert code(client.get("/v1/self", headers={"X-Forwarded-For": "203.0.113.7, 10.0.0.1"})) == "KEY-108"


# What is asked ---------------------------------------------------------------------------------------------


def test_what_is_no_path_and_no_method_is_told(vendor):
    assert (vendor.get("/v1/nothing").status_code, code(vendor.get("/v2/self"))) == (404, "GATE-001")
    assert code(vendor.get("/v1/self/")) == "GATE-001"
    assert code(vendor.get("/v1/bodies/a%00b")) == "GATE-001"
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"):
        refused = vendor.request(method, "/v1/bodies/a")
        assert (refused.status_code, code(refused)) == (405, "GATE-002")
        assert refused.headers["allow"] == "GET, HEAD"


def test_head_says_what_get_says_without_its_body(vendor, stranger):
    said, got = vendor.head("/v1/self"), vendor.get("/v1/self")
    assert (said.status_code, said.content) == (200, b"")
    assert said.headers["content-length"] == got.headers["content-length"]
    assert stranger.head("/v1/self").status_code == 401


def test_a_parameter_that_the_path_does_not_know_is_named_with_the_nearest(vendor):
    refused = vendor.get("/v1/bodies/a?limt=5&dryrun=1&zzzz=1&limit=2&limit=3&part=a&part=b")
    assert refused.status_code == 400
    assert told(refused) == ["GATE-005", "GATE-005", "GATE-005", "GATE-007"]
    said = [each["message_en"] for each in refused.json()["problems"]]
    assert "limt; the nearest is limit" in said[0] and "dryrun; the nearest is dry_run" in said[1]
    assert [each["place"]["field"] for each in refused.json()["problems"]] == [
        "limt",
        "dryrun",
        "zzzz",
        "limit",
    ]


@pytest.mark.parametrize("query", ["limit=x", "limit=0", "limit=", "part=a%00b", "part=%ff", "dry_run=maybe"])
def test_a_value_that_is_not_of_its_form_is_named_and_not_repeated(vendor, query):
    refused = vendor.get(f"/v1/bodies/a?{query}")
    assert (refused.status_code, code(refused)) == (400, "GATE-006")


def test_ids_of_10_kb_are_no_ids(vendor):
    for address in (
        "/v1/bodies/" + "a" * 10_000,
        "/v1/bodies/a?part=" + "a" * 10_000,
        "/v1/bodies/a?" + "b" * 10_000,
    ):
        refused = vendor.get(address)
        assert (refused.status_code, code(refused)) == (414, "GATE-013") and len(refused.content) < 1_000


def test_a_path_that_takes_no_body_takes_none(vendor):
    assert code(vendor.request("GET", "/v1/self", content=b"x")) == "GATE-014"


def test_an_answer_is_not_held_back_for_the_receipt_of_its_head(door):
    """On a connection that stands: each answer came 40 ms late."""
    with door.process.listening.dup() as listening:
        assert listening.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


# What is not ours to tell ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "status", "refusal"),
    [
        ("database", 503, "GATE-018"),
        ("broker", 503, "GATE-017"),
        ("disk", 503, "GATE-011"),
        ("several", 503, "GATE-018"),
        ("ours", 500, "STK-019"),
    ],
)
def test_a_fault_of_ours_is_never_the_senders(vendor, kind, status, refusal, caplog):
    refused = vendor.get(f"/v1/faults/{kind}")
    assert (refused.status_code, code(refused), refused.json()["retryable"]) == (status, refusal, True)
    assert ("retry-after" in refused.headers) == (status == 503)
    for secret in ("10.0.0.9", "Nguyễn", "0123456789", "ValueError"):
        assert secret not in refused.text
    assert "Nguyễn" not in caplog.text and "10.0.0.9" not in caplog.text


def test_a_database_that_is_away_is_no_wrong_key(door, vendor, monkeypatch):
    nowhere = door.settings.model_copy(
        update={"database_url": type(door.settings.database_url)("postgresql://x@127.0.0.1:1/x")}
    )
    monkeypatch.setattr(door.process.parts, "connections", Connections(nowhere, "csdl-gateway"))
    refused = vendor.get("/v1/self")
    assert (refused.status_code, code(refused)) == (503, "GATE-018") and refused.headers["retry-after"]


def test_a_database_that_hangs_keeps_nobody_waiting_at_the_door(door, vendor, monkeypatch):
    """Proofs that have begun wait for it; who comes after them is told."""
    monkeypatch.setattr(entrance, "PROOF_S", 0.1)
    with Hanging(door.process.parts.granted, "get", monkeypatch, lambda *_: None) as hanging:
        hanging.ask(lambda: vendor.get("/v1/self"))
        refused = vendor.get("/v1/self")
    assert (refused.status_code, code(refused)) == (503, "GATE-018")


def test_keys_of_ended_grants_hold_up_nobody_while_the_broker_is_away(door, vendor, monkeypatch):
    """Before they are refused what the machine said last is waited for."""
    secret, _ = door.key("19164198")
    with (
        door.client(secret) as ended,
        Hanging(door.process.parts.granted, "up_to_now", monkeypatch, lambda: None) as hanging,
    ):
        hanging.ask(lambda: ended.get("/v1/self"))
        assert vendor.get("/v1/self").status_code == 200


class Hanging:
    """A method that answers nothing until the block ends, asked as often as proofs are made at once."""

    def __init__(self, of: object, name: str, monkeypatch: Any, then: Callable[..., Any]) -> None:
        self._ends, self._asked = Event(), Semaphore(0)
        self._pool = ThreadPoolExecutor(entrance.PROOFS_AT_ONCE)
        self._then = then
        monkeypatch.setattr(of, name, self._hang)

    def _hang(self, *args: Any) -> Any:
        self._asked.release()
        self._ends.wait()
        return self._then(*args)

    def ask(self, request: Callable[[], Any]) -> None:
        for _ in range(entrance.PROOFS_AT_ONCE):
            self._pool.submit(request)
        for _ in range(entrance.PROOFS_AT_ONCE):
            self._asked.acquire()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._pool.shutdown()


def test_a_broker_that_is_away_is_no_ended_grant(door, monkeypatch):
    """A refusal waits for what the machine said last; where nobody can say, nothing is refused."""
    secret, _ = door.key("19164199")
    monkeypatch.setattr(state_cache, "CATCH_UP_S", 0.0)
    with door.client(secret) as client:
        refused = client.get("/v1/self")
    assert (refused.status_code, code(refused)) == (503, "GATE-017") and refused.headers["retry-after"]


# What is counted -------------------------------------------------------------------------------------------


def test_requests_are_counted_by_what_became_of_them(door, vendor, stranger):
    def counted(outcome: str) -> float:
        return REGISTRY.get_sample_value("csdl_gateway_requests_total", {"outcome": outcome}) or 0.0

    def refused(rule: str) -> float:
        return REGISTRY.get_sample_value("csdl_gateway_refused_total", {"rule": rule}) or 0.0

    before = [counted("done"), counted("refused"), counted("unable"), counted("failed"), refused("GATE-003")]
    vendor.get("/v1/self")
    stranger.get("/v1/self")
    vendor.get("/v1/faults/broker")
    vendor.get("/v1/faults/ours")
    after = [counted("done"), counted("refused"), counted("unable"), counted("failed"), refused("GATE-003")]
    assert [b - a for a, b in zip(before, after, strict=True)] == [1, 1, 1, 1, 1]
