"""Tables of a Word file as texts, read as a stream of elements: nothing of it is built, followed or run."""

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from producers.adapters.grid import TooMuch
from producers.adapters.parts import parse

MAX_COLUMNS: Final = 63
"""Of a table, as Word has it."""
MAX_ROWS: Final = 10_000

_CHANGES: Final = frozenset({"ins", "del", "moveFrom", "moveTo", "cellIns", "cellDel"})
_BREAKS: Final = frozenset({"p", "br", "cr", "tab"})


@dataclass
class Table:
    """Rows of (column from 1 → text); a cell that spans several stands in the first."""

    rows: list[dict[int, str]] = field(default_factory=list)
    column: int = 1
    span: int = 1
    cell: list[str] | None = None


@dataclass
class Word:
    """What a document shows. ``changes``: it has changes that nobody accepted; ``hidden``: text that is not
    shown; ``around``: text outside of tables."""

    tables: list[Table] = field(default_factory=list)
    around: list[str] = field(default_factory=list)
    changes: bool = False
    hidden: bool = False


def read(data: bytes, path: str) -> Word:
    """The part at that path. Raises what ``packages.UNREADABLE`` names, or TooMuch."""
    reader = _Reader()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parse(archive, path, reader.start, reader.end, reader.text)
    return reader.word


class _Reader:
    def __init__(self) -> None:
        self.word = Word()
        self.open: list[Table] = []
        self.again = 0
        self.rows = 0

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        table = self.open[-1] if self.open else None
        if tag == "tbl":
            self.open.append(Table())
            if len(self.open) > MAX_COLUMNS:
                raise TooMuch
        elif tag == "Fallback":
            self.again += 1
        elif tag in _CHANGES:
            self.word.changes = True
        elif tag == "vanish":
            self.word.hidden |= _value(attributes) not in ("0", "false", "off")
        elif tag in _BREAKS:
            self._say(" ")
        elif tag == "noBreakHyphen":
            self._say("-")
        elif table is None:
            return
        elif tag == "tr":
            self.rows += 1
            if self.rows > MAX_ROWS:
                raise TooMuch
            table.rows.append({})
            table.column = 1
        elif tag == "tc":
            table.cell, table.span = [], 1
        elif tag == "gridSpan" and table.cell is not None:
            table.span = _number(attributes)
        elif tag == "gridBefore":
            table.column += _number(attributes)

    def end(self, tag: str) -> None:
        if tag == "Fallback":
            self.again -= 1
        elif not self.open:
            return
        elif tag == "tbl":
            self.word.tables.append(self.open.pop())
        elif tag == "tc":
            table = self.open[-1]
            if table.cell is not None and table.rows:
                table.rows[-1][table.column] = "".join(table.cell)
                table.column += table.span
                table.cell = None
                if table.column > MAX_COLUMNS + 1:
                    raise TooMuch

    def text(self, piece: str) -> None:
        """Of a run: numbers of a chart or formula (``v``) stand in parts of their own."""
        self._say(piece)

    def _say(self, piece: str) -> None:
        if self.again:
            return
        if not self.open:
            self.word.around.append(piece)
        elif (cell := self.open[-1].cell) is not None:
            cell.append(piece)


def _value(attributes: Mapping[str, str]) -> str:
    return next((v for name, v in attributes.items() if name.rpartition(":")[2] == "val"), "")


def _number(attributes: Mapping[str, str]) -> int:
    text = _value(attributes)
    if not text.isdecimal() or len(text) > 2:
        raise TooMuch
    return int(text)
