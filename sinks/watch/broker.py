"""What Kafka knows: where the readers stand, and how old the first message is that waits for each."""

import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from kafka import KafkaConsumer, TopicPartition

from runtime import kafka, positions, replicas
from runtime.settings import Settings
from schemas.topics import dlqs
from sinks.watch.reader_lag import ReaderPosition
from sinks.watch.readers import IN_KAFKA, Reader

PEEK_S: Final = 5.0
"""At most so long for the first messages of one reader; a slow broker must not stop the round."""

Kept = Mapping[tuple[str, TopicPartition], int]
"""(reader's name, partition) → committed offset, of those kept in PostgreSQL."""


class Broker:
    """Three clients: one asks for offsets of groups, one for ends and first messages, one for what is written
    and not committed: a transaction that nobody ends holds up its readers where committed data ends."""

    def __init__(self, settings: Settings) -> None:
        # Who waits for the next round should not wait long for a broker that is away, nor be deaf to SIGTERM.
        self._admin = kafka.admin(settings, bootstrap_timeout_ms=kafka.STAND_BY_MS)
        limits: dict[str, Any] = {"bootstrap_timeout_ms": kafka.STAND_BY_MS, "max_poll_records": 1000}
        self._consumer = kafka.consumer(settings, **limits)
        self._written = kafka.consumer(settings, isolation_level="read_uncommitted", **limits)
        self._seen: dict[ReaderPosition, float | None] = {}
        self._settings = settings

    def places(self, readers: Sequence[Reader], kept: Kept) -> list[ReaderPosition]:
        """Every reader on every partition of its topics."""
        committed = dict(kept)
        groups = [reader.name for reader in readers if reader.kept == IN_KAFKA]
        for group, offsets in self._admin.list_group_offsets(groups).items():
            committed |= {(group, tp): found.offset for tp, found in offsets.items() if found.offset >= 0}
        for reader in readers:
            wanted = {(reader.name, tp) for tp in kafka.partitions(*reader.topics)}
            if reader.positions and not wanted <= committed.keys():  # forgotten, or never started
                messages = kafka.to_end(self._consumer, kafka.partitions(reader.positions))
                noted = {(reader.name, tp): at.next for tp, at in positions.decode(messages).items()}
                committed = noted | committed
        partitions = sorted({tp for reader in readers for tp in kafka.partitions(*reader.topics)})
        begins = kafka.begins(self._consumer, partitions)
        # Before the ends: what is committed meanwhile is not held.
        written = kafka.ends(self._written, partitions)
        ends = kafka.ends(self._consumer, partitions)
        held = {tp: max(written[tp] - ends[tp], 0) for tp in partitions}
        return [
            ReaderPosition(reader, tp, committed.get((reader.name, tp)), begins[tp], ends[tp], held[tp])
            for reader in readers
            for tp in kafka.partitions(*reader.topics)
        ]

    def oldest(self, places: Sequence[ReaderPosition]) -> dict[ReaderPosition, float | None]:
        """Seconds since 1970 of the first message that waits at each place; None if none does.

        None although offsets remain: they are marks of transactions, which nobody reads.
        """
        # A place that looks as it did has the same first message.
        found = {place: self._seen[place] for place in places if place in self._seen}
        new = [place for place in places if place not in found]
        held = {place.tp: (place.end, place.end + place.held) for place in new if place.held}
        begun = dict.fromkeys(held, time.time()) | _first(self._written, held)
        for reader in dict.fromkeys(place.reader for place in new):
            of = [place for place in new if place.reader == reader]
            first = _first(self._consumer, {p.tp: (p.next, p.end) for p in of})
            found |= {place: first[place.tp] or begun.get(place.tp) for place in of if place.tp in first}
        self._seen = found
        # Not seen in time: something waits there, how long is not known.
        return {place: found.get(place, time.time()) for place in places}

    def behind(self) -> int:
        """Replicas that lack something, of the partitions that we may see."""
        return replicas.lacking(self._admin.describe_topics()).total()

    def dead_letters(self) -> dict[str, int]:
        """Offsets that each dead-letter topic holds."""
        dead = dlqs(self._settings.vendors)
        partitions = kafka.partitions(*dead)
        begins, ends = kafka.begins(self._consumer, partitions), kafka.ends(self._consumer, partitions)
        counts = dict.fromkeys(dead, 0)
        for tp in partitions:
            counts[tp.topic] += ends[tp] - begins[tp]
        return counts

    def close(self) -> None:
        """Let go."""
        clients: tuple[Any, ...] = (self._admin, self._consumer, self._written)
        for client in clients:
            client.close()


def _first(
    consumer: KafkaConsumer, spans: Mapping[TopicPartition, tuple[int, int]]
) -> dict[TopicPartition, float | None]:
    """Seconds since 1970 of the first message from one offset to before another, None if there is none there.
    What is not seen in time lacks."""
    left = {tp: end for tp, (begin, end) in spans.items() if begin < end}
    found: dict[TopicPartition, float | None] = dict.fromkeys(spans)
    if not left:
        return found
    consumer.assign(list(left))
    consumer.resume(*left)  # assign leaves a partition paused that the last look had paused
    for tp in left:
        consumer.seek(tp, spans[tp][0])
    deadline = time.monotonic() + PEEK_S
    while left and time.monotonic() < deadline:
        for tp, messages in consumer.poll(timeout_ms=100).items():
            if messages and tp in left:
                found[tp] = messages[0].timestamp / 1000
                del left[tp]
                consumer.pause(tp)
        for tp, end in list(left.items()):
            if consumer.position(tp) >= end:
                del left[tp]
    return {tp: since for tp, since in found.items() if tp not in left}
