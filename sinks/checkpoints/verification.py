"""The logs held against a row of checkpoints. Pure: messages go in, findings come out.

Of each chain only its last event is kept in memory. An event is a chain's if it follows it, so whatever was
cut, dropped or rebuilt ends with another head than the one that was signed; earlier checkpoints of the row
say up to where it was still the same.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from kafka import TopicPartition
from kafka.consumer.fetcher import ConsumerRecord

from runtime.positions import Log, Mark, Position, comparable
from sinks.chains.chains import CHAINS, REFUSALS
from sinks.chains.reader import event_of
from sinks.checkpoints import acts, row
from sinks.checkpoints.checkpoint import FORGED, OTHER_KEY, Head
from sinks.checkpoints.findings import Finding
from sinks.checkpoints.heads import NONE, after_refusal, positions
from sinks.checkpoints.row import Row
from streams.machines import chain

TRUNCATED: Final = "AUD-011"
DROPPED: Final = "AUD-012"
REBUILT: Final = "AUD-013"
BROKEN: Final = "AUD-014"
NO_EVENT: Final = "AUD-015"
DELETED: Final = "AUD-016"
ANOTHER_LOG: Final = "AUD-017"
REFUSALS_DIFFER: Final = "AUD-018"
ACTS_DIFFER: Final = "AUD-019"

CODES: Final = (
    row.MISSING, FORGED, OTHER_KEY, row.UNLIKE, row.UNREADABLE, row.NEWEST_GONE,
    TRUNCATED, DROPPED, REBUILT, BROKEN, NO_EVENT, DELETED, ANOTHER_LOG, REFUSALS_DIFFER, ACTS_DIFFER,
)  # fmt: skip
"""All that an audit can find."""

_CHAINS: Final = {each.topic: each for each in CHAINS}


@dataclass(slots=True)
class _Seen:
    """A chain as it was read. ``loose`` is an event that did not follow it; the next may follow that one.

    ``agreed``: the last sequence at which it was as signed."""

    head: Head = NONE
    loose: Head = NONE
    highest: int = 0
    agreed: int = 0


@dataclass(slots=True)
class _Read:
    """A partition of refusals as it was read, from offset ``begin`` on. ``since``: the last stage passed;
    ``stages``: offset and head of those to come."""

    begin: int
    head: Head
    since: int
    stages: deque[tuple[int, Head]]


@dataclass
class Verification:
    """Give it every message of each partition in their order, then ask for the ``findings``."""

    row: Row
    events: int = 0
    refusals: int = 0
    acts_read: int = 0
    unsealed: int = 0
    """Events, refusals and acts that no checkpoint holds yet: of these a cut would not be seen."""
    unsealed_since: int | None = None
    """Kafka's time of the first of them, in milliseconds."""
    _found: list[Finding] = field(default_factory=list)
    _seen: dict[str, dict[str, _Seen]] = field(default_factory=lambda: {c.topic: {} for c in CHAINS})
    _read: dict[tuple[str, str], _Read] = field(default_factory=dict)
    _sealed: dict[tuple[str, str], int] = field(default_factory=dict)

    def begin(
        self,
        logs: Mapping[TopicPartition, Log],
        lies: Mapping[TopicPartition, Mark | None],
        ids: Mapping[str, str],
    ) -> None:
        """Compare what Kafka says of its logs: begin and end, what lies where the last message lay, the
        topics' ids."""
        newest = self.row.newest
        stood = positions(newest.reached) if newest else {}
        reached = newest.reached if newest else {}
        self._sealed = {(t, part): at.next for t, parts in reached.items() for part, at in parts.items()}
        for tp, log in logs.items():
            position = stood.get(tp, Position())
            mark = comparable(position, log)
            signed = newest.topics.get(tp.topic, "") if newest else ""
            if position.next and (ids.get(tp.topic) != signed or (mark and lies.get(tp) != mark)):
                self._offsets(ANOTHER_LOG, tp, 0, position.next - 1)
            elif log.end < position.next:
                self._offsets(ANOTHER_LOG, tp, log.end, position.next - 1)
            if log.begin and tp.topic in _CHAINS:
                self._offsets(DELETED, tp, 0, log.begin - 1)
            if tp.topic in REFUSALS:
                self._begin_at(tp.topic, str(tp.partition), log.begin)
        self._begin_at(acts.TABLE, acts.SUBJECT, 0)

    def take(self, message: ConsumerRecord) -> None:
        """The next message of its partition."""
        self._look_whether_sealed(message.topic, str(message.partition), message.offset, message.timestamp)
        if message.topic in REFUSALS:
            self.refusals += 1
            where = message.topic, str(message.partition), message.offset
            self._in_stages(*where, lambda head: after_refusal(head, message))
            return
        subject, record = event_of(_CHAINS[message.topic], message)
        if record is None:
            tp = TopicPartition(message.topic, message.partition)
            self._offsets(NO_EVENT, tp, message.offset, message.offset)
            return
        self.events += 1
        self._event(message.topic, subject, record)

    def take_act(self, row: acts.Row) -> None:
        """The next row of the table of acts."""
        self.acts_read += 1
        at = int(row["at"].timestamp() * 1000)
        self._look_whether_sealed(acts.TABLE, acts.SUBJECT, row["number"], at)
        self._in_stages(acts.TABLE, acts.SUBJECT, row["number"], lambda head: acts.after(head, row))

    def findings(self) -> list[Finding]:
        """All of them, those of the row first, without those that somebody has accepted."""
        known = {finding for each in self.row.accepted for finding in each.findings}
        found = [*self._found, *self._ends(), *self._last_stages()]
        return [*self.row.problems, *sorted(f for f in found if f.key not in known)]

    def _look_whether_sealed(self, topic: str, part: str, offset: int, at: int) -> None:
        if offset >= self._sealed.get((topic, part), 0):
            self.unsealed += 1
            self.unsealed_since = min(at, self.unsealed_since or at)

    def _event(self, topic: str, subject: str, record: Mapping[str, Any]) -> None:
        seen = self._seen[topic].setdefault(subject, _Seen())
        here = Head(record["Sequence"], record["Hash"])
        good = here.hash == chain.digest(record)
        follows = [
            head
            for head in (seen.head, seen.loose)
            if here.sequence == head.sequence + 1 and record["PreviousHash"] == head.hash
        ]
        if not good or not follows:
            first = seen.head.sequence + 1 if here.sequence > seen.head.sequence + 1 else here.sequence
            last = here.sequence - 1 if first < here.sequence else here.sequence
            self._found.append(Finding(BROKEN, topic, subject, first, last))
        if good and (follows or here.sequence > seen.head.sequence + 1):
            seen.head, seen.loose = here, NONE
        elif here.sequence >= seen.head.sequence:
            seen.loose = here
        seen.highest = max(seen.highest, here.sequence)
        if good and here in self.row.points[topic].get(subject, ()):
            seen.agreed = max(seen.agreed, here.sequence)

    def _ends(self) -> Iterator[Finding]:
        """Each chain's end against the heads that were signed."""
        for topic, subjects in self.row.points.items():
            if topic not in _CHAINS:
                continue
            for subject, points in subjects.items():
                seen, signed = self._seen[topic].get(subject), points[-1].sequence
                if seen is None:
                    yield Finding(DROPPED, topic, subject, 1, signed)
                elif seen.agreed < signed:
                    # The chain's first events are as they were up to the last head that agrees.
                    next_signed = next(p.sequence for p in points if p.sequence > seen.agreed)
                    if seen.highest < next_signed:
                        yield Finding(TRUNCATED, topic, subject, seen.highest + 1, signed)
                    else:
                        yield Finding(REBUILT, topic, subject, seen.agreed + 1, signed)

    def _begin_at(self, topic: str, partition: str, begin: int) -> None:
        """From the earliest stage of the row after which all is still there (refusals go after a month)."""
        key = topic, partition
        stages = [(0, NONE), *((reached.next, head) for reached, head in self.row.stages.get(key, []))]
        while stages and stages[0][0] < begin:
            stages.pop(0)
        if stages:
            at, head = stages.pop(0)
            self._read[key] = _Read(at, head, at, deque(stages))

    def _in_stages(self, topic: str, partition: str, at: int, after: Callable[[Head], Head]) -> None:
        """The next message of a partition of refusals, or row of the table of acts."""
        read = self._read.get((topic, partition))
        if read is not None and at >= read.begin:
            self._found += _passed((topic, partition), read, at)
            read.head = after(read.head)

    def _last_stages(self) -> Iterator[Finding]:
        for key, read in self._read.items():
            yield from _passed(key, read, float("inf"))

    def _offsets(self, code: str, tp: TopicPartition, first: int, last: int) -> None:
        self._found.append(_of_partition(code, tp.topic, str(tp.partition), first, last))


def _passed(key: tuple[str, str], read: _Read, offset: float) -> Iterator[Finding]:
    """Compare at every stage up to an offset; where it differs read on from what was signed."""
    while read.stages and read.stages[0][0] <= offset:
        at, head = read.stages.popleft()
        if read.head != head:
            code = ACTS_DIFFER if key[0] == acts.TABLE else REFUSALS_DIFFER
            yield _of_partition(code, *key, read.since, at - 1)
            read.head = head
        read.since = at


def _of_partition(code: str, topic: str, partition: str, first: int, last: int) -> Finding:
    return Finding(code, topic, partition, first, last, f"{topic}/{partition}")
