"""What happened to a unit. Pure data, and ``evolve``."""

from datetime import datetime
from enum import StrEnum

from schemas.organisation.units import Kind, Period
from streams.machines.wire import Value, replace
from streams.organisation.state import Standing, State


class Fact(StrEnum):
    """Name of an event."""

    RECORDED = "recorded"
    WITHDRAWN = "withdrawn"


class Event(Value, frozen=True):
    """One transition; ``state`` and ``periods`` are those after it, ``at`` the broker's time."""

    event_id: str
    command_id: str
    unit_code: str
    kind: Kind
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
    command_topic: str = ""
    command_offset: int = -1
    periods: tuple[Period, ...] = ()


def evolve(state: State, event: Event) -> State:
    """The state after the event."""
    return replace(
        state,
        kind=event.kind,
        sequence=event.sequence,
        hash=event.hash,
        state=event.state,
        periods=event.periods,
    )
