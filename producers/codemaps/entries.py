"""The lines of a code map as they stand in its file, with the time that each is in force.

``codelist,vendor_code,ministry_code,note`` and, where a line does not always hold, ``valid_from,valid_to``:
school years by their first calendar year, or dates. A school year has the lines in force on its first day,
1 September; both ends are included.
"""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from schemas.errors import Problem, ProblemList, SourceLocation

UNREADABLE: Final = "MAP-002"
COLUMNS: Final = ("codelist", "vendor_code", "ministry_code")
FIRST_DAY: Final = (9, 1)
"""Month and day on which a school year begins."""


@dataclass(frozen=True)
class Entry:
    """One line. ``ministry_code`` None: nothing to send. ``first``, ``last``: school years, None: open."""

    codelist: str
    vendor_code: str
    ministry_code: str | None
    first: int | None = None
    last: int | None = None
    line: int = 0

    def in_force(self, year: int | None) -> bool:
        """In a school year; without one: whether the line still holds."""
        if year is None:
            return self.last is None
        return (self.first is None or self.first <= year) and (self.last is None or year <= self.last)

    def meets(self, other: "Entry") -> bool:
        """Whether some school year has both."""
        starts = max(self.first or 0, other.first or 0)
        ends = [end for end in (self.last, other.last) if end is not None]
        return not ends or starts <= min(ends)


def parse(text: str, file: str) -> list[Entry]:
    """The lines of a map. Raises ProblemList (MAP-002) with every line that cannot be read."""
    reader = csv.DictReader(text.removeprefix("\ufeff").splitlines())
    missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        raise ProblemList([_problem(file, 1, f"thiếu cột/no column {', '.join(missing)}")])
    entries, problems = [], []
    for row in reader:
        try:
            entries.append(_entry(row, reader.line_num))
        except ValueError as error:
            problems.append(_problem(file, reader.line_num, str(error)))
    if problems:
        raise ProblemList(problems)
    return entries


def _entry(row: dict[str, str], line: int) -> Entry:
    values = [(row[name] or "").strip() for name in COLUMNS]
    if not values[0] or not values[1]:
        raise ValueError("codelist, vendor_code?")
    first = _first_year((row.get("valid_from") or "").strip())
    last = _last_year((row.get("valid_to") or "").strip())
    if first is not None and last is not None and first > last:
        raise ValueError("valid_from > valid_to")
    return Entry(values[0], values[1], values[2] or None, first, last, line)


def _first_year(text: str) -> int | None:
    """The first school year of a line that is in force from this year or day on."""
    if not text or len(text) == 4:
        return int(text) if text else None
    day = date.fromisoformat(text)
    return day.year if day <= date(day.year, *FIRST_DAY) else day.year + 1


def _last_year(text: str) -> int | None:
    if not text or len(text) == 4:
        return int(text) if text else None
    day = date.fromisoformat(text)
    return day.year if day >= date(day.year, *FIRST_DAY) else day.year - 1


def is_dated(entries: Iterable[Entry]) -> bool:
    """Whether it matters in which year the map is asked."""
    return any(e.first is not None or e.last is not None for e in entries)


def in_force(entries: Sequence[Entry], year: int | None) -> list[Entry]:
    """The lines of a school year."""
    return [e for e in entries if e.in_force(year)]


def _problem(file: str, line: int, reason: str) -> Problem:
    return Problem(UNREADABLE, SourceLocation(file, row=line), {"reason": reason})
