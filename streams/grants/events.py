"""What happened to a grant. Pure data, and ``evolve``."""

from datetime import datetime
from enum import StrEnum

from streams.grants.state import Standing, State
from streams.machines.wire import Value, replace


class Fact(StrEnum):
    """Name of an event."""

    ALLOWED = "allowed"
    REVOKED = "revoked"


class Event(Value, frozen=True):
    """One transition; ``state`` and ``rights`` are those after it, ``at`` the broker's time."""

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
    command_topic: str = ""
    command_offset: int = -1
    rights: tuple[str, ...] = ()

    @property
    def grant_id(self) -> str:
        """Subject of the event."""
        return f"{self.vendor}/{self.ma_truong_hoc}"


def evolve(state: State, event: Event) -> State:
    """The state after the event."""
    return replace(state, sequence=event.sequence, hash=event.hash, state=event.state, rights=event.rights)
