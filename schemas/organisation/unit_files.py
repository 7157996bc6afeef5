"""Files of units: one row a period, UTF-8 CSV as Excel writes it too. All that cannot be read at once.

A column that is absent says nothing: what is known stays. A cell that is blank says that there is nothing.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from schemas.errors import Problem, ProblemList, SourceLocation
from schemas.organisation.names import clean
from schemas.organisation.units import Ended, Kind

REQUIRED: Final = ("code", "kind", "name", "parent", "valid_from")
COLUMNS: Final = (
    "code", "kind", "name", "parent", "level", "located", "valid_from", "valid_to", "ended", "successors",
)  # fmt: skip
NO_FILE: Final = "ORG-FILE"
NO_COLUMN: Final = "ORG-COLUMN"
WRONG_CELL: Final = "ORG-CELL"
MAX_BYTES: Final = 64 * 1024 * 1024


@dataclass(frozen=True)
class Row:
    """One period of a unit as a file says it. ``said``: field of ``Period`` → value, of the columns that
    there are; ``place`` is the row's line as an editor counts."""

    place: SourceLocation
    code: str
    kind: Kind
    said: Mapping[str, Any]

    @property
    def valid_from(self) -> date:
        """First day of the period."""
        day: date = self.said["valid_from"]
        return day


@dataclass(frozen=True)
class Rows:
    """All rows of a file, and what could not be read. ``absent``: columns that it has not."""

    rows: Sequence[Row]
    problems: Sequence[Problem]
    absent: frozenset[str] = frozenset()


def text_of(path: Path) -> str:
    """Raises ProblemList (ORG-FILE) for what is no file of text."""
    try:
        if not path.is_file() or path.stat().st_size > MAX_BYTES:  # a device would be read for ever
            raise ValueError("no file")
        return path.read_bytes().decode("utf-8-sig")
    except (OSError, ValueError):
        problem = Problem(NO_FILE, SourceLocation(file=path.name), {"path": str(path)})
        raise ProblemList([problem]) from None


def header_of(text: str) -> list[str]:
    """Names of its columns; none of an empty file, or of what is no CSV."""
    try:
        return next(csv.reader(io.StringIO(text, newline=""), strict=True), [])
    except csv.Error:
        return []


def parse(text: str, name: str) -> Rows:
    """The rows of a file of that name. Raises ProblemList (ORG-COLUMN) without the columns that there must
    be."""
    header = [title.strip() for title in header_of(text)]
    problems = [_column(name, column) for column in REQUIRED if column not in header]
    problems += [_column(name, column) for column in sorted(set(header)) if header.count(column) > 1]
    problems += [_column(name, column) for column in sorted(set(header) - set(COLUMNS))]
    if problems:
        raise ProblemList(problems)
    rows: list[Row] = []
    try:
        lines = csv.reader(io.StringIO(text, newline=""), strict=True)
        next(lines)
        end = lines.line_num
        for cells in lines:
            place, end = SourceLocation(file=name, row=end + 1), lines.line_num
            if any(cell.strip() for cell in cells):
                _read(place, header, cells, rows, problems)
    except csv.Error:
        problems.append(Problem(NO_FILE, SourceLocation(file=name), {"path": name}))
    return Rows(rows, problems, frozenset(COLUMNS) - set(header))


def _column(name: str, column: str) -> Problem:
    params = {"column": column, "columns": ", ".join(COLUMNS)}
    return Problem(NO_COLUMN, SourceLocation(file=name, field=column), params)


def _read(
    place: SourceLocation, header: list[str], cells: list[str], rows: list[Row], problems: list[Problem]
) -> None:
    """The row, or everything that is wrong with it."""
    found: dict[str, Any] = {}
    wrong = len(problems)
    if len(cells) != len(header):
        problems.append(Problem(WRONG_CELL, place, {"column": "–", "value": f"{len(cells)} ≠ {len(header)}"}))
        return
    for column, cell in zip(header, cells, strict=True):
        try:
            found[column] = _value(column, cell)
        except ValueError:
            where = SourceLocation(file=place.file, row=place.row, field=column)
            problems.append(Problem(WRONG_CELL, where, {"column": column, "value": cell.strip() or "–"}))
    if len(problems) == wrong:
        rows.append(Row(place, found.pop("code"), found.pop("kind"), found))


def _value(column: str, cell: str) -> Any:
    text = clean(cell)
    match column:
        case "kind":
            return Kind(text)
        case "ended":
            return Ended(text)
        case "valid_from":
            return _day(text)
        case "valid_to":
            return _day(text) if text else None
        case "successors":
            return tuple(sorted(set(text.split())))
        case _:
            return text


def _day(text: str) -> date:
    day = date.fromisoformat(text)
    if text != day.isoformat() or not 1900 <= day.year <= 9998:  # one way to write it, a year that is one
        raise ValueError(text)
    return day


def as_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """A file of these rows, column → value."""
    out = io.StringIO()
    table = csv.DictWriter(out, COLUMNS, restval="", lineterminator="\n")
    table.writeheader()
    for row in rows:
        table.writerow({name: _cell(value) for name, value in row.items()})
    return out.getvalue()


def _cell(value: Any) -> str:
    if isinstance(value, date):
        return value.isoformat()
    return " ".join(value) if isinstance(value, tuple) else str(value or "")
