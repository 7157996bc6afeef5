"""The one producer of all pushes, and what becomes of it when the broker does not answer.

A producer that has failed for good says so of every later message; the next push gets a new one. Nobody waits
longer than some seconds for it: a sender with a key comes again, and goes on.
"""

import logging
import time
from collections.abc import Sequence
from threading import Lock, Thread
from typing import Any, Final

from kafka import KafkaProducer
from kafka.errors import KafkaError

from producers import client
from producers.client import Message, PushReceipt
from runtime import kafka
from runtime.clock import ClockCheck
from runtime.settings import Settings
from schemas.errors import Problem, ProblemList
from schemas.topics import MAX_UNDER_WAY_MS, UNDER_WAY

log = logging.getLogger("csdl")

AWAY: Final = "GATE-017"

CONFIRM_S: Final = 10.0
"""Within which the broker has what it was sent, chunks and closing each."""

_BOUNDS: Final[dict[str, Any]] = {
    "bootstrap_timeout_ms": 3_000,
    "max_block_ms": 5_000,
    "linger_ms": 0,
    "request_timeout_ms": 6_000,
    "delivery_timeout_ms": 8_000,
}
"""Below CONFIRM_S: what we gave up must not arrive long after its sender was told so."""

TURN_S: Final = 5.0
"""Longest wait while another push makes the producer."""

RESTS_S: Final = 2.0
"""After a push that the broker did not take, others are told so at once: who waits behind them would wait for
all their patience together."""

CLOSE_S: Final = 5.0
RETRY_AFTER_S: Final = 5


class Outgoing:
    """Sends pushes, for any thread. Made without a look at the broker."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._making = Lock()
        self._producer: KafkaProducer | None = None
        self._rests_until = 0.0

    def look(self) -> None:
        """Before a push is read. Raises ProblemList (GATE-017) if the broker has just not answered."""
        if time.monotonic() < self._rests_until:
            raise _away()

    def send(self, receipt: PushReceipt, chunks: Sequence[Message], began: float) -> PushReceipt:
        """Send a push; it returns once the broker has all of it, with the closing time. ``began``: the
        moment (monotonic) of its request: pushes of both doors are ordered by when they were begun.

        Raises ProblemList (GATE-017) if it does not say so in time. What it has then is a part, or all.
        """
        under_way = int((time.monotonic() - began) * 1000)
        headers = [(UNDER_WAY, str(min(under_way, MAX_UNDER_WAY_MS)).encode())]
        try:
            producer = self._own()
            try:
                return client.send(producer, receipt, chunks, ClockCheck(), CONFIRM_S, headers=headers)
            except BaseException:
                self._give_up(producer)
                raise
        except (KafkaError, ProblemList) as fault:
            said = fault if isinstance(fault, KafkaError) else fault.problems[0].params.get("reason", "")
            why = type(said).__name__ if isinstance(said, KafkaError) else said
            log.warning("a push was not taken by the broker: %s", why)
            self._rests_until = time.monotonic() + RESTS_S
            raise _away() from None

    def close(self) -> None:
        """Let go of the producer, once it has sent what it has."""
        with self._making:
            producer, self._producer = self._producer, None
        if producer is not None:
            producer.close(timeout=CLOSE_S)

    def _own(self) -> KafkaProducer:
        """Raises KafkaError."""
        if not self._making.acquire(timeout=TURN_S):
            raise KafkaError("no producer in time")
        try:
            if self._producer is None:
                self._producer = kafka.producer(self._settings, **_BOUNDS)
            return self._producer
        finally:
            self._making.release()

    def _give_up(self, producer: KafkaProducer) -> None:
        """Others that send by it fail too, or are done before it is closed."""
        with self._making:
            if self._producer is not producer:
                return
            self._producer = None
        Thread(target=_close, args=(producer,), daemon=True, name="a producer's end").start()


def _away() -> ProblemList:
    return ProblemList([Problem(AWAY, params={"retry_after": RETRY_AFTER_S})])


def _close(producer: KafkaProducer) -> None:
    try:
        producer.close(timeout=CLOSE_S)
    except KafkaError:
        kafka.abandon(producer)
