"""Workbooks and csv files as sheets of text."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from producers.adapters import csv_cells, old_workbook, xlsx
from producers.adapters.grid import MAX_AREA, MAX_COLUMNS, TOO_MUCH, TooMuch
from producers.adapters.sniff import Kind
from producers.feedback import own
from producers.layouts import Layout
from schemas.errors import Problem, ProblemList, SourceLocation

UNREADABLE: Final = "FILE-014"

HEADER_SEARCH: Final = 40
"""Rows searched for the header: titles and instructions stand above it."""


@dataclass(frozen=True)
class Sheet:
    """Cells as text, column by column, null where there is nothing; rows and columns that hold nothing are
    not there.

    ``rows[i]`` is the number of row ``i`` of ``cells`` in its file, from 1; a column's name is its
    number.
    """

    name: str
    cells: pl.DataFrame
    rows: list[int]
    hidden: bool = False
    lengths: list[int] | None = None
    """Cells of each row of a csv file: one with more than the header has shifted what stands in them."""


def sheets(source: str, kind: Kind, data: bytes, layout: Layout) -> list[Sheet]:
    """Every sheet that has a cell. Raises ProblemList (FILE-014, 025, 026) if the file cannot be read."""
    try:
        return _sheets(source, kind, data, layout)
    except TooMuch:
        raise ProblemList([Problem(TOO_MUCH, SourceLocation(source))]) from None
    except (*xlsx.UNREADABLE, old_workbook.Unreadable):
        raise ProblemList([Problem(UNREADABLE, SourceLocation(source))]) from None


def _sheets(source: str, kind: Kind, data: bytes, layout: Layout) -> list[Sheet]:
    if kind == "csv":
        rows = csv_cells.read(source, data, layout.by_caption().keys(), HEADER_SEARCH)
        given: own.Rows = {line: {i: c for i, c in enumerate(row, 1) if c} for line, row in rows}
        ours = own.column_of_faults(given)
        lengths = [len(row) - (ours is not None and len(row) >= ours) for _, row in rows]
        return [_sheet("", own.without_faults(given), lengths=lengths)] if rows else []
    found = xlsx.read(data) if kind == "xlsx" else old_workbook.read(data)
    return [
        _sheet(s.name, own.without_faults(s.rows), hidden=s.hidden)
        for s in found
        if s.rows and not own.is_list_of_faults(s.rows)
    ]


def _sheet(
    name: str,
    given: Mapping[int, Mapping[int, str]],
    *,
    hidden: bool = False,
    lengths: list[int] | None = None,
) -> Sheet:
    rows = sorted(row for row, cells in given.items() if cells)
    columns = sorted({column for row in rows for column in given[row]})
    if len(columns) > MAX_COLUMNS or len(rows) * len(columns) > MAX_AREA:
        raise TooMuch
    texts = {str(c): [given[row].get(c) for row in rows] for c in columns}
    return Sheet(name, pl.DataFrame(texts, schema=dict.fromkeys(texts, pl.String)), rows, hidden, lengths)
