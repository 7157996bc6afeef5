"""Workbooks and csv files as sheets of text, and where the table stands on a sheet."""

import csv
import io
from dataclasses import dataclass
from typing import Final

import fastexcel
import polars as pl

from producers.adapters.sniff import Kind
from producers.layouts import Column, Layout
from producers.text import fold
from schemas.errors import Problem, ProblemList, SourceLocation

HEADER_SEARCH: Final = 40
"""Rows searched for the header: titles and instructions stand above it."""

MIN_CAPTIONS: Final = 3
"""Known captions, as whole cells, that make a row the header. Instructions quote one, sometimes two."""


@dataclass(frozen=True)
class Sheet:
    """Cells as text, column by column; row ``i`` of ``cells`` is row ``i + 1`` of the sheet."""

    name: str
    cells: pl.DataFrame


@dataclass(frozen=True)
class Header:
    """Where the table begins: row index, and for each cell of it the layout's column (None: unknown)."""

    row: int
    columns: dict[str, Column]
    unknown: dict[str, str]
    twice: list[str]


def sheets(source: str, kind: Kind, data: bytes) -> list[Sheet]:
    """Every sheet that has a cell. Raises ProblemList (FILE-014) if the workbook cannot be read."""
    if kind == "csv":
        return [_csv(data)]
    try:
        book = fastexcel.read_excel(data)
        names = book.sheet_names
        read = [
            Sheet(
                n,
                book.load_sheet(
                    n, header_row=None, skip_rows=0, dtypes="string", skip_whitespace_tail_rows=True
                ).to_polars(),
            )
            for n in names
        ]
    except (fastexcel.FastExcelError, pl.exceptions.PolarsError):
        raise ProblemList([Problem("FILE-014", SourceLocation(source))]) from None
    return [s for s in read if s.cells.height and s.cells.width]


def find_header(sheet: Sheet, layout: Layout) -> Header | None:
    """The first row that holds enough of the layout's captions as whole cells."""
    known = layout.by_caption()
    for row in range(min(HEADER_SEARCH, sheet.cells.height)):
        captions = {
            name: text for name, text in zip(sheet.cells.columns, sheet.cells.row(row), strict=True) if text
        }
        columns = {name: known[fold(text)] for name, text in captions.items() if fold(text) in known}
        if len({c.caption for c in columns.values()}) >= MIN_CAPTIONS:
            found = [c.caption for c in columns.values()]
            twice = sorted({c for c in found if found.count(c) > 1})
            unknown = {name: text for name, text in captions.items() if name not in columns}
            return Header(row, columns, unknown, twice)
    return None


def titles(sheet: Sheet, header: Header) -> list[str]:
    """Texts above the table."""
    return [text for row in sheet.cells.head(header.row).rows() for text in row if text]


def _csv(data: bytes) -> Sheet:
    text = data.decode("utf-8")
    lines = text.splitlines()[:HEADER_SEARCH]
    separator = max(";,\t", key=lambda s: sum(line.count(s) for line in lines))
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    width = max((len(r) for r in rows), default=0)
    columns = {
        f"column_{i + 1}": [r[i] if i < len(r) and r[i] != "" else None for r in rows] for i in range(width)
    }
    return Sheet("", pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String)))
