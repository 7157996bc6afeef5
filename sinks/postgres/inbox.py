"""A topic read with its offsets in PostgreSQL: the reading half of every consumer that writes rows.

Invariant: ``take`` moves the offsets inside the caller's transaction: rows and they stand or fall together.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kafka import TopicPartition
from kafka.consumer.fetcher import ConsumerRecord
from kafka.errors import KafkaError
from psycopg2.extensions import connection, cursor

from runtime import kafka
from runtime.process import WHOLE, Share
from runtime.settings import Settings
from sinks.postgres.offsets import Offsets


@dataclass(frozen=True)
class Batch:
    """Messages of one poll, of each partition in its order, and where to read on after them."""

    messages: list[ConsumerRecord]
    positions: dict[TopicPartition, int]


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
        self.offsets, start = Offsets.claim(conn, consumer, partitions)
        self._consumer = kafka.consumer(settings, **overrides)
        self._consumer.assign(partitions)
        for tp, offset in start.items():
            self._consumer.seek(tp, offset)

    def poll(self, timeout_ms: int) -> Batch:
        """What has arrived, after waiting for it at most so long."""
        by_partition = self._consumer.poll(timeout_ms=timeout_ms)
        messages = [message for of_partition in by_partition.values() for message in of_partition]
        return Batch(messages, {tp: of[-1].offset + 1 for tp, of in by_partition.items() if of})

    def gather(self, seconds: float, max_bytes: int) -> Batch:
        """What arrives within so many seconds, ended early by its size: for a sink whose commits are dear."""
        messages: list[ConsumerRecord] = []
        positions: dict[TopicPartition, int] = {}
        size, end = 0, time.monotonic() + seconds
        while size < max_bytes and (left := end - time.monotonic()) > 0:
            for tp, some in self._consumer.poll(timeout_ms=int(left * 1000) + 1, max_records=32).items():
                messages += some
                positions[tp] = some[-1].offset + 1
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

    def close(self) -> None:
        """Leave."""
        self._consumer.close(autocommit=False)
