"""How a reader stands on its partitions: what waits for it, and since when it has not moved. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from kafka import TopicPartition

from sinks.watch.readers import Reader


@dataclass(frozen=True)
class ReaderPosition:
    """A reader on one partition; ``committed`` is None before its first commit, ``end`` of committed data.

    ``held``: offsets behind that end, which a transaction that is still open keeps from every reader.
    """

    reader: Reader
    tp: TopicPartition
    committed: int | None
    begin: int
    end: int
    held: int = 0

    @property
    def next(self) -> int:
        """The offset it reads next: what retention has deleted waits no more."""
        return max(self.committed or 0, self.begin)

    @property
    def lag(self) -> int:
        """Offsets from there to the last. The marks that end a transaction have offsets too."""
        return max(self.end + self.held - self.next, 0)


@dataclass
class Stillness:
    """Since when each place has not moved while something waited; in seconds of one monotonic clock."""

    _since: dict[tuple[Reader, TopicPartition], tuple[int, float]] = field(default_factory=dict)

    def seconds(self, place: ReaderPosition, waits: bool, now: float) -> float:
        """Seconds without a move; 0 when nothing waits or it has moved since the last look."""
        key = (place.reader, place.tp)
        offset, since = self._since.get(key, (-1, now))
        if not waits or offset != place.next:
            since = now
        self._since[key] = (place.next, since)
        return now - since


def by_topic(
    places: Iterable[ReaderPosition], lags: Mapping[ReaderPosition, int]
) -> dict[tuple[Reader, str], int]:
    """Lag of each reader on each of its topics, over partitions."""
    sums: dict[tuple[Reader, str], int] = {}
    for place in places:
        key = (place.reader, place.tp.topic)
        sums[key] = sums.get(key, 0) + lags[place]
    return sums
