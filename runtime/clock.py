"""Whether this machine's clock is right, learnt from the time that Kafka gives to what it sends.

Order and days are taken from Kafka's clock (topics stamp the time), so a clock that is off decides nothing.
It is said all the same: its owner reads logs and sets deadlines by it.
"""

import socket
import time
from collections.abc import Callable
from typing import Final

from kafka.errors import KafkaError

from runtime import kafka
from runtime.settings import Settings
from schemas.errors import Problem
from schemas.topics import CLOCK

OFF: Final = "CLOCK-001"

MAX_SKEW_S: Final = 60.0
"""A clock that NTP keeps is right to a fraction of a second; one minute is the finest that reports and logs
show to people, and no waiting for a broker adds to it."""

PROBE_S: Final = 1.0
"""Longest wait for somebody to listen, where nothing but the clock is asked of Kafka."""

ANSWER_S: Final = 10.0

Clock = Callable[[], float]
"""Seconds since 1970, as ``time.time``."""


class ClockCheck:
    """What one client's messages show: ``sending`` before they are sent, ``stamped`` once one is acked."""

    def __init__(self, now: Clock | None = None) -> None:
        self._now = now or time.time
        self._sent = self._now()
        self.skew_s = 0.0
        """Seconds that this machine is ahead of Kafka, behind if negative: at least so many."""

    def sending(self) -> None:
        """Messages are about to be sent."""
        self._sent = self._now()

    def stamped(self, millis: int) -> None:
        """One of them has come, at this time of Kafka's (ms since 1970)."""
        found = skew(self._sent, self._now(), millis / 1000)
        if abs(found) > abs(self.skew_s):
            self.skew_s = found

    def warnings(self) -> list[Problem]:
        """CLOCK-001 if the clock is off by more than MAX_SKEW_S."""
        if abs(self.skew_s) <= MAX_SKEW_S:
            return []
        return [Problem(OFF, params={"seconds": f"{self.skew_s:+.0f}"})]


def skew(sent: float, acked: float, stamped: float) -> float:
    """Seconds that the clock which read ``sent`` and ``acked`` is ahead of the one that read ``stamped``.

    0 if the stamp lies between the two: however long the broker took, that is no fault of a clock.
    """
    if stamped < sent:
        return sent - stamped
    return min(acked - stamped, 0.0)


def ask(settings: Settings) -> ClockCheck:
    """Send one empty message to learn Kafka's time. Raises KafkaError if it does not take it."""
    check = ClockCheck()
    producer = kafka.producer(
        settings, bootstrap_timeout_ms=kafka.STAND_BY_MS, max_block_ms=int(ANSWER_S * 1000), linger_ms=0
    )
    try:
        check.sending()
        check.stamped(producer.send(CLOCK, b"").get(timeout=ANSWER_S).timestamp)
    finally:
        kafka.abandon(producer)
    return check


def ask_if_reachable(settings: Settings) -> list[Problem]:
    """What is wrong with the clock; nothing, and at once, where no broker is to be had."""
    if not any(_listens(server.strip()) for server in settings.bootstrap_servers.split(",")):
        return []
    try:
        return ask(settings).warnings()
    except KafkaError:
        return []


def _listens(server: str) -> bool:
    host, _, port = server.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=PROBE_S).close()
    except (OSError, ValueError):
        return False
    return True
