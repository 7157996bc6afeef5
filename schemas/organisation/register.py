"""The register of schools of releases up to 0.4.0 as units: a row a school and its managing unit. Pure.

Two things it left to the code, which are data now: the units above the schools are the province's, and where
a managing unit ends, its schools answer to the unit above it from that day on, until a file says otherwise.
Of rows that overlap the first one counted on each day, and still does.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from schemas.errors import Problem, ProblemList, SourceLocation
from schemas.organisation.importing import units_of
from schemas.organisation.names import clean, kept
from schemas.organisation.province import Province
from schemas.organisation.unit_files import Row
from schemas.organisation.units import Ended, Kind, Unit

COLUMNS: Final = ("code", "name", "level", "district", "managing_unit", "valid_from", "valid_to", "active")
NO_REGISTER: Final = "SYS-003"


@dataclass(frozen=True)
class _Line:
    place: SourceLocation
    cells: Mapping[str, str]
    valid_from: date
    until: date

    def holds_on(self, day: date) -> bool:
        return self.valid_from <= day < self.until


def is_register(header: Iterable[str]) -> bool:
    """Whether a file with these columns is one."""
    return set(COLUMNS) <= set(header)


def rows(text: str, name: str, province: Province) -> list[Row]:
    """The register's schools, and the managing units that the province does not know, as rows of units.

    Raises ProblemList (SYS-003) for a text that is no register.
    """
    try:
        lines = list(_lines(text, name))
    except (AttributeError, KeyError, ValueError, csv.Error):  # AttributeError: the row is cut off
        raise ProblemList([Problem(NO_REGISTER, SourceLocation(file=name), {"path": name})]) from None
    found = _unknown_managers(lines, province.units, province.department())
    units = {**province.units, **units_of(found)}
    of_school: dict[str, list[_Line]] = {}
    for line in lines:
        of_school.setdefault(line.cells["code"], []).append(line)
    for code, mine in of_school.items():
        found += _school(code, mine, units)
    return found


def _lines(text: str, name: str) -> Iterator[_Line]:
    table = csv.DictReader(io.StringIO(text, newline=""))
    if not is_register(table.fieldnames or ()):  # an empty file is no province without schools
        raise ValueError("columns are missing")
    for row in table:
        cells = {column: row[column].strip() for column in COLUMNS}
        cells["name"] = kept(clean(cells["name"])) or cells["code"]
        until = date.fromisoformat(cells["valid_to"]) if cells["valid_to"] else date.max
        if {"1": True, "0": False}[cells["active"]]:
            place = SourceLocation(file=name, row=table.line_num)
            yield _Line(place, cells, date.fromisoformat(cells["valid_from"]), until)


def _unknown_managers(lines: Iterable[_Line], units: Mapping[str, Unit], department: str) -> list[Row]:
    """A managing unit that no folder knows is one like a district: under the department, as long as the
    districts were."""
    first = units[department].periods[0].valid_from
    ends = {p.until for u in units.values() if u.kind is Kind.DISTRICT for p in u.periods[-1:]}
    until = max(ends, default=date.max)
    found: dict[str, SourceLocation] = {}
    for line in lines:
        found.setdefault(line.cells["managing_unit"], line.place)
    return [
        Row(place, code, Kind.DISTRICT, _said(code, department, first, until))
        for code, place in sorted(found.items())
        if code not in units
    ]


def _said(name: str, parent: str, valid_from: date, until: date) -> dict[str, Any]:
    valid_to = None if until == date.max else until
    return {"name": name, "parent": parent, "valid_from": valid_from, "valid_to": valid_to}


def _school(code: str, lines: list[_Line], units: Mapping[str, Unit]) -> list[Row]:
    """The school's periods: on each day the first line that holds, under the unit that manages it then."""
    days = {line.valid_from for line in lines} | {line.until for line in lines}
    for line in lines:
        manager = units.get(line.cells["managing_unit"])
        for period in manager.periods if manager else ():
            days |= {d for d in (period.valid_from, period.until) if line.valid_from < d < line.until}
    found: list[dict[str, Any]] = []
    for day, until in zip(sorted(days), sorted(days)[1:], strict=False):
        first = next((line for line in lines if line.holds_on(day)), None)
        above = _manager(first.cells["managing_unit"], day, units) if first else ""
        if first is None or not above:
            if found and found[-1]["valid_to"] == day:
                found[-1]["ended"] = Ended.CLOSED
            continue
        said = {
            "name": first.cells["name"],
            "parent": above,
            "level": first.cells["level"],
            "located": first.cells["district"],
        }
        if found and found[-1]["valid_to"] == day and said.items() <= found[-1].items():
            found[-1]["valid_to"] = until
        else:
            found.append({**said, "valid_from": day, "valid_to": until})
    return [
        Row(
            lines[0].place,
            code,
            Kind.SCHOOL,
            said | ({"valid_to": None} if said["valid_to"] == date.max else {}),
        )
        for said in found
    ]


def _manager(code: str, day: date, units: Mapping[str, Unit]) -> str:
    """The unit itself, or, on a day on which it is no more, the one that was above it; "" before its first
    day, of which nothing is known."""
    while code in units and units[code].on(day) is None:
        before = [p for p in units[code].periods if p.until <= day]
        code = before[-1].parent if before else ""
    return code
