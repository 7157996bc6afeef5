"""What an import of rows would make of the organisation: every change, every error, nothing done. Pure.

A row is a period of its unit, known by its first day: one that begins on the same day takes its place, every
other period of the unit stays. Of a column that the file has not, what is known stays too.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import msgspec

from schemas.errors import Problem, SourceLocation
from schemas.organisation.checks import Finding, check
from schemas.organisation.unit_files import Row, Rows
from schemas.organisation.units import Period, Unit, in_order

TWO_KINDS: Final = "ORG-KIND"
END_EMPTIED: Final = "ORG-REOPEN"


@dataclass(frozen=True)
class Difference:
    """One field of one period. ``before`` None: a period that is new; ``after`` None: one that goes."""

    since: date
    field: str
    before: Any
    after: Any

    @property
    def cleared(self) -> bool:
        """Whether a cell that is blank takes away what was there."""
        return bool(self.before) and not self.after


@dataclass(frozen=True)
class Change:
    """A unit before (None: a new one) and after."""

    before: Unit | None
    after: Unit

    @property
    def code(self) -> str:
        """Code of the unit."""
        return self.after.code

    def differences(self) -> list[Difference]:
        """Field by field, by day."""
        old = {p.valid_from: p for p in (self.before.periods if self.before else ())}
        new = {p.valid_from: p for p in self.after.periods}
        found = [Difference(day, "period", old[day].name, None) for day in sorted(old.keys() - new.keys())]
        found += [Difference(day, "period", None, new[day].name) for day in sorted(new.keys() - old.keys())]
        for day in sorted(old.keys() & new.keys()):
            for name in Period.__struct_fields__:
                before, after = getattr(old[day], name), getattr(new[day], name)
                if before != after:
                    found.append(Difference(day, name, before, after))
        return sorted(found, key=lambda d: (d.since, d.field))


@dataclass(frozen=True)
class Plan:
    """``units``: all units as they would be. ``known``: units in the file that would not change."""

    units: Mapping[str, Unit]
    changes: Sequence[Change]
    known: int
    problems: Sequence[Problem]
    absent: frozenset[str]


def plan(present: Mapping[str, Unit], found: Rows, *, whole: bool = False, clear_ends: bool = False) -> Plan:
    """What comes of importing these rows. ``whole``: the units that they name have these periods and no
    other. ``clear_ends``: a blank end takes away the end that is known; without, that is an error
    (ORG-REOPEN), since a spreadsheet loses a column of dates easily."""
    problems = list(found.problems)
    of_unit: dict[str, list[Row]] = defaultdict(list)
    for row in found.rows:
        of_unit[row.code].append(row)
    units = dict(present)
    places: dict[tuple[str, date | None], SourceLocation] = {}
    for code, rows in sorted(of_unit.items()):
        before = present.get(code)
        for row in sorted(rows, key=lambda row: row.place.row):
            places.setdefault((code, None), row.place)
            places[code, row.valid_from] = row.place  # of two that begin on one day the second is too many
        problems += _kinds(code, rows, before)
        units[code], emptied = _after(code, rows, before, whole)
        if not clear_ends:
            problems += [
                Problem(END_EMPTIED, _at(row.place, "valid_to"), {"unit": code, "day": _iso(row.valid_from)})
                for row in emptied
            ]
    # What was wrong before, with units that the file does not name, is no fault of the file.
    stood = [] if not present else [finding.order for finding in check(present)]
    problems += [
        _placed(finding, places)
        for finding in check(units)
        if finding.unit in of_unit or finding.order not in stood
    ]
    changes = [
        Change(present.get(code), units[code]) for code in sorted(of_unit) if present.get(code) != units[code]
    ]
    return Plan(units, changes, len(of_unit) - len(changes), problems, found.absent)


def units_of(rows: Iterable[Row]) -> dict[str, Unit]:
    """The units of rows that are in order, nothing else known."""
    return dict(plan({}, Rows(list(rows), [])).units)


def _kinds(code: str, rows: Sequence[Row], before: Unit | None) -> list[Problem]:
    kinds = {row.kind for row in rows} | ({before.kind} if before else set())
    if len(kinds) < 2:
        return []
    params = {"unit": code, "kinds": ", ".join(sorted(kinds))}
    first = min(rows, key=lambda row: row.place.row)
    return [Problem(TWO_KINDS, _at(first.place, "kind"), params)]


def _after(code: str, rows: Sequence[Row], before: Unit | None, whole: bool) -> tuple[Unit, list[Row]]:
    """The unit with these rows, and the rows that empty an end that is known."""
    known = {p.valid_from: p for p in (before.periods if before else ())}
    named = {row.valid_from for row in rows}
    periods = [] if whole else [p for day, p in known.items() if day not in named]
    emptied = []
    for row in rows:
        old = known.get(row.valid_from)
        said = dict(row.said)
        if old is not None and old.valid_to and "valid_to" in said and said["valid_to"] is None:
            emptied.append(row)
            if "ended" not in said:  # without an end it did not end
                said |= {"ended": "", "successors": ()}
        base = msgspec.structs.asdict(old) if old is not None else {}
        periods.append(Period(**{**base, **said}))
    kind = before.kind if before else min(row.kind for row in rows)
    return Unit(code, kind, in_order(periods)), emptied


def _placed(finding: Finding, places: Mapping[tuple[str, date | None], SourceLocation]) -> Problem:
    """With the line of the file that says it; of a unit that the file does not name, with that of one above
    it."""
    params = dict(finding.params)
    if place := places.get((finding.unit, finding.since)) or places.get((finding.unit, None)):
        return Problem(finding.code, _at(place, finding.column), params)
    others = (params.get("parent", ""), *params.get("circle", "").split(" → "))
    above = next((places[code, None] for code in others if (code, None) in places), SourceLocation())
    return Problem(finding.code, above, params)


def _at(place: SourceLocation, column: str) -> SourceLocation:
    return SourceLocation(file=place.file, row=place.row, field=column)


def _iso(day: date) -> str:
    return day.isoformat()
