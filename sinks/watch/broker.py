"""What Kafka knows: where the readers stand, and how old the first message is that waits for each."""

import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from kafka import TopicPartition

from runtime import kafka, positions
from runtime.settings import Settings
from schemas.topics import dlqs
from sinks.watch.reader_lag import ReaderPosition
from sinks.watch.readers import IN_KAFKA, Reader

PEEK_S: Final = 5.0
"""At most so long for the first messages of one reader; a slow broker must not stop the round."""

Kept = Mapping[tuple[str, TopicPartition], int]
"""(reader's name, partition) → committed offset, of those kept in PostgreSQL."""


class Broker:
    """Two clients: one asks for offsets of groups, one for ends and first messages."""

    def __init__(self, settings: Settings) -> None:
        # Who waits for the next round should not wait long for a broker that is away, nor be deaf to SIGTERM.
        self._admin = kafka.admin(settings, bootstrap_timeout_ms=kafka.STAND_BY_MS)
        self._consumer = kafka.consumer(
            settings, bootstrap_timeout_ms=kafka.STAND_BY_MS, max_poll_records=1000
        )
        self._seen: dict[ReaderPosition, float | None] = {}
        self._dead = dlqs(settings.vendors)

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
        begins = self._consumer.beginning_offsets(partitions)
        ends = self._consumer.end_offsets(partitions)
        return [
            ReaderPosition(reader, tp, committed.get((reader.name, tp)), begins[tp], ends[tp])
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
        for reader in dict.fromkeys(place.reader for place in new):
            found |= self._peek([place for place in new if place.reader == reader])
        self._seen = found
        # Not seen in time: something waits there, how long is not known.
        return {place: found.get(place, time.time()) for place in places}

    def _peek(self, places: Sequence[ReaderPosition]) -> dict[ReaderPosition, float | None]:
        """As ``oldest``, of one reader: no two places on one partition. What is not seen in time lacks."""
        left = {place.tp: place for place in places if place.lag}
        found: dict[ReaderPosition, float | None] = dict.fromkeys(places)
        if not left:
            return found
        self._consumer.assign(list(left))
        self._consumer.resume(*left)  # assign leaves a partition paused that the last look had paused
        for tp, place in left.items():
            self._consumer.seek(tp, place.next)
        deadline = time.monotonic() + PEEK_S
        while left and time.monotonic() < deadline:
            for tp, messages in self._consumer.poll(timeout_ms=100).items():
                if messages and tp in left:
                    found[left.pop(tp)] = messages[0].timestamp / 1000
                    self._consumer.pause(tp)
            for tp, place in list(left.items()):
                if self._consumer.position(tp) >= place.end:
                    del left[tp]
        return {place: since for place, since in found.items() if place not in left.values()}

    def dead_letters(self) -> dict[str, int]:
        """Offsets that each dead-letter topic holds."""
        partitions = kafka.partitions(*self._dead)
        begins = self._consumer.beginning_offsets(partitions)
        ends = self._consumer.end_offsets(partitions)
        counts = dict.fromkeys(self._dead, 0)
        for tp in partitions:
            counts[tp.topic] += ends[tp] - begins[tp]
        return counts

    def close(self) -> None:
        """Let go."""
        clients: tuple[Any, ...] = (self._admin, self._consumer)
        for client in clients:
            client.close()
