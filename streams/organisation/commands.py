"""What may be asked of a unit. Pure data."""

from datetime import datetime
from enum import StrEnum
from typing import Final

from schemas.organisation.units import Kind, Period
from streams.machines.wire import Value

OFFICER: Final = "department_officer"
SYSTEM: Final = "system"
"""Setup, which hands over a register of an earlier release."""


class Act(StrEnum):
    """Name of a command."""

    RECORD = "record"
    WITHDRAW = "withdraw"
    """The unit was entered by mistake: there never was one of that code."""


class Command(Value, frozen=True):
    """One message of a commands topic. An unknown ``command`` is refused, not an error.

    ``unit_code`` is the unit that it is about, ``unit`` the one that acts. ``periods``: all that the unit
    shall have from now on. ``sequence`` is that of the unit that the actor saw, 0 if there was none.
    """

    command_id: str
    unit_code: str
    kind: Kind
    command: str
    issued_at: datetime
    unit: str
    role: str
    account: str = ""
    reason_code: str = ""
    reason_text: str = ""
    sequence: int = -1
    periods: tuple[Period, ...] = ()
