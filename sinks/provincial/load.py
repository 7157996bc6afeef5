"""The shell of load: verdicts from Kafka, a batch a transaction, with rows, versions, answers and offsets."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError
from psycopg2.extensions import connection

from runtime import kafka, metrics, postgres
from runtime.process import Process
from runtime.settings import Settings
from schemas.topics import PARTITIONS, RECORDS_ACCEPTED
from sinks.provincial.arrivals import arrivals
from sinks.provincial.offsets import Offsets
from sinks.provincial.settle import Settled, expire, settle

CONSUMER: Final = "load"
"""Name in the table consumer_offset."""

LINGER_S: Final = 0.1
"""A batch ends so long after its first message …"""

MAX_BYTES: Final = 8 * 1024 * 1024
"""… or at this size: some 10,000 pupils of 115 fields, well above the 5,000 rows a commit should have."""

POLL_RECORDS: Final = 32
EXPIRY_S: Final = 1.0
"""How often to look for pushes that have been open for too long."""

IDLE_IN_TRANSACTION: Final = "15s"
"""A consumer stopped in mid-transaction holds its offsets so long against its successor."""


class Load:
    """One consumer of the verdict topic."""

    def __init__(self, settings: Settings) -> None:
        self._timeout = timedelta(seconds=settings.push_timeout_s)
        self._conn = _connect(settings)
        partitions = [TopicPartition(RECORDS_ACCEPTED, p) for p in range(PARTITIONS)]
        self._offsets, self._positions = Offsets.claim(self._conn, CONSUMER, partitions)
        self._consumer = kafka.consumer(settings)
        self._consumer.assign(partitions)
        for tp, offset in self._positions.items():
            self._consumer.seek(tp, offset)
        self._looked = time.monotonic()

    def step(self) -> None:
        """One batch, or a look at what has been open for too long."""
        records = gather(self._consumer)
        if records:
            self._take(records)
        elif time.monotonic() - self._looked >= EXPIRY_S and self._caught_up():
            self._expire(datetime.now(UTC))

    def close(self) -> None:
        """Let go of Kafka and PostgreSQL."""
        self._consumer.close()
        self._conn.close()

    def _take(self, records: Sequence[Any]) -> None:
        started = time.perf_counter()
        batch, codes = arrivals([(r.value or b"", _time(r.timestamp)) for r in records])
        moved = {TopicPartition(r.topic, r.partition): r.offset + 1 for r in records}
        with self._conn, self._conn.cursor() as cur:
            self._offsets.advance(cur, moved)
            done = settle(cur, batch, datetime.now(UTC))
        self._positions.update(moved)
        metrics.BATCH_SECONDS.labels(CONSUMER).observe(time.perf_counter() - started)
        metrics.MESSAGES.labels(CONSUMER, RECORDS_ACCEPTED).inc(len(records))
        for code in codes:
            metrics.DEAD_LETTERS.labels(RECORDS_ACCEPTED, code).inc()
        _count(done)
        if time.monotonic() - self._looked >= EXPIRY_S:
            # Under load the log's own time decides: what we have not read yet cannot be late.
            last = {(r.topic, r.partition): r.timestamp for r in records}
            self._expire(_time(min(last.values())))

    def _expire(self, clock: datetime) -> None:
        self._looked = time.monotonic()
        with self._conn, self._conn.cursor() as cur:
            self._offsets.hold(cur)
            done = expire(cur, clock, self._timeout)
        _count(done)

    def _caught_up(self) -> bool:
        """Nothing waits in Kafka. Not known (False) while the broker does not answer."""
        try:
            ends = self._consumer.end_offsets(list(self._positions))
        except KafkaError:
            return False
        return all(self._consumer.position(tp) >= end for tp, end in ends.items())


def gather(consumer: KafkaConsumer) -> list[Any]:
    """Messages of one batch, in the order of each partition; empty if none came for a while."""
    records: list[Any] = []
    size = 0
    end = time.monotonic() + LINGER_S
    while size < MAX_BYTES and (left := end - time.monotonic()) > 0:
        polled = consumer.poll(timeout_ms=int(left * 1000) + 1, max_records=POLL_RECORDS)
        for some in polled.values():
            records += some
            size += sum(len(r.value or b"") for r in some)
    return records


def main(settings: Settings) -> None:
    """Load until told to stop."""
    process = Process("load", settings)
    process.start()
    load = Load(settings)
    process.run(load.step)
    load.close()


def _connect(settings: Settings) -> connection:
    conn = postgres.connect(settings, "csdl-load")
    with conn, conn.cursor() as cur:
        cur.execute("SET idle_in_transaction_session_timeout = %s", (IDLE_IN_TRANSACTION,))
    return conn


def _count(done: Settled) -> None:
    for outcome, n in done.outcomes.items():
        metrics.PUSHES.labels(outcome).inc(n)
    for outcome, n in done.records.items():
        metrics.RECORDS.labels(CONSUMER, outcome).inc(n)
    for rule, n in done.refused.items():
        metrics.RECORDS_REFUSED.labels(rule).inc(n)


def _time(millis: int) -> datetime:
    return datetime.fromtimestamp(millis / 1000, UTC)
