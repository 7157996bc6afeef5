"""Units of the organisation and their periods. Pure data.

A unit is a code and what it was from day to day. Codes are used again (a commune's, after a merger), schools
move and names change, so nothing but (code, day) names a unit: whoever asks, asks for a day.
"""

from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from typing import Final

import msgspec


class Kind(StrEnum):
    """What a unit is."""

    MINISTRY = "ministry"
    DEPARTMENT = "department"
    DISTRICT = "district"
    COMMUNE = "commune"
    SCHOOL = "school"


KIND_VI: Final = {
    Kind.MINISTRY: "Bộ",
    Kind.DEPARTMENT: "Sở",
    Kind.DISTRICT: "huyện",
    Kind.COMMUNE: "xã",
    Kind.SCHOOL: "trường",
}

ROOTS: Final = (Kind.MINISTRY, Kind.DEPARTMENT)
"""Kinds that may have no unit above them."""


class Ended(StrEnum):
    """How a period ended. Only a closed unit may be away for a time and come back."""

    CHANGED = ""
    CLOSED = "closed"
    MERGED = "merged"
    SPLIT = "split"
    RENAMED = "renamed"
    MOVED = "moved"


class Period(msgspec.Struct, frozen=True, rename="pascal"):
    """What a unit was from ``valid_from`` to the day before ``valid_to`` (None: until further notice).

    Days are Vietnam's. ``parent``: code of the unit that manages it, "" of none. ``level`` of a school
    (preschool, primary, …), ``located``: district or commune in which it lies, "" if unknown.
    ``successors``: codes of the units that it became.
    """

    valid_from: date
    valid_to: date | None = None
    name: str = ""
    parent: str = ""
    level: str = ""
    located: str = ""
    ended: Ended = Ended.CHANGED
    successors: tuple[str, ...] = ()

    def holds_on(self, day: date) -> bool:
        """Whether the day is one of its days: half open, the first day in, ``valid_to`` out."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)

    @property
    def until(self) -> date:
        """First day after it; the last day that there is for one without an end."""
        return self.valid_to or date.max


class Unit(msgspec.Struct, frozen=True, rename="pascal"):
    """A unit with all its periods, by their first day."""

    code: str
    kind: Kind
    periods: tuple[Period, ...] = ()

    def on(self, day: date) -> Period | None:
        """What it was on that day; None on a day on which it was not."""
        return next((p for p in self.periods if p.holds_on(day)), None)


def in_order(periods: Iterable[Period]) -> tuple[Period, ...]:
    """Periods by their days, and then by everything else: the same order for any order of rows."""
    return tuple(sorted(periods, key=lambda p: (p.valid_from, p.until, *msgspec.structs.astuple(p)[2:])))
