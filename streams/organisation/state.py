"""What the machine knows of a unit. Pure data; the value of the compacted topic."""

from enum import StrEnum

from schemas.organisation.units import Kind, Period, Unit
from streams.machines.wire import Value


class Standing(StrEnum):
    """Whether there is such a unit at all."""

    ABSENT = "absent"
    KNOWN = "known"
    WITHDRAWN = "withdrawn"


class State(Value, frozen=True):
    """A unit with all its periods, by their first day; none of one that was withdrawn."""

    unit_code: str
    kind: Kind
    sequence: int = 0
    hash: str = ""
    state: Standing = Standing.ABSENT
    periods: tuple[Period, ...] = ()

    def as_unit(self) -> Unit:
        """The unit, as the organisation has it."""
        return Unit(self.unit_code, self.kind, self.periods)
