"""A topic read with its offsets in PostgreSQL: the reading half of every consumer that writes rows.

Invariant: ``take`` moves the offsets inside the caller's transaction: rows and they stand or fall together.
An inbox opens only when its positions and the log agree (runtime.agreement); until then its process is not
ready and says why.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from kafka import TopicPartition
from kafka.consumer.fetcher import ConsumerRecord
from kafka.errors import KafkaError
from psycopg2.extensions import connection, cursor

from runtime import agreement, kafka
from runtime.positions import Position, after
from runtime.process import WHOLE, Share
from runtime.settings import Settings
from sinks.postgres.offsets import Offsets

REST_S: Final = 5.0
"""How often an idle reader looks whether its partitions are still its own, in the database that it knew."""


@dataclass(frozen=True)
class Batch:
    """Messages of one poll, of each partition in its order, and where the reader stands after them."""

    messages: list[ConsumerRecord]
    positions: dict[TopicPartition, Position]


class Inbox:
    """Our share of the partitions of some topics, taken from whoever read them before under the same name."""

    def __init__(
        self,
        settings: Settings,
        conn: connection,
        consumer: str,
        topics: Sequence[str],
        share: Share = WHOLE,
        **overrides: Any,
    ) -> None:
        ours = share.partitions()
        partitions = [tp for tp in kafka.partitions(*topics) if tp.partition in ours]
        self._conn = conn
        self.offsets = Offsets.claim(conn, consumer, partitions)
        agreement.wait(lambda: agreement.compare(settings, consumer, self.offsets.positions(conn)))
        self._stands = self.offsets.positions(conn)
        self._rested = time.monotonic()
        self._consumer = kafka.consumer(settings, **overrides)
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

    def gather(self, seconds: float, max_bytes: int) -> Batch:
        """What arrives within so many seconds, ended early by its size: for a sink whose commits are dear."""
        messages: list[ConsumerRecord] = []
        positions: dict[TopicPartition, Position] = {}
        size, end = 0, time.monotonic() + seconds
        while size < max_bytes and (left := end - time.monotonic()) > 0:
            for tp, some in self._consumer.poll(timeout_ms=int(left * 1000) + 1, max_records=32).items():
                messages += some
                positions[tp] = after(some[-1])
                size += sum(len(m.value or b"") for m in some)
        return Batch(messages, positions)

    def caught_up(self) -> bool:
        """Nothing waits in Kafka. Not known, so False, while the broker does not answer."""
        partitions = list(self._consumer.assignment())
        try:
            ends = self._consumer.end_offsets(partitions)
        except KafkaError:
            return False
        return all(self._consumer.position(tp) >= ends[tp] for tp in partitions)

    def take(self, cur: cursor, batch: Batch) -> None:
        """First statement of the transaction that deals with ``batch``. Raises process.Fenced."""
        self.offsets.advance(cur, batch.positions)
        self._stands |= batch.positions

    def close(self) -> None:
        """Leave."""
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
