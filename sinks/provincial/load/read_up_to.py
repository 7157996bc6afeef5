"""Up to which time of Kafka's all that a vendor wrote has come to us: what expiry goes by, never a clock.

A look asks Kafka for its time and then for the ends of the vendor's topic. Once validation has committed
them, every verdict on what was written before that time is in the accepted topic; once we have read to the
ends that this topic has then, we hold them all. A validation that is down, or a partition that is behind,
holds it up.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from kafka import TopicPartition
from kafka.errors import KafkaError

from runtime import kafka
from runtime.clock import ANSWER_S
from runtime.settings import Settings
from schemas.topics import CLOCK, RECORDS_ACCEPTED, VALIDATION_GROUP, in_topic

MAX_EVERY_S: Final = 10.0
"""A look costs a message and four requests."""

PEEK_MS: Final = 200
PEEK_BYTES: Final = 64 * 1024
"""How long and how much is looked at behind what validation has committed."""

Offsets = Mapping[TopicPartition, int]
Position = Callable[[TopicPartition], int]


@dataclass
class Look:
    """One vendor's: ``at`` is Kafka's time before the vendor's topic ended at ``written``. ``accepted``: ends
    of our accepted partitions once validation had read so far, None before."""

    at: datetime
    written: Offsets
    accepted: Offsets | None = None


class ReadUpTo:
    """Asked by one thread, with clients of its own. ``partitions``: numbers of those that are ours."""

    def __init__(self, settings: Settings, partitions: list[int], every_s: float) -> None:
        self._vendors = settings.vendors
        self._ours = [TopicPartition(RECORDS_ACCEPTED, n) for n in partitions]
        self._every_s = min(every_s, MAX_EVERY_S)
        self._next = time.monotonic()
        self._looks: dict[str, Look] = {}
        self._consumer = kafka.consumer(
            settings, max_partition_fetch_bytes=PEEK_BYTES, max_poll_records=1, fetch_max_wait_ms=50
        )
        self._admin = kafka.admin(settings)
        self._producer = kafka.producer(settings, linger_ms=0, max_block_ms=int(ANSWER_S * 1000))

    def now(self, position: Position) -> dict[str, datetime]:
        """Vendor → time, of those for whom there is news. ``position``: next offset that we read.

        Nothing while Kafka does not answer.
        """
        if time.monotonic() < self._next:
            return {}
        self._next = time.monotonic() + self._every_s
        try:
            self._look()
        except KafkaError:
            return {}
        done = {v: look.at for v, look in self._looks.items() if _reached(look.accepted, position)}
        for vendor in done:
            del self._looks[vendor]
        return done

    def close(self) -> None:
        """Let go."""
        kafka.abandon(self._producer)
        self._admin.close()
        self._consumer.close(autocommit=False)

    def _look(self) -> None:
        new = [vendor for vendor in self._vendors if vendor not in self._looks]
        if new:
            at = self._producer.send(CLOCK, b"").get(timeout=ANSWER_S).timestamp
            for vendor in new:
                # Asking for the ends of a topic that was not made yet would wait for it, and load with it.
                there = self._consumer.partitions_for_topic(in_topic(vendor))
                ends = self._consumer.end_offsets(kafka.partitions(in_topic(vendor))) if there else {}
                self._looks[vendor] = Look(datetime.fromtimestamp(at / 1000, UTC), ends)
        waiting = [look for look in self._looks.values() if look.accepted is None]
        if not waiting:
            return
        committed = self._past_marks(self._committed(), [look.written for look in waiting])
        if any(_reached(look.written, committed) for look in waiting):
            ends = self._consumer.end_offsets(self._ours)
            for look in waiting:
                if _reached(look.written, committed):
                    look.accepted = ends

    def _committed(self) -> Position:
        found = self._admin.list_group_offsets([VALIDATION_GROUP])[VALIDATION_GROUP]
        return lambda tp: max(found[tp].offset, 0) if tp in found else 0

    def _past_marks(self, committed: Position, ends: Sequence[Offsets]) -> Position:
        """The same, past the marks of transactions: they have offsets, and nobody commits behind them."""
        behind = [tp for of_vendor in ends for tp, end in of_vendor.items() if committed(tp) < end]
        if not behind:
            return committed
        self._consumer.assign(behind)
        for tp in behind:
            self._consumer.seek(tp, committed(tp))
        first = {tp: some[0].offset for tp, some in self._consumer.poll(timeout_ms=PEEK_MS).items() if some}
        passed = {tp: first.get(tp, self._consumer.position(tp)) for tp in behind}
        return lambda tp: max(committed(tp), passed.get(tp, 0))


def _reached(ends: Offsets | None, position: Position) -> bool:
    return ends is not None and all(position(tp) >= end for tp, end in ends.items())
