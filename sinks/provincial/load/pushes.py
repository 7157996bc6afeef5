"""What is known of a push, and what follows from it. Pure: no clock, no database, no Kafka.

A push is complete when it is closed and each of its chunks, 0 to ``chunks - 1``, has its verdict. Chunks and
the closing may come in any order and more than once: the first of each counts. A push that has its outcome
never changes again. What still comes of it is late if its sender wrote it later, and a mere repetition if it
is a message that came before: validation passes some on twice after a crash.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto
from typing import Final, Literal

PushOutcome = Literal["version", "unchanged", "refused", "mismatch", "superseded", "incomplete"]

WRONG_CHUNKS: Final = "PUSH-001"
WRONG_TOTALS: Final = "PUSH-002"
NOT_CLOSED: Final = "PUSH-003"
CHUNKS_MISSING: Final = "PUSH-004"
OLDER: Final = "PUSH-005"
EMPTY: Final = "PUSH-006"
ALL_REFUSED: Final = "PUSH-007"
UNCHANGED: Final = "PUSH-008"
SENT_AGAIN: Final = "PUSH-009"


@dataclass(frozen=True, order=True)
class PushKey:
    """A vendor's push for one dataset. The same id for another dataset is another push."""

    vendor: str
    push_id: str
    dataset_id: str


@dataclass(frozen=True)
class Closed:
    """What PushClosed says: when the sender opened and closed the push, how many chunks, records by type."""

    opened_at: datetime
    closed_at: datetime
    chunks: int
    totals: Mapping[str, int]


@dataclass
class Push:
    """A push as far as it is known. ``kind`` is LoaiDongBo; ``outcome`` is None while it is open."""

    key: PushKey
    kind: str
    first_seen: datetime
    closed: Closed | None = None
    seen: set[int] = field(default_factory=set)
    outcome: PushOutcome | None = None
    code: str = ""
    version: int = 0
    received: int = 0
    accepted: int = 0
    refused: int = 0
    late: int = 0
    last_offset: int = -1
    """Of the vendor's messages that came for this push, the greatest offset."""

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


def chunk_arrives(push: Push, number: int, offset: int) -> Delivery:
    """A chunk's verdict has come: the first one of its number counts. ``offset``: of the vendor's message."""
    if (after_the_end := _after_the_end(push, offset)) is not None:
        return after_the_end
    if number in push.seen:
        return Delivery.REPEATED
    push.seen.add(number)
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


def decide_outcome(push: Push, arrived: Mapping[str, int], accepted: int, newest: datetime | None) -> bool:
    """Whether a push that waits no more is to be applied; if not, it has its outcome.

    ``arrived`` counts the records of its chunks by type, refused ones included; ``accepted`` those that
    validation let through; ``newest`` is when the newest push applied to the dataset was opened.
    """
    if push.closed is None:
        raise ValueError("an open push cannot be judged")
    push.received = sum(arrived.values())
    push.accepted, push.refused = 0, push.received - accepted
    if progress(push) is Progress.MISCOUNTED:
        push.decide("mismatch", WRONG_CHUNKS)
    elif _counts(arrived) != _counts(push.closed.totals):
        push.decide("mismatch", WRONG_TOTALS)
    elif not push.received:
        push.decide("refused", EMPTY)
    elif newest is not None and push.closed.opened_at < newest:
        push.decide("superseded", OLDER)
    elif not accepted:
        push.decide("refused", ALL_REFUSED)
    return push.outcome is None


def applied(push: Push, version: int, accepted: int, written: int) -> None:
    """The push was applied: ``written`` of its ``accepted`` records are new or changed.

    ``version`` is the dataset's version before it.
    """
    push.accepted, push.refused = accepted, push.received - accepted
    if written:
        push.decide("version")
        push.version = version + 1
    elif accepted:
        push.decide("unchanged", UNCHANGED)
        push.version = version
    else:
        push.decide("refused", ALL_REFUSED)


def expire(push: Push) -> None:
    """The push has been open for too long."""
    push.decide("incomplete", CHUNKS_MISSING if push.closed else NOT_CLOSED)


def rounds(pushes: Iterable[Push]) -> list[list[Push]]:
    """Pushes in the order given, split so that no round holds two of one dataset."""
    out: list[list[Push]] = []
    depth: dict[str, int] = {}
    for push in pushes:
        at = depth.get(push.key.dataset_id, 0)
        depth[push.key.dataset_id] = at + 1
        if at == len(out):
            out.append([])
        out[at].append(push)
    return out


def _counts(totals: Mapping[str, int]) -> dict[str, int]:
    return {record_type: n for record_type, n in totals.items() if n}
