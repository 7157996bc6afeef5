"""A topic read with its offsets in PostgreSQL: the reading half of every consumer that writes rows.

Invariant: ``take`` moves the offsets inside the caller's transaction: rows and they stand or fall together.
An inbox opens only when its positions and the log agree (runtime.agreement); until then its process is not
ready and says why.

What a batch holds may make its transaction fail. ``deal_with`` then halves it until the message is found that
fails alone, and puts that one aside; the rest goes on, in its order.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from kafka import KafkaProducer, TopicPartition
from kafka.consumer.fetcher import ConsumerRecord
from psycopg2.extensions import connection, cursor

from runtime import agreement, dead_letters, kafka, reading
from runtime.logs import one_line
from runtime.positions import Position, after
from runtime.process import WHOLE, Share
from runtime.settings import Settings
from sinks.postgres.offsets import Offsets

log = logging.getLogger("csdl")

LOOK_MS: Final = 20
"""How often it is looked whether a batch is due …"""

IDLE_MS: Final = 100
"""… and, as long as there is none, whether something has come or is to be done."""

REST_S: Final = 5.0
"""How often an idle reader looks whether its partitions are still its own, in the database that it knew."""


@dataclass(frozen=True)
class Batch:
    """Messages of one poll, of each partition in its order, and where the reader stands after them."""

    messages: list[ConsumerRecord]
    positions: dict[TopicPartition, Position]

    def halves(self) -> list["Batch"]:
        """The same messages in two batches, in their order."""
        middle = len(self.messages) // 2
        return [Batch.of(self.messages[:middle]), Batch.of(self.messages[middle:])]

    @classmethod
    def of(cls, messages: list[ConsumerRecord]) -> "Batch":
        """These messages."""
        return cls(messages, {TopicPartition(m.topic, m.partition): after(m) for m in messages})


class Inbox:
    """Our share of the partitions of some topics, taken from whoever read them before under the same name."""

    def __init__(
        self,
        settings: Settings,
        conn: connection,
        consumer: str,
        topics: Sequence[str],
        share: Share = WHOLE,
        *,
        from_what_is_kept: bool = False,
        **overrides: Any,
    ) -> None:
        """``from_what_is_kept``: a reader that is new beside an older log begins where that begins now; it
        has not lost what was deleted before it was there."""
        ours = share.partitions()
        partitions = [tp for tp in kafka.partitions(*topics) if tp.partition in ours]
        self._settings, self._conn = settings, conn
        self._producer: KafkaProducer | None = None
        begins = agreement.begins(settings, partitions) if from_what_is_kept else {}
        self.offsets = Offsets.claim(conn, consumer, partitions, begins)
        agreement.wait(lambda: agreement.compare(settings, consumer, self.offsets.positions(conn)))
        self._stands = self.offsets.positions(conn)
        self._rested = time.monotonic()
        self._consumer = kafka.consumer(settings, **overrides)
        self._left: deque[ConsumerRecord] = deque()
        """Fetched, and too much for the last batch."""

        self._consumer.assign(partitions)
        for tp, position in self._stands.items():
            self._consumer.seek(tp, position.next)

    def poll(self, timeout_ms: int) -> Batch:
        """What has arrived, after waiting for it at most so long. Raises process.Fenced when idle."""
        by_partition = self._consumer.poll(timeout_ms=timeout_ms)
        messages = [message for of_partition in by_partition.values() for message in of_partition]
        if not messages:
            self._rest()
        return Batch(messages, {tp: after(of[-1]) for tp, of in by_partition.items() if of})

    def gather(self, max_bytes: int, is_due: Callable[[Sequence[ConsumerRecord], float], bool]) -> Batch:
        """What arrives until it is due, by its messages and the seconds since the first of them, or since
        this began, or so large: for a sink whose commits are dear."""
        messages: list[ConsumerRecord] = []
        size, began = 0, time.monotonic()
        while size < max_bytes and (self._left or not is_due(messages, time.monotonic() - began)):
            if not self._left:
                wait = LOOK_MS if messages else IDLE_MS
                polled = self._consumer.poll(timeout_ms=wait, max_records=32)
                self._left.extend(message for some in polled.values() for message in some)
            if self._left and not messages:
                began = time.monotonic()
            while self._left and size < max_bytes:
                messages.append(self._left.popleft())
                size += len(messages[-1].value or b"")
        last = {TopicPartition(m.topic, m.partition): m for m in messages}
        return Batch(messages, {tp: after(message) for tp, message in last.items()})

    def position(self, tp: TopicPartition) -> int:
        """The next offset of a partition of ours that is not in a batch yet."""
        left = [m.offset for m in self._left if (m.topic, m.partition) == tp]
        return min(left) if left else int(self._consumer.position(tp))

    def ends(self) -> dict[TopicPartition, int]:
        """The offsets after the last committed messages, now. Raises KafkaError."""
        return {tp: found.end for tp, found in agreement.logs(self._consumer, self._stands).items()}

    def has_reached(self, ends: Mapping[TopicPartition, int]) -> bool:
        """Whether all before these offsets was polled."""
        return all(self._consumer.position(tp) >= end for tp, end in ends.items())

    def take(self, cur: cursor, batch: Batch) -> None:
        """First statement of the transaction that deals with ``batch``. Raises process.Fenced."""
        self.offsets.advance(cur, batch.positions)
        self._stands |= batch.positions

    def deal_with(
        self,
        batch: Batch,
        work: Callable[[Batch], object],
        aside: Callable[[ConsumerRecord, str], object] | None = None,
    ) -> None:
        """``work`` in a transaction of its own, on the whole batch, or on as much of it as does not fail.

        Of a message that fails alone ``aside`` is told, with the code: it must move the offset past it; by
        default it goes to the dead letters.
        """
        try:
            work(batch)
            return
        except Exception as fault:
            if not batch.messages or not reading.of_the_message(fault):
                raise
            self._conn.rollback()
            code, said = reading.code_of(fault), one_line(fault)
        if len(batch.messages) > 1:
            for half in batch.halves():
                self.deal_with(half, work, aside)
            return
        (message,) = batch.messages
        log.error("%s: %s put aside, %s", code, message.topic, said)
        (aside or self.put_aside)(message, code)

    def put_aside(self, message: ConsumerRecord, code: str) -> None:
        """To the dead letters, then on to the next."""
        self.bury([(message, code)])
        with self._conn, self._conn.cursor() as cur:
            self.take(cur, Batch.of([message]))

    def bury(self, misfits: Sequence[tuple[ConsumerRecord, str]]) -> None:
        """Dead letters: last in the transaction that moves the offsets. A crash before it commits repeats
        one, never loses one."""
        if misfits and self._producer is None:
            self._producer = kafka.producer(self._settings)
        if misfits:
            dead_letters.put_aside(self._producer, misfits)

    def close(self) -> None:
        """Leave."""
        if self._producer is not None:
            self._producer.close()
        self._consumer.close(autocommit=False)

    def _rest(self) -> None:
        """Nothing came: are the partitions still ours? Then move past the marks of transactions.

        A database that was replaced by an older copy is noticed here, not at the next message. And what
        retention deletes later must not look like something that was never read.
        """
        if time.monotonic() - self._rested < REST_S:
            return
        self._rested = time.monotonic()
        passed = {
            tp: Position(at, stands.last)
            for tp, stands in self._stands.items()
            if (at := self._consumer.position(tp)) > stands.next
        }
        with self._conn, self._conn.cursor() as cur:
            self.offsets.hold(cur)
            self.offsets.advance(cur, passed)
        self._stands |= passed
