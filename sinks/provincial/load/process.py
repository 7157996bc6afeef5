"""The shell of load: verdicts and removals from Kafka, a batch a transaction, with rows, versions, answers
and offsets."""

import logging
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Final

from kafka.consumer.fetcher import ConsumerRecord

from runtime import kafka, metrics, postgres, reading
from runtime.process import Process
from runtime.settings import Settings
from schemas import datasets as dataset_ids
from schemas.encoding.native import library
from schemas.errors import ProblemList
from schemas.topics import (
    RECORDS_ACCEPTED,
    RECORDS_REMOVALS,
    SOURCE_BEGAN,
    SOURCE_FAULT,
    SOURCE_OFFSET,
    SOURCE_TIME,
)
from sinks.postgres.inbox import Batch, Inbox
from sinks.provincial.load import schools_acts
from sinks.provincial.load.batch import Settled, expire, settle
from sinks.provincial.load.messages import AcceptedMessage, Verdict, arrivals, is_closing
from sinks.provincial.load.pushes import Limits, PushKey
from sinks.provincial.load.read_up_to import ReadUpTo
from sinks.provincial.load.removals import Asked
from sinks.provincial.records import secret
from sinks.provincial.records.ledger import Seen
from sinks.provincial.records.mac import Mac

log = logging.getLogger("csdl")

CONSUMER: Final = "load"
"""Name in the table consumer_offset."""

LINGER_S: Final = 0.03
"""A batch ends so long after its first message, if the one before is stored and every push in it closed:
what comes in two batches has to be put aside, taken back and decoded once more …"""

CLOSE_BEHIND_S: Final = 0.4
"""… or so long, if it began as short a time after the one before: two pushes cost little more than one …"""

CROWD_S: Final = 0.9
"""… or so long, if the one before held several pushes: where schools stand in a queue, four in one batch cost
half of what two in two do, and one more moment is not felt …"""

UNCLOSED_S: Final = 0.2
"""… and so much more, if a push is not closed …"""

MAX_BYTES: Final = 8 * 1024 * 1024
"""… or at this size: some 10,000 pupils of 115 fields, well above the 5,000 rows a commit should have."""

LOOKS: Final = 10
"""In the time that a push may be open, it is looked so often whether one has been so for too long."""

KEY_WAIT_S: Final = 2.0
"""How often to look whether the province's key is there."""

IDLE_IN_TRANSACTION: Final = "15s"
"""A consumer stopped in mid-transaction holds its offsets so long against its successor."""


@dataclass(frozen=True)
class Decoded:
    """What a batch holds. ``codes``: (topic, code) of what of the verdicts cannot be read."""

    came: list[AcceptedMessage]
    acts: list[Asked]
    misfits: list[tuple[ConsumerRecord, str]]
    codes: list[tuple[str, str]]

    @classmethod
    def of(cls, batch: Batch) -> "Decoded":
        """Raises what a message makes the decoders raise."""
        verdicts, misfits = _readable([m for m in batch.messages if m.topic == RECORDS_ACCEPTED])
        came, codes = arrivals([_verdict(m) for m in verdicts])
        acts, odd = _acts([m for m in batch.messages if m.topic == RECORDS_REMOVALS])
        return cls(came, acts, misfits + odd, [(RECORDS_ACCEPTED, code) for code in codes])


@dataclass(frozen=True)
class Fetched:
    """One batch, decoded if it could be as a whole. ``read_up_to``: vendor → Kafka's time up to which nothing
    more of theirs comes."""

    batch: Batch
    decoded: Decoded | None
    read_up_to: dict[str, datetime]


class Load(Process):
    """``csdl run load``: one consumer of the verdict topic and of the schools' removals.

    A second thread fetches and decodes the next batch while PostgreSQL stores this one; it alone touches the
    Kafka client, and what it has fetched counts only when its own transaction has moved the offsets.
    """

    name = "load"

    def open(self) -> None:
        """Take the partitions from whoever read them before, and fetch the first batch."""
        log.info("records are read %s", "in C" if library.library() else "in Python alone")
        self._limits = limits(self.settings)
        self._conn = self.closes(postgres.connect(self.settings, "csdl-load"))
        with self._conn, self._conn.cursor() as cur:
            cur.execute("SET idle_in_transaction_session_timeout = %s", (IDLE_IN_TRANSACTION,))
        topics = [RECORDS_ACCEPTED, RECORDS_REMOVALS]
        self._mac = self._wait_for_key()
        with self._conn, self._conn.cursor() as cur:
            self._seen = Seen(cur)
        self._inbox = self.closes(Inbox(self.settings, self._conn, CONSUMER, topics, self.share))
        self._read_up_to = self.closes(
            ReadUpTo(self.settings, self.share.partitions(), every_s=self.settings.push_timeout_s / LOOKS)
        )
        self._stored_at, self._crowd = -CROWD_S, False
        self._wanted = Event()
        """PostgreSQL has nothing to store."""

        self._fetcher = self.closes(ThreadPoolExecutor(1, "fetch"), self._end_fetching)
        self._next = self._fetcher.submit(self._fetch)

    def step(self) -> None:
        """One batch, then a look at what has been open for too long."""
        self._wanted.set()
        fetched = self._next.result()
        self._wanted.clear()
        self._next = self._fetcher.submit(self._fetch)
        if fetched.batch.messages:
            self._take(fetched)
            self._stored_at = time.monotonic()
            self._crowd = sum(is_closing(m.value or b"") for m in fetched.batch.messages) > 1
        for vendor, at in fetched.read_up_to.items():
            self._expire(vendor, at)

    def _end_fetching(self, fetcher: ThreadPoolExecutor) -> None:
        self._wanted.set()
        fetcher.shutdown(cancel_futures=True)

    def _wait_for_key(self) -> Mac:
        """The key that the ledger was made with. Without it nothing may be loaded: wait, and say so once."""
        said = False
        while True:
            try:
                with self._conn, self._conn.cursor() as cur:
                    return secret.opened(self.settings, cur)
            except ProblemList as missing:
                if not said:
                    for problem in missing.problems:
                        log.error("%s %s %s", problem.code, problem.place, " / ".join(problem.messages()))
                said = True
                time.sleep(KEY_WAIT_S)

    def _fetch(self) -> Fetched:
        batch = self._inbox.gather(MAX_BYTES, self._is_due)
        read_up_to = self._read_up_to.now(self._inbox.position)
        try:
            return Fetched(batch, Decoded.of(batch), read_up_to)
        except Exception as fault:
            if not reading.of_the_message(fault):
                raise
            return Fetched(batch, None, read_up_to)

    def _is_due(self, messages: Sequence[ConsumerRecord], seconds: float) -> bool:
        if not self._wanted.is_set():
            return False
        came, behind = time.monotonic() - seconds, CROWD_S if self._crowd else CLOSE_BEHIND_S
        busy = messages and came - self._stored_at < behind
        return is_whole(messages, seconds, behind if busy else LINGER_S)

    def _take(self, fetched: Fetched) -> None:
        started = time.perf_counter()
        messages = fetched.batch.messages

        def settled(batch: Batch) -> None:
            of_all = fetched.decoded if batch is fetched.batch else None
            self._settle(batch, of_all or Decoded.of(batch))

        self._inbox.deal_with(fetched.batch, settled)
        metrics.BATCH_SECONDS.labels(CONSUMER).observe(time.perf_counter() - started)
        for topic, n in Counter(m.topic for m in messages).items():
            metrics.MESSAGES.labels(CONSUMER, topic).inc(n)

    def _settle(self, batch: Batch, decoded: Decoded) -> None:
        with self._conn, self._conn.cursor() as cur:
            self._inbox.take(cur, batch)
            share, now = self.settings.removal_share, datetime.now(UTC)
            done = settle(cur, decoded.came, now, self._mac, decoded.acts, share, self._seen, self._limits)
            self._inbox.bury(decoded.misfits)
        for topic, code in decoded.codes:
            metrics.DEAD_LETTERS.labels(topic, code).inc()
        _count(done)

    def _expire(self, vendor: str, read_up_to: datetime) -> None:
        def is_ours(push: PushKey) -> bool:
            """What another instance has not read yet is not ours to call late."""
            school, _, _ = dataset_ids.split(push.dataset_id)
            ours = kafka.partition_of(school.encode()) in self.share.partitions()
            return ours and push.vendor == vendor

        with self._conn, self._conn.cursor() as cur:
            self._inbox.offsets.hold(cur)
            done = expire(cur, read_up_to, self._limits, is_ours)
        _count(done)


def limits(settings: Settings) -> Limits:
    """What a push may be here."""
    size = settings.push_max_mb * 1024 * 1024
    return Limits(timedelta(seconds=settings.push_timeout_s), settings.push_max_chunks, size)


def is_whole(messages: Sequence[ConsumerRecord], seconds: float, linger: float) -> bool:
    """Whether a batch that was begun so long ago may end: every push in it is closed, or waited for."""
    if seconds < linger:
        return False
    last = {m.key: m.value or b"" for m in messages}
    return seconds >= linger + UNCLOSED_S or all(map(is_closing, last.values()))


def _count(done: Settled) -> None:
    for outcome, n in done.outcomes.items():
        metrics.PUSHES.labels(outcome).inc(n)
    for outcome, n in done.records.items():
        metrics.RECORDS.labels(CONSUMER, outcome).inc(n)
    for rule, n in done.refused.items():
        metrics.RECORDS_REFUSED.labels(rule).inc(n)


def _readable(
    messages: list[ConsumerRecord],
) -> tuple[list[ConsumerRecord], list[tuple[ConsumerRecord, str]]]:
    """Verdicts that may be looked into, and what is none, with a code."""
    faults = [reading.fault(m) for m in messages]
    return (
        [m for m, fault in zip(messages, faults, strict=True) if not fault],
        [(m, fault) for m, fault in zip(messages, faults, strict=True) if fault],
    )


def _verdict(message: ConsumerRecord) -> Verdict:
    """What validation does not say: the offset is before all others, the time is the verdict's own."""
    headers = dict(message.headers)
    return Verdict(
        message.value or b"",
        _time(message.timestamp),
        int(headers.get(SOURCE_OFFSET, b"-1")),
        _time(int(headers.get(SOURCE_TIME, message.timestamp))),
        headers.get(SOURCE_FAULT, b"").decode(),
        _time(int(headers[SOURCE_BEGAN])) if SOURCE_BEGAN in headers else None,
    )


def _acts(messages: list[ConsumerRecord]) -> tuple[list[Asked], list[tuple[ConsumerRecord, str]]]:
    """Removals that schools ask for, and messages that are none, with a code."""
    acts: list[Asked] = []
    misfits: list[tuple[ConsumerRecord, str]] = []
    for message in messages:
        unfit = reading.fault(message, reading.MAX_SMALL)
        read = unfit or schools_acts.read(message.value or b"", _time(message.timestamp))
        if isinstance(read, str):
            misfits.append((message, read))
        elif message.partition != kafka.partition_of(read.school.encode()):
            # Whoever reads the school's partition applies its pushes: nobody else may touch its datasets.
            misfits.append((message, schools_acts.NO_DATASET))
        else:
            acts.append(read)
    return acts, misfits


def _time(millis: int) -> datetime:
    return datetime.fromtimestamp(millis / 1000, UTC)
