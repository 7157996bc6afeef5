"""The shell of load: verdicts from Kafka, a batch a transaction, with rows, versions, answers and offsets."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from kafka.consumer.fetcher import ConsumerRecord

from runtime import metrics, postgres
from runtime.process import Process
from schemas.topics import RECORDS_ACCEPTED, SOURCE_OFFSET
from sinks.postgres.inbox import Batch, Inbox
from sinks.provincial.load.batch import Settled, expire, settle
from sinks.provincial.load.messages import AcceptedMessage, arrivals

CONSUMER: Final = "load"
"""Name in the table consumer_offset."""

LINGER_S: Final = 0.1
"""A batch ends so long after its first message …"""

MAX_BYTES: Final = 8 * 1024 * 1024
"""… or at this size: some 10,000 pupils of 115 fields, well above the 5,000 rows a commit should have."""

EXPIRY_S: Final = 1.0
"""How often to look for pushes that have been open for too long."""

IDLE_IN_TRANSACTION: Final = "15s"
"""A consumer stopped in mid-transaction holds its offsets so long against its successor."""


@dataclass(frozen=True)
class Fetched:
    """One batch, decoded. ``caught_up``: nothing came and nothing waits in Kafka."""

    batch: Batch
    came: list[AcceptedMessage]
    codes: list[str]
    caught_up: bool


class Load(Process):
    """``csdl run load``: one consumer of the verdict topic.

    A second thread fetches and decodes the next batch while PostgreSQL stores this one; it alone touches the
    Kafka client, and what it has fetched counts only when its own transaction has moved the offsets.
    """

    name = "load"

    def open(self) -> None:
        """Take the partitions from whoever read them before, and fetch the first batch."""
        self._timeout = timedelta(seconds=self.settings.push_timeout_s)
        self._conn = self.closes(postgres.connect(self.settings, "csdl-load"))
        with self._conn, self._conn.cursor() as cur:
            cur.execute("SET idle_in_transaction_session_timeout = %s", (IDLE_IN_TRANSACTION,))
        self._inbox = self.closes(Inbox(self.settings, self._conn, CONSUMER, [RECORDS_ACCEPTED]))
        self._looked = time.monotonic()
        self._fetcher = self.closes(
            ThreadPoolExecutor(1, "fetch"), lambda fetcher: fetcher.shutdown(cancel_futures=True)
        )
        self._next = self._fetcher.submit(self._fetch)

    def step(self) -> None:
        """One batch, or a look at what has been open for too long."""
        fetched = self._next.result()
        self._next = self._fetcher.submit(self._fetch)
        if fetched.batch.messages:
            self._take(fetched)
        elif fetched.caught_up:
            self._expire(datetime.now(UTC))

    def _fetch(self) -> Fetched:
        batch = self._inbox.gather(LINGER_S, MAX_BYTES)
        came, codes = arrivals([(m.value or b"", _time(m.timestamp), _source(m)) for m in batch.messages])
        return Fetched(batch, came, codes, self._is_due() and not batch.messages and self._inbox.caught_up())

    def _is_due(self) -> bool:
        return time.monotonic() - self._looked >= EXPIRY_S

    def _take(self, fetched: Fetched) -> None:
        started = time.perf_counter()
        messages = fetched.batch.messages
        with self._conn, self._conn.cursor() as cur:
            self._inbox.take(cur, fetched.batch)
            done = settle(cur, fetched.came, datetime.now(UTC))
        metrics.BATCH_SECONDS.labels(CONSUMER).observe(time.perf_counter() - started)
        metrics.MESSAGES.labels(CONSUMER, RECORDS_ACCEPTED).inc(len(messages))
        for code in fetched.codes:
            metrics.DEAD_LETTERS.labels(RECORDS_ACCEPTED, code).inc()
        _count(done)
        if self._is_due():
            # Under load the log's own time decides: what we have not read yet cannot be late.
            last = {m.partition: m.timestamp for m in messages}
            self._expire(_time(min(last.values())))

    def _expire(self, clock: datetime) -> None:
        self._looked = time.monotonic()
        with self._conn, self._conn.cursor() as cur:
            self._inbox.offsets.hold(cur)
            done = expire(cur, clock, self._timeout)
        _count(done)


def _count(done: Settled) -> None:
    for outcome, n in done.outcomes.items():
        metrics.PUSHES.labels(outcome).inc(n)
    for outcome, n in done.records.items():
        metrics.RECORDS.labels(CONSUMER, outcome).inc(n)
    for rule, n in done.refused.items():
        metrics.RECORDS_REFUSED.labels(rule).inc(n)


def _source(message: ConsumerRecord) -> int:
    """Offset of the vendor's message; -1, before all others, if validation did not say it."""
    return int(dict(message.headers).get(SOURCE_OFFSET, b"-1"))


def _time(millis: int) -> datetime:
    return datetime.fromtimestamp(millis / 1000, UTC)
