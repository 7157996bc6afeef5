"""What happened to a grant. Pure data, and ``evolve``."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from streams.grants.state import Standing, State
from streams.machines import chain, wire


class Fact(StrEnum):
    """Name of an event."""

    ALLOWED = "allowed"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Event:
    """One transition; ``state`` is the standing after it."""

    event_id: str
    command_id: str
    vendor: str
    ma_truong_hoc: str
    sequence: int
    previous_hash: str
    hash: str
    event: Fact
    state: Standing
    at: datetime
    unit: str
    role: str
    account: str
    reason_code: str = ""
    reason_text: str = ""

    def sealed(self) -> "Event":
        """The same event with its hash."""
        return replace(self, hash=chain.digest(wire.to_record(self)))


def evolve(state: State, event: Event) -> State:
    """The state after the event."""
    return replace(state, sequence=event.sequence, hash=event.hash, state=event.state)
