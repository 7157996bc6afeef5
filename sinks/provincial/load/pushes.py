"""What is known of a push, and what follows from it. Pure: no clock, no database, no Kafka.

A push is complete when it is closed and each of its chunks, 0 to ``chunks - 1``, has its verdict. Chunks and
the closing may come in any order and more than once: the first of each counts. A push that has its outcome
never changes again. What still comes of it is late if its sender wrote it later, and a mere repetition if it
is a message that came before: validation passes some on twice after a crash.

Which of two pushes is newer is said by Kafka's time of the vendor's first message of each, less what it took
the gateway to receive it, never by what a sender's clock says: a long upload that began earlier loses to the
correction that overtook it, whichever door each came by.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Final, Literal

from schemas.left_to_do import Counts, left_to_do

PushOutcome = Literal["version", "unchanged", "refused", "mismatch", "superseded", "incomplete"]

WRONG_CHUNKS: Final = "PUSH-001"
WRONG_TOTALS: Final = "PUSH-002"
NOT_CLOSED: Final = "PUSH-003"
CHUNKS_MISSING: Final = "PUSH-004"
OLDER: Final = "PUSH-005"
EMPTY: Final = "PUSH-006"
ALL_REFUSED: Final = "PUSH-007"
UNCHANGED: Final = "PUSH-008"
TOO_MANY_CHUNKS: Final = "PUSH-014"
TOO_MANY_BYTES: Final = "PUSH-015"


@dataclass(frozen=True)
class Limits:
    """What a push may be: open for so long by Kafka's time of its vendor's messages, of so many chunks, of so
    many bytes in them. A bound on bytes is one on load's memory: a push is applied whole."""

    open_for: timedelta = timedelta(seconds=600)
    chunks: int = 5_000
    bytes: int = 64 * 1024 * 1024


LIMITS: Final = Limits()
"""As the settings come."""


@dataclass(frozen=True, order=True)
class PushKey:
    """A vendor's push for one dataset. The same id for another dataset is another push."""

    vendor: str
    push_id: str
    dataset_id: str


@dataclass(frozen=True)
class Closed:
    """What PushClosed says: how many chunks, records and removals by type, of which types it is the whole
    list (None: of all that it brings). ``opened_at`` and ``closed_at`` are by the sender's clock and decide
    nothing. ``fault`` is the code of a header that validation found wrong."""

    opened_at: datetime
    closed_at: datetime
    chunks: int
    totals: Counts
    removals: Counts = field(default_factory=dict)
    whole: frozenset[str] | None = None
    fault: str = ""


@dataclass(frozen=True)
class Arrived:
    """What the chunks of a push brought, by type, refused ones included; how many of its records, and of its
    removals, validation let through."""

    records: Counts
    accepted: Counts
    removals: Counts = field(default_factory=dict)
    removals_accepted: int = 0


@dataclass
class Push:
    """A push as far as it is known. ``kind`` is LoaiDongBo; ``outcome`` is None while it is open.

    ``first_seen`` is when its first verdict came, ``opened_at`` Kafka's time of the vendor's first message of
    it that came, ``began_at`` when it was begun, where somebody took it over from its sender and sent it on.
    """

    key: PushKey
    kind: str
    first_seen: datetime
    opened_at: datetime
    began_at: datetime | None = None
    closed: Closed | None = None
    seen: set[int] = field(default_factory=set)
    size: int = 0
    """Bytes of the chunks that were seen, while it is open."""

    outcome: PushOutcome | None = None
    code: str = ""
    version: int = 0
    received: int = 0
    accepted: int = 0
    refused: int = 0
    late: int = 0
    last_offset: int = -1
    """Of the vendor's messages that came for this push, the greatest offset."""

    written: int = 0
    by_type: Mapping[str, Counts] = field(default_factory=dict)
    """Record type → ``received``, ``accepted``, ``refused``, ``written``: distinct records, of which the
    counts above are the sums."""

    absent: Counts = field(default_factory=dict)
    stayed: Counts = field(default_factory=dict)
    removed: Counts = field(default_factory=dict)
    waiting: Counts = field(default_factory=dict)
    """By type: held records that whole lists lacked, that an earlier push brought, that left, that wait for
    the head to leave."""

    @property
    def order(self) -> datetime:
        """What orders the pushes of a dataset, by whatever way they came."""
        return min(self.opened_at, self.began_at or self.opened_at)

    def decide(self, outcome: PushOutcome, code: str = "") -> None:
        """Give the push its outcome, once."""
        if self.outcome is not None:
            raise ValueError(f"a push that is {self.outcome} cannot become {outcome}")
        self.outcome, self.code = outcome, code


class Delivery(Enum):
    """What a message means to its push."""

    FIRST = auto()
    REPEATED = auto()
    LATE = auto()


class Progress(Enum):
    """How far a push has come."""

    WAITING = auto()
    COMPLETE = auto()
    MISCOUNTED = auto()


def chunk_arrives(push: Push, number: int, offset: int, size: int = 0) -> Delivery:
    """A chunk's verdict of ``size`` bytes has come: the first one of its number counts. ``offset``: of the
    vendor's message."""
    if (after_the_end := _after_the_end(push, offset)) is not None:
        return after_the_end
    if number in push.seen:
        return Delivery.REPEATED
    push.seen.add(number)
    push.size += size
    return Delivery.FIRST


def closing_arrives(push: Push, closed: Closed, offset: int) -> Delivery:
    """PushClosed has come: the first one counts. ``offset``: of the vendor's message."""
    if (after_the_end := _after_the_end(push, offset)) is not None:
        return after_the_end
    if push.closed is not None:
        return Delivery.REPEATED
    push.closed = closed
    return Delivery.FIRST


def _after_the_end(push: Push, offset: int) -> Delivery | None:
    """What a message is to a push that waits for none; None if the push still waits."""
    written_later = offset > push.last_offset
    push.last_offset = max(push.last_offset, offset)
    if push.outcome is None and progress(push) is Progress.WAITING:
        return None
    push.late += written_later
    return Delivery.LATE if written_later else Delivery.REPEATED


def progress(push: Push) -> Progress:
    """Complete, still waiting, or closed with a number of chunks that what came disproves."""
    if push.closed is None:
        return Progress.WAITING
    if any(not 0 <= n < push.closed.chunks for n in push.seen):
        return Progress.MISCOUNTED
    return Progress.COMPLETE if len(push.seen) == max(push.closed.chunks, 0) else Progress.WAITING


def whole_types(push: Push, brought: Iterable[str]) -> frozenset[str]:
    """Types of which the push is the whole list; a sender that does not say it means all that it brings."""
    said = push.closed.whole if push.closed else None
    return frozenset(brought) if said is None else said


def decide_outcome(push: Push, came: Arrived, newest: datetime | None) -> bool:
    """Whether a push that waits no more is to be applied; if not, it has its outcome.

    ``newest`` is the ``order`` of the newest push that was applied to the dataset.
    """
    if push.closed is None:
        raise ValueError("an open push cannot be judged")
    _count(push, came.records, {}, {t: n - came.accepted.get(t, 0) for t, n in came.records.items()}, {})
    totals = _counts(push.closed.totals), _counts(push.closed.removals)
    if push.closed.fault:
        push.decide("refused", push.closed.fault)
    elif progress(push) is Progress.MISCOUNTED:
        push.decide("mismatch", WRONG_CHUNKS)
    elif (_counts(came.records), _counts(came.removals)) != totals:
        push.decide("mismatch", WRONG_TOTALS)
    elif not push.received and not totals[1]:
        push.decide("refused", EMPTY)
    elif newest is not None and push.order < newest:
        push.decide("superseded", OLDER)
    elif not sum(came.accepted.values()) and not came.removals_accepted:
        push.decide("refused", ALL_REFUSED)
    return push.outcome is None


def applied(push: Push, version: int, accepted: Counts, written: Counts) -> None:
    """The push was applied, so many of its records were accepted and of these written; it says itself what
    it removed and lacked: its outcome follows.

    ``version`` is the dataset's version before it.
    """
    received = {t: counts["received"] for t, counts in push.by_type.items()}
    _count(push, received, accepted, {t: n - accepted.get(t, 0) for t, n in received.items()}, written)
    if push.written or any(push.removed.values()):
        push.decide("version")
        push.version = version + 1
    elif push.accepted or any(push.waiting.values()):
        asked = push.closed.removals if push.closed else {}
        left = left_to_do(push.refused, push.absent, asked, push.removed, push.waiting)
        push.decide("unchanged", left[0] if left else UNCHANGED)
        push.version = version
    else:
        push.decide("refused", ALL_REFUSED)


def outgrows(push: Push, limits: Limits, number: int = -1) -> bool:
    """Whether an open push is larger than a push may be; it is refused then. ``number``: of the chunk that
    has come."""
    if max(number + 1, push.closed.chunks if push.closed else 0) > limits.chunks:
        push.decide("refused", TOO_MANY_CHUNKS)
    elif push.size > limits.bytes:
        push.decide("refused", TOO_MANY_BYTES)
    return push.outcome is not None


def is_overdue(push: Push, now: datetime, limits: Limits) -> bool:
    """Whether a push that is open is so for too long. ``now``: Kafka's time of a message of its vendor, or
    one up to which all of that vendor's messages were read; never a clock of ours."""
    return push.outcome is None and now - push.opened_at > limits.open_for


def expire(push: Push) -> None:
    """The push has been open for too long."""
    if push.closed and push.closed.fault:
        push.decide("refused", push.closed.fault)
    else:
        push.decide("incomplete", CHUNKS_MISSING if push.closed else NOT_CLOSED)


def _count(push: Push, received: Counts, accepted: Counts, refused: Counts, written: Counts) -> None:
    columns = {"received": received, "accepted": accepted, "refused": refused, "written": written}
    push.by_type = {
        t: {name: of.get(t, 0) for name, of in columns.items()} for t in sorted(received) if received[t]
    }
    push.received, push.accepted, push.refused, push.written = (
        sum(counts[name] for counts in push.by_type.values()) for name in columns
    )


def _counts(totals: Counts) -> dict[str, int]:
    return {record_type: n for record_type, n in totals.items() if n}
