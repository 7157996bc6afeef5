"""What happened to a dataset. Pure data, and ``evolve``."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from streams.confirmation.state import Stage, State, Window
from streams.machines.wire import Value, replace


class Fact(StrEnum):
    """Name of an event."""

    OPENED = "opened"
    VERSION_CHECKED = "version_checked"
    VERSION_HELD = "version_held"
    VERSION_ADOPTED = "version_adopted"
    SUBMITTED = "submitted"
    RECALLED = "recalled"
    CLAIMED = "claimed"
    CONFIRMED = "confirmed"
    UNCONFIRMED = "unconfirmed"
    RETURNED = "returned"
    APPROVED = "approved"
    FORWARDED = "forwarded"
    RECEIPTS_RECORDED = "receipts_recorded"
    LOCKED = "locked"
    UNLOCKED = "unlocked"
    LATE_ADMITTED = "late_admitted"
    REROUTED = "rerouted"


class Event(Value, frozen=True):
    """One transition. ``state`` and ``level`` are those after it; ``at`` is when the broker took its command.

    ``version``, ``digest`` and ``counts`` are of the version it speaks of (a held one in ``version_held``);
    the counts of ``receipts_recorded`` are the receipts'.
    """

    event_id: str
    command_id: str
    dataset_id: str
    ma_truong_hoc: str
    nam_hoc: int
    period: str
    sequence: int
    previous_hash: str
    hash: str
    event: Fact
    state: Stage
    level: int
    at: datetime
    unit: str
    role: str
    account: str
    version: int
    digest: str
    reason_code: str = ""
    reason_text: str = ""
    route: tuple[str, ...] = ()
    counts: Mapping[str, int] = {}
    command_topic: str = ""
    command_offset: int = -1
    export_id: str = ""
    window: Window | None = None


def evolve(state: State, event: Event) -> State:
    """The state after the event. Total: an event has happened, so nothing is checked here."""
    after = replace(state, sequence=event.sequence, hash=event.hash, state=event.state, level=event.level)
    match event.event:
        case Fact.OPENED:
            return replace(after, route=event.route, window=event.window)
        case Fact.REROUTED:
            return replace(after, route=event.route)
        case Fact.VERSION_HELD:
            return replace(
                after, held_version=event.version, held_digest=event.digest, held_counts=event.counts
            )
        case Fact.FORWARDED:
            return replace(after, forwarded=event.sequence)
        case Fact.RETURNED:
            return replace(after, forwarded=0)
        case Fact.LOCKED | Fact.UNLOCKED:
            return replace(after, locked=event.event is Fact.LOCKED)
        case Fact.LATE_ADMITTED:
            return replace(after, late=True, window=event.window)
        case Fact.VERSION_CHECKED | Fact.VERSION_ADOPTED:
            return replace(
                after,
                version=event.version,
                digest=event.digest,
                counts=event.counts,
                held_version=0,
                held_digest="",
                held_counts={},
            )
        case _:
            return after
