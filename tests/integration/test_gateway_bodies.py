"""What comes in at the gateway's door: large, slow and garbled bodies, on real servers."""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any

import psutil
import pytest
import requests
from prometheus_client import REGISTRY

from producers.gateway import exchange
from runtime import http_connection, kafka
from schemas.topics import in_topic
from tests.integration import door_paths
from tests.integration.door import answered, code, execute, head, heard, memory, raw
from tests.integration.gateway import VENDOR, Served
from tests.support import wait_until

LARGE = 16 * 1024 * 1024
"""Much more than is read of what nobody wants, and than lies on the way."""
AGAIN = 20


def zeros(size: int, piece: int = 64 * 1024) -> Iterator[bytes]:
    """A body that does not say its length."""
    for _ in range(size // piece):
        yield bytes(piece)


# Bodies ----------------------------------------------------------------------------------------------------


def test_a_body_comes_whole(vendor):
    assert vendor.post("/v1/bodies", content=zeros(2**20)).json() == {"bytes": 2**20}
    assert vendor.post("/v1/bodies", content=b"").json() == {"bytes": 0}


def test_a_strangers_large_body_is_refused_unread_and_the_refusal_is_read(door, stranger):
    """By clients that read nothing before all is sent, with a length and without, one after the other."""
    large = bytes(LARGE)
    before, begun = memory(), list(door_paths.BEGUN)
    for _ in range(AGAIN):
        with door.client("") as anew:
            assert code(anew.post("/v1/bodies", content=zeros(LARGE))) == "GATE-003"
        assert code(stranger.post("/v1/bodies", content=large)) == "GATE-003"
        assert code(requests.post(f"{door.url}/v1/bodies", data=large, timeout=60)) == "GATE-003"
    assert begun == door_paths.BEGUN
    assert memory() - before < 100


def test_who_asks_before_sending_is_answered_without_the_body(door):
    with raw(door, *head(door, f"Content-Length: {LARGE}", "Expect: 100-continue", key=False)) as it:
        said = answered(it)
        assert said.startswith("HTTP/1.1 401") and "100 Continue" not in said
    with raw(door, *head(door, "Content-Length: 5", "Expect: 100-continue", "Connection: close")) as it:
        assert answered(it).startswith("HTTP/1.1 100")
        it.sendall(b"12345")
        assert heard(it).endswith('{"bytes":5}')


def test_a_refusal_comes_before_the_body_of_a_slow_writer(door):
    for _ in range(AGAIN):
        with raw(door, *head(door, f"Content-Length: {LARGE}", key=False)) as it:
            it.sendall(b"x")
            assert answered(it).startswith("HTTP/1.1 401")


def test_a_body_that_says_it_is_too_large_is_not_begun(door, vendor):
    begun = list(door_paths.BEGUN)
    with raw(door, *head(door, "Content-Length: 104857600")) as it:
        said = answered(it)
    assert said.startswith("HTTP/1.1 413") and '"GATE-008"' in said
    with raw(door, *head(door, "Content-Length: 99999999999999999999")) as it:
        assert answered(it).startswith("HTTP/1.1 413")
    assert begun == door_paths.BEGUN


def test_a_body_that_does_not_say_is_counted(door, monkeypatch):
    monkeypatch.setattr(door.process.parts, "settings", door.settings.model_copy(update={"push_max_mb": 1}))
    with door.client() as client:
        assert code(client.post("/v1/bodies", content=zeros(LARGE))) == "GATE-008"
        assert client.post("/v1/bodies", content=zeros(2**20)).json() == {"bytes": 2**20}


def test_a_body_of_two_lengths_is_none(door):
    with raw(door, *head(door, "Content-Length: 5", "Transfer-Encoding: chunked", "Connection: close")) as it:
        it.sendall(b"0\r\n\r\n")
        assert heard(it).startswith("HTTP/1.1 400")


def test_a_body_that_comes_too_slowly_is_given_up(door, monkeypatch):
    monkeypatch.setattr(exchange, "PATIENCE_S", 0.1)
    monkeypatch.setattr(exchange, "DRAIN_S", 0.1)
    with raw(door, *head(door, "Content-Length: 1000")) as it:
        it.sendall(b"12345")
        said = heard(it)
    assert said.startswith("HTTP/1.1 408") and '"retryable":true' in said


def test_a_key_that_ends_while_its_body_comes_has_sent_nothing(door, monkeypatch):
    monkeypatch.setattr(exchange, "LONG_S", 0.0)
    secret, one = door.key()
    with raw(door, *head(door, f"Authorization: Bearer {secret}", "Content-Length: 10", key=False)) as it:
        it.sendall(b"12345")
        wait_until(lambda: door_paths.BEGUN)
        execute(door, "UPDATE vendor_credential SET revoked_at = now() WHERE number = %s", one.number)
        it.sendall(b"67890")
        assert '"KEY-102"' in answered(it)


def test_one_keys_bodies_do_not_keep_another_out(door, vendor):
    """It is told at the first that is too many; whose are let go of, whose room is there again."""
    other, _ = door.key()
    with ExitStack() as open_ones:
        slow = [open_ones.enter_context(raw(door, *head(door, "Content-Length: 9"))) for _ in range(16)]
        wait_until(lambda: vendor.post("/v1/bodies", content=b"x").status_code == 429)
        refused = vendor.post("/v1/bodies", content=b"x")
        assert code(refused) == "GATE-010" and refused.headers["retry-after"] and refused.json()["retryable"]
        with door.client(other) as client:
            assert client.post("/v1/bodies", content=b"x").status_code == 200
        for it in slow:
            it.sendall(b"123456789")
            assert answered(it).startswith("HTTP/1.1 200")
    wait_until(lambda: vendor.post("/v1/bodies", content=b"x").status_code == 200)


# Who is slow, and what is no HTTP --------------------------------------------------------------------------


def test_a_thousand_slow_clients_do_not_stop_the_others(door, vendor, monkeypatch):
    """Half a head, half a body of a stranger, half a body of a key, nothing at all."""
    with ExitStack() as open_ones:
        kinds: tuple[list[str], ...] = (
            ["POST /v1/bodies HTTP/1.1", "Host: x"],
            head(door, "Content-Length: 1000", key=False),
            head(door, "Content-Length: 1000"),
            [],
        )
        for n in range(1_000):
            open_ones.enter_context(raw(door, *kinds[n % len(kinds)]))
        assert vendor.get("/v1/self").status_code == 200
        other, _ = door.key()
        with door.client(other) as client:
            assert client.post("/v1/bodies", content=zeros(2**20)).json() == {"bytes": 2**20}


@pytest.mark.parametrize("lines", [["GET /v1/self HTTP/1.1", "Host: x"], []])
def test_half_a_head_is_not_waited_for(door, monkeypatch, lines):
    monkeypatch.setattr(http_connection, "HEAD_S", 0.2)
    with raw(door, *lines) as it:
        assert heard(it) == ""


def test_half_a_head_after_an_answer_is_not_waited_for_either(door, monkeypatch):
    monkeypatch.setattr(http_connection, "HEAD_S", 0.2)
    with raw(door, *head(door, asks="GET /v1/self")) as it:
        assert answered(it).startswith("HTTP/1.1 200")
        it.sendall(b"GET /v1/self HTTP/1.1\r\n")
        assert heard(it) == ""


def test_who_reads_no_answer_is_let_go(door, monkeypatch):
    monkeypatch.setattr(http_connection, "READ_S", 0.1)
    with raw(door, *head(door, asks="GET /v1/large")) as it:
        assert it.recv(1)
        wait_until(lambda: not connections(door))
        assert len(heard(it)) < door_paths.LARGE


def connections(door: Served) -> list[Any]:
    """Those that the gateway holds."""
    every = psutil.Process().net_connections("tcp")
    return [c for c in every if c.laddr.port == door.port and c.status == psutil.CONN_ESTABLISHED]


def test_who_leaves_in_the_middle_of_a_body_is_no_fault_of_ours(door, caplog):
    before = counted("gone")
    with raw(door, *head(door, "Content-Length: 1000")) as it:
        it.sendall(b"12345")
    wait_until(lambda: counted("gone") > before)
    assert "failed" not in caplog.text


def counted(outcome: str) -> float:
    """Requests that ended so."""
    return REGISTRY.get_sample_value("csdl_gateway_requests_total", {"outcome": outcome}) or 0.0


@pytest.mark.parametrize("asked", [False, True], ids=["nothing", "once"])
def test_who_has_asked_nothing_for_longest_makes_room(door, vendor, monkeypatch, asked):
    """Whether they had an answer before or not."""
    with ExitStack() as open_ones:
        lines = head(door, asks="GET /v1/self") if asked else []
        waiting = []
        for _ in range(5):
            waiting.append(open_ones.enter_context(raw(door, *lines)))
            assert not asked or answered(waiting[-1]).startswith("HTTP/1.1 200")
        assert vendor.get("/v1/self").status_code == 200
        monkeypatch.setattr(http_connection, "CONNECTIONS", 5)
        with door.client() as another:
            assert another.get("/v1/self").status_code == 200
        assert heard(waiting[0]) == ""


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64),
        b"GET\r\n\r\n",
        b"GET /v1/self HTTP/1.1\r\n\r\n",
        b"GET /v1/self HTTP/1.1\r\nHost: x\r\nBad header\r\n\r\n",
        b"POST /v1/bodies HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /v1/bodies HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST /v1/bodies HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n",
    ],
    ids=range(7),
)
def test_what_is_no_http_is_told_as_every_other_refusal(door, sent):
    with raw(door) as it:
        it.sendall(sent)
        said = heard(it)
    assert "application/problem+json" in said and '"GATE-012"' in said


def test_a_body_in_garbled_chunks_is_told_and_ends_its_request(door, vendor):
    with raw(door, *head(door, "Transfer-Encoding: chunked")) as it:
        it.sendall(b"5\r\n12345\r\nZZZZ\r\n")
        assert '"GATE-012"' in heard(it)
    assert vendor.get("/v1/self").status_code == 200


def test_malformed_requests_leave_memory_flat_and_the_stream_untouched(door, vendor, ends):
    before, garbled = ends(), Garbled(door)
    for n in range(500):
        garbled.send(n)
    small = memory()
    for n in range(1_500):
        garbled.send(n)
    assert memory() - small < 10
    assert ends() == before and vendor.get("/v1/self").status_code == 200


@pytest.fixture
def ends(door) -> Callable[[], Any]:
    """Of the vendor's topic."""

    def asked() -> Any:
        with closing(kafka.consumer(door.settings)) as consumer:
            return consumer.end_offsets(kafka.partitions(in_topic(VENDOR)))

    return asked


class Garbled:
    """Sends one kind of malformed request after the other, on a connection that is kept where it can be."""

    def __init__(self, door: Served) -> None:
        self._door = door
        self._it: socket.socket | None = None
        proved = f"Host: x\r\nAuthorization: Bearer {door.secret}\r\n".encode()
        self._kinds = (
            b"GET /v1/x HTTP/1.1\r\nHost: x\r\n\r\n",
            b"GET /v1/self?key=1 HTTP/1.1\r\nHost: x\r\n\r\n",
            b"GET\r\n\r\n",
            b"PUT /v1/self HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc",
            b"POST /v1/bodies HTTP/1.1\r\n" + proved + b"Transfer-Encoding: chunked\r\n\r\nZ\r\n",
            b"GET /v1/bodies/a?zz=1 HTTP/1.1\r\n" + proved + b"\r\n",
        )

    def send(self, n: int) -> None:
        it = self._it or socket.create_connection(("127.0.0.1", self._door.port), timeout=60)
        it.sendall(self._kinds[n % len(self._kinds)])
        said = answered(it)
        assert said.startswith("HTTP/1.1 4"), said
        closes = "connection: close" in said.lower()
        self._it = None if closes else it
        if closes:
            it.close()
