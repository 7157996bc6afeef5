"""How much waits for validation and load, looked at again and again: above a bound nobody may push.

What waits is counted in messages, as csdl_lag_messages has it: up to 500 records each. While nobody can say
how much that is, the door stays open: what was taken is safe in Kafka whoever is behind, and a broker that is
away says so itself. A door that closed for want of a figure would make an outage of measuring one of ours.
"""

import logging
import random
import time
from contextlib import closing
from dataclasses import dataclass
from math import ceil
from threading import Event, Thread
from typing import Any, Final

import psycopg2
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from runtime import kafka, metrics
from runtime.connections import Connections
from runtime.logs import AGAIN
from runtime.settings import Settings
from schemas.errors import Problem, ProblemList
from schemas.topics import RECORDS_ACCEPTED, VALIDATION_GROUP, in_topic

again = logging.getLogger(AGAIN)

BUSY: Final = "GATE-023"

EVERY_S: Final = 2.0
STALE_S: Final = 20.0
"""A figure that is older says nothing."""

LEAST_S: Final = 10
MOST_S: Final = 300
SPREAD: Final = 0.5
"""So much later, at most, some are told to come again than others: not all of a province at once."""

LOAD: Final = "load"
"""Name of load in the table consumer_offset."""

Offsets = dict[TopicPartition, int]


@dataclass(frozen=True)
class Look:
    """``at`` by the monotonic clock; ``waiting`` messages by stage; ``read``: how far both readers are, the
    sum of their offsets."""

    at: float
    waiting: dict[str, int]
    read: int

    @property
    def most(self) -> int:
        """Of the stage for which most waits."""
        return max(self.waiting.values())


def waiting(committed: Offsets, begins: Offsets, ends: Offsets) -> int:
    """Messages that wait for a reader; what retention has deleted waits no more. Pure."""
    return sum(max(end - max(committed.get(tp, 0), begins[tp]), 0) for tp, end in ends.items())


def retry_after(before: Look, last: Look, bound: int) -> int:
    """Seconds until no more than the bound waits, at the pace between the two looks. Pure."""
    pace = (last.read - before.read) / max(last.at - before.at, EVERY_S / 2)
    needed = (last.most - bound) / pace if pace > 0 else MOST_S
    return min(max(ceil(needed), LEAST_S), MOST_S)


class Pressure:
    """Looks from a thread of its own; asked from any."""

    def __init__(self, settings: Settings, connections: Connections) -> None:
        self._settings, self._connections = settings, connections
        self._before: Look | None = None
        self._last: Look | None = None
        self._stopping = Event()
        self._thread = Thread(target=self._run, daemon=True, name="pressure")

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._stopping.set()
        self._thread.join(timeout=5)

    def refused(self) -> ProblemList | None:
        """Why nobody may push now (GATE-023), or None."""
        before, last, bound = self._before, self._last, self._settings.push_most_waiting
        if last is None or time.monotonic() - last.at > STALE_S or last.most <= bound:
            return None
        wait = retry_after(before or last, last, bound) * (1 + SPREAD * random.random())
        params = {"waiting": last.most, "most": bound, "retry_after": ceil(wait)}
        return ProblemList([Problem(BUSY, params=params)])

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._follow()
            except (KafkaError, psycopg2.Error) as fault:
                again.warning("what waits is not known: %s", type(fault).__name__)
            self._stopping.wait(EVERY_S)

    def _follow(self) -> None:
        limits: dict[str, Any] = {"bootstrap_timeout_ms": kafka.STAND_BY_MS}
        with (
            closing(kafka.admin(self._settings, **limits)) as admin,
            closing(kafka.consumer(self._settings, **limits)) as consumer,
        ):
            while not self._stopping.is_set():
                self._before, self._last = self._last, self._look(admin, consumer)
                for stage, count in self._last.waiting.items():
                    metrics.GATEWAY_WAITING.labels(stage).set(count)
                self._stopping.wait(EVERY_S)

    def _look(self, admin: KafkaAdminClient, consumer: KafkaConsumer) -> Look:
        validated = admin.list_group_offsets([VALIDATION_GROUP])[VALIDATION_GROUP]
        with self._connections.statement() as conn, conn.cursor() as cur:
            cur.execute(
                "SELECT partition, next_offset FROM consumer_offset WHERE consumer = %s AND topic = %s",
                (LOAD, RECORDS_ACCEPTED),
            )
            loaded = {TopicPartition(RECORDS_ACCEPTED, n): offset for n, offset in cur.fetchall()}
        committed = {tp: max(found.offset, 0) for tp, found in validated.items()} | loaded
        found = {"validation": 0, "load": 0}
        inbound = [("validation", in_topic(vendor)) for vendor in self._settings.vendors]
        for stage, topic in [*inbound, ("load", RECORDS_ACCEPTED)]:
            if consumer.partitions_for_topic(topic):  # the ends of one that is not made would be waited for
                partitions = kafka.partitions(topic)
                begins, ends = consumer.beginning_offsets(partitions), consumer.end_offsets(partitions)
                found[stage] += waiting(committed, begins, ends)
        return Look(time.monotonic(), found, sum(committed.values()))
