"""The tables of an HTML page, which some programs save under the name of a workbook (.xls).

One sheet of rows, as Excel shows the page: tables below each other, and what stands around them as titles.
"""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final

from producers.adapters.grid import MAX_AREA, MAX_CHARS, MAX_COLUMNS, Cells, TooMuch

MAX_SPAN: Final = 1_000
"""Columns of one cell, as browsers have it."""

_BLANKS: Final = re.compile(r"[ \t\r\n\f]+")
_SILENT: Final = frozenset({"script", "style", "title", "template"})
_BLOCKS: Final = frozenset(
    {"p", "div", "br", "h1", "h2", "h3", "h4", "h5", "h6", "li", "caption", "center", "body", "hr", "form"}
)


class CutOff(Exception):
    """The page ends within a table: what came below is lost."""


@dataclass
class _Table:
    """A table under way: its row (None outside of one), the column of its next cell, columns that cells above
    still hold and for how many rows, the columns and rows of the cell under way (None outside of one)."""

    row: dict[int, str] | None = None
    next: int = 1
    held: dict[int, int] = field(default_factory=dict)
    cell: tuple[int, int] | None = None
    pieces: list[str] = field(default_factory=list)


def read(text: str) -> Cells:
    """Row number → column number → text. Raises CutOff, TooMuch."""
    page = _Page()
    page.feed(text)
    page.close()
    if page.tables:
        raise CutOff
    page.around_ends()
    return page.sheet


class _Page(HTMLParser):
    """A table within a cell of another has rows of its own, above those of the other."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.sheet = Cells("", False)
        self.tables: list[_Table] = []
        self._around: list[str] = []
        self._silent = ""
        self._row = self._chars = self._cells = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        table = self.tables[-1] if self.tables else None
        if tag in _SILENT:
            self._silent = tag
        elif tag == "table":
            self.around_ends()
            self.tables.append(_Table())
        elif table is not None and tag == "tr":
            self._row_ends(table)
            table.row, table.next = {}, 1
        elif table is not None and tag in ("td", "th"):
            self._cell_ends(table)
            if table.row is None:
                table.row, table.next = {}, 1
            given = {name: value or "" for name, value in attrs}
            table.cell = _span(given.get("colspan", "")), _span(given.get("rowspan", ""))
        elif tag in _BLOCKS:
            self.handle_data(" ")
            if table is None:
                self.around_ends()

    def handle_endtag(self, tag: str) -> None:
        table = self.tables[-1] if self.tables else None
        if tag == self._silent:
            self._silent = ""
        elif table is None:
            if tag in _BLOCKS:
                self.around_ends()
        elif tag in ("td", "th"):
            self._cell_ends(table)
        elif tag == "tr":
            self._row_ends(table)
        elif tag == "table":
            self._row_ends(table)
            self.tables.pop()

    def handle_data(self, data: str) -> None:
        if self._silent:
            return
        cell = self.tables and self.tables[-1].cell
        (self.tables[-1].pieces if cell else self._around).append(data)

    def around_ends(self) -> None:
        """What stood outside of tables is a row, if it says anything."""
        text, self._around = _shown(self._around), []
        if text:
            self._taken({1: text})

    def _cell_ends(self, table: _Table) -> None:
        if table.cell is None or table.row is None:
            return
        (wide, high), text = table.cell, _shown(table.pieces)
        table.cell, table.pieces = None, []
        column = table.next
        while column in table.held:
            column += 1
        table.next = column + wide
        for at in range(column, column + wide):
            table.row.setdefault(at, "")
            if high > 1:
                table.held[at] = high
        table.row[column] = text
        self._cells += wide
        if column + wide > MAX_COLUMNS or self._cells > MAX_AREA:
            raise TooMuch

    def _row_ends(self, table: _Table) -> None:
        self._cell_ends(table)
        if table.row is None:
            return
        self._taken({column: text for column, text in table.row.items() if text})
        table.row = None
        table.held = {column: left - 1 for column, left in table.held.items() if left > 1}

    def _taken(self, cells: dict[int, str]) -> None:
        self._row += 1
        self._chars += sum(map(len, cells.values()))
        if self._chars > MAX_CHARS or self._row > MAX_AREA:
            raise TooMuch
        if cells:
            self.sheet.rows[self._row] = cells


def _shown(pieces: list[str]) -> str:
    """Runs of blanks are one, as a browser shows them; a no-break space is no blank there."""
    return _BLANKS.sub(" ", "".join(pieces)).strip()


def _span(said: str) -> int:
    return min(max(int(said), 1), MAX_SPAN) if said.isascii() and said.isdecimal() and len(said) < 9 else 1
