"""What happened to a dataset. Pure data, and ``evolve``."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from streams.confirmation.state import Stage, State
from streams.machines import chain, wire


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


@dataclass(frozen=True, slots=True)
class Event:
    """One transition. ``state`` and ``level`` are those after it.

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
    counts: Mapping[str, int] = field(default_factory=dict)

    def sealed(self) -> "Event":
        """The same event with its hash."""
        return replace(self, hash=chain.digest(wire.to_record(self)))


def evolve(state: State, event: Event) -> State:
    """The state after the event. Total: an event has happened, so nothing is checked here."""
    after = replace(state, sequence=event.sequence, hash=event.hash, state=event.state, level=event.level)
    match event.event:
        case Fact.OPENED:
            return replace(after, route=event.route)
        case Fact.VERSION_HELD:
            return replace(
                after, held_version=event.version, held_digest=event.digest, held_counts=event.counts
            )
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
