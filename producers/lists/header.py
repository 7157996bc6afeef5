"""Where the table stands on a sheet."""

from dataclasses import dataclass
from typing import Final

from producers.adapters.sheets import HEADER_SEARCH, Sheet
from producers.layouts import Column, Layout
from producers.text import fold

MIN_CAPTIONS: Final = 3
"""Known captions, as whole cells, that make a row the header. Instructions quote one, sometimes two."""


@dataclass(frozen=True)
class Header:
    """Where the table begins: row index, and for each cell of it the layout's column (None: unknown)."""

    row: int
    columns: dict[str, Column]
    unknown: dict[str, str]
    twice: list[str]


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
