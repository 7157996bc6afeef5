"""One request and its answer, without a server."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from producers.gateway import exchange
from producers.gateway.exchange import CROWD_BYTES, DRAIN_BYTES, DRAINS, Exchange
from schemas.errors import ProblemList

PIECE = 1024 * 1024


class Peer:
    """Sends so many pieces; what it is told."""

    def __init__(self, pieces: int) -> None:
        self.left = pieces
        self.told: list[Any] = []

    async def receive(self) -> dict[str, Any]:
        await asyncio.sleep(0)
        self.left -= 1
        return {"type": "http.request", "body": bytes(PIECE), "more_body": self.left > 0}

    async def send(self, message: Any) -> None:
        self.told.append(message)


def begun(peer: Peer) -> Exchange:
    made = Exchange(peer.receive, peer.send, has_body=True)
    made.most = 100 * PIECE
    return made


def test_what_we_take_ourselves_is_no_slowness_of_the_sender(monkeypatch: pytest.MonkeyPatch):
    now = 0.0
    monkeypatch.setattr(exchange, "time", SimpleNamespace(monotonic=lambda: now))
    taken = begun(Peer(3))

    async def slowly() -> None:
        nonlocal now
        while not taken.whole:
            now += 10_000
            await taken.receive()

    asyncio.run(slowly())
    assert taken.received == 3 * PIECE


def test_a_sender_who_sends_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(exchange, "PATIENCE_S", 0.0)
    with pytest.raises(ProblemList, match="GATE-009"):
        asyncio.run(begun(Peer(1)).receive())


@pytest.mark.parametrize(
    ("pieces", "beside", "drained"),
    [(50, 0, 50 * PIECE), (200, 0, DRAIN_BYTES), (2, DRAINS, 2 * PIECE), (50, DRAINS, CROWD_BYTES)],
)
def test_what_nobody_wants_is_read_to_a_bound(
    pieces: int, beside: int, drained: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(Exchange, "draining", beside)
    peer = Peer(pieces)
    refused = begun(peer)

    async def answer() -> None:
        await refused.send({"type": "http.response.start", "status": 401, "headers": []})
        await refused.send({"type": "http.response.body", "body": b"no"})

    asyncio.run(answer())
    start, body, end = peer.told
    assert (b"connection", b"close") in start["headers"]
    assert body == {"type": "http.response.body", "body": b"no", "more_body": True}
    assert end == {"type": "http.response.body", "body": b"", "more_body": False}
    assert refused.received == drained
    assert Exchange.draining == beside


def test_an_answer_to_a_whole_body_keeps_its_connection_and_its_own_headers():
    peer = Peer(1)
    taken = begun(peer)
    taken.headers = {"RateLimit": "r=1"}

    async def answer() -> None:
        await taken.receive()
        headers = [(b"cache-control", b"max-age=60")]
        await taken.send({"type": "http.response.start", "status": 200, "headers": headers})
        await taken.send({"type": "http.response.body", "body": b"yes"})

    asyncio.run(answer())
    said = dict(peer.told[0]["headers"])
    assert said[b"cache-control"] == b"max-age=60" and said[b"ratelimit"] == b"r=1"
    assert b"connection" not in said and peer.told[1]["body"] == b"yes"
