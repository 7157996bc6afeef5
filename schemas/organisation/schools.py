"""The organisation register: which unit manages a school on a day, and so who must confirm its data.

A school's route comes from the effective-dated rows of this register, never from a prefix of its code: four
schools coded 19000xxx belong to districts, and the district tier ended on 1/7/2025.
"""

import csv
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path
from typing import Final

from schemas.errors import Problem, ProblemList, SourceLocation

DEPARTMENT: Final = "19"
"""Unit code of the department (Sở GDĐT) of Thái Nguyên."""

DISTRICTS_END: Final = date(2025, 7, 1)
"""From this day there is no district tier: every school answers to the department."""


@dataclass(frozen=True)
class School:
    """One row of the register: a school and its managing unit (đơn vị quản lý) from a day to a day.

    ``level`` is the row's level name (preschool, primary, …), ``district`` where the school lies ("" if
    unknown), ``managing_unit`` a district code or the department's, ``valid_to`` the first day after.
    """

    code: str
    name: str
    level: str
    district: str
    managing_unit: str
    valid_from: date
    valid_to: date | None
    active: bool

    def holds_on(self, on: date) -> bool:
        """Whether this row is in force on a day."""
        return self.valid_from <= on and (self.valid_to is None or on < self.valid_to)


COLUMNS: Final = frozenset(field.name for field in fields(School))


class Register:
    """All rows, found by school code and day."""

    def __init__(self, rows: list[School]) -> None:
        self._rows: dict[str, list[School]] = {}
        for row in rows:
            self._rows.setdefault(row.code, []).append(row)

    def school(self, code: str, on: date) -> School | None:
        """The active school of that code on that day, or None."""
        return next((r for r in self._rows.get(code, ()) if r.active and r.holds_on(on)), None)

    def schools(self, on: date) -> list[School]:
        """All active schools on that day, by code."""
        found = (self.school(code, on) for code in sorted(self._rows))
        return [s for s in found if s is not None]

    def route(self, code: str, on: date) -> list[str]:
        """Units that must confirm the school's data, in order. Raises KeyError for an unknown school."""
        school = self.school(code, on)
        if school is None:
            raise KeyError(code)
        if school.managing_unit == DEPARTMENT or on >= DISTRICTS_END:
            return [DEPARTMENT]
        return [school.managing_unit, DEPARTMENT]


def load(path: Path) -> Register:
    """Read ``register.csv``, as Excel writes it too. Raises ProblemList (SYS-003) if it is missing or not a
    register."""
    try:
        if not path.is_file():  # a device would be read for ever
            raise ValueError("no file")
        with path.open(encoding="utf-8-sig", newline="") as lines:
            table = csv.DictReader(lines)
            if COLUMNS - set(table.fieldnames or ()):  # an empty file is no province without schools
                raise ValueError("columns are missing")
            rows = [_school(row) for row in table]
    except (OSError, KeyError, TypeError, ValueError, csv.Error):  # TypeError: the row is cut off
        raise ProblemList([Problem("SYS-003", SourceLocation(file=path.name), {"path": str(path)})]) from None
    return Register(rows)


def _school(row: dict[str, str]) -> School:
    return School(
        code=row["code"],
        name=row["name"],
        level=row["level"],
        district=row["district"],
        managing_unit=row["managing_unit"],
        valid_from=date.fromisoformat(row["valid_from"]),
        valid_to=date.fromisoformat(row["valid_to"]) if row["valid_to"] else None,
        active={"1": True, "0": False}[row["active"]],
    )
