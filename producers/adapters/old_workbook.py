"""Workbooks of the older kinds. An .xls is read by two libraries that share no code, and each cell must be
the same to both; of .xlsb there is one.

Runs in the process that reads foreign files: on some damaged ones a library ends its process, or allots
every cell between two far ones.
"""

import io
from collections.abc import Iterator
from datetime import datetime
from typing import Final

import fastexcel
import xlrd
import xlrd.compdoc

from producers.adapters import old_records
from producers.adapters.cell_values import EPOCH, EPOCH_1904, is_date, moment_of, number_text
from producers.adapters.grid import ERROR_RESULT, MAX_CHARS, Cells, TooMuch, Unreadable

MOST_NAMED: Final = 20
"""Cells that are named where the libraries differ."""
NEAR: Final = 1e-8
"""The second library writes nine digits behind the point."""
MAX_DENSE: Final = 4_000_000
"""Cells from the first to the last row and column: the second library allots each."""
LEAP_OF_1900: Final = 61
"""Before this day the libraries count with or without 29 February 1900."""

_SECTOR: Final = 512
_FREE: Final = 0xFFFFFFFF
_IN_HEADER: Final = 109
"""Sectors of the allocation table that the header names itself."""

Place = tuple[str, int, int]
"""Sheet, row and column from 1."""


class Differ(Exception):
    """The two libraries do not find the same in these cells; of a sheet that one does not find, row 0."""

    def __init__(self, places: list[Place]) -> None:
        super().__init__(len(places))
        self.places = places


def read(data: bytes) -> list[Cells]:
    """The sheets in their order. Raises Unreadable, Differ, TooMuch."""
    if data.startswith(b"\xd0\xcf") and _cut_off(data):
        raise Unreadable
    try:
        if data.startswith(b"PK"):
            return list(_of_second(fastexcel.read_excel(data)).values())
        return _of_both(data)
    except (MemoryError, TooMuch, Differ):
        raise
    except Exception:  # whatever a damaged file makes the libraries say
        raise Unreadable from None


def _of_both(data: bytes) -> list[Cells]:
    old_records.check(_stream(data))
    book = xlrd.open_workbook(
        file_contents=data, formatting_info=True, ragged_rows=True, logfile=io.StringIO()
    )
    if sum(sheet.nrows * sheet.ncols for sheet in book.sheets()) > MAX_DENSE:
        raise TooMuch
    second = _of_second(fastexcel.read_excel(data))
    reader, found, places = _First(book), [], []
    for sheet in book.sheets():
        cells = Cells(sheet.name, sheet.visibility != 0, since_1904=bool(book.datemode))
        other = second.pop(sheet.name, None)
        if other is None:
            places.append((sheet.name, 0, 0))
            continue
        for row, column, text, number in reader.cells(sheet):
            if text:
                cells.rows.setdefault(row, {})[column] = text
            if not _same(text, number, other.rows.get(row, {}).pop(column, ""), reader.epoch):
                places.append((sheet.name, row, column))
        places += [(sheet.name, row, column) for row, rest in other.rows.items() for column in rest]
        found.append(cells)
    places += [(name, 0, 0) for name, cells in second.items() if cells.rows]
    if places:
        raise Differ(sorted(places)[:MOST_NAMED])
    return found


def _stream(data: bytes) -> bytes:
    """The workbook within its container; without one the data is the stream."""
    if not data.startswith(b"\xd0\xcf"):
        return data
    container = xlrd.compdoc.CompDoc(data, logfile=io.StringIO())
    return container.get_named_stream("Workbook") or container.get_named_stream("Book") or b""


class _First:
    """What the first library says: texts as ``cell_values`` shows numbers and dates."""

    def __init__(self, book: xlrd.Book) -> None:
        self.epoch = EPOCH_1904 if book.datemode else EPOCH
        self._book = book
        self._chars = 0

    def cells(self, sheet: xlrd.sheet.Sheet) -> Iterator[tuple[int, int, str, float | None]]:
        """Row, column, text, and the number that it was."""
        for row in range(sheet.nrows):
            for column, cell in enumerate(sheet.row(row), 1):
                if cell.ctype in (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK):
                    continue
                text, number = self._text(cell)
                self._chars += len(text)
                if self._chars > MAX_CHARS:
                    raise TooMuch
                if text and not text.isspace():
                    yield row + 1, column, text, number

    def _text(self, cell: xlrd.sheet.Cell) -> tuple[str, float | None]:
        match cell.ctype:
            case xlrd.XL_CELL_TEXT:
                return cell.value, None
            case xlrd.XL_CELL_BOOLEAN:
                return ("true" if cell.value else "false"), None
            case xlrd.XL_CELL_ERROR:
                return xlrd.error_text_from_code.get(cell.value, ERROR_RESULT), None
        form = self._form(cell.xf_index)
        if cell.ctype == xlrd.XL_CELL_DATE and not is_date(form):
            form = "d"
        return number_text(cell.value, form, self.epoch), cell.value

    def _form(self, index: int | None) -> str:
        styles = self._book.xf_list
        if index is None or not styles:  # a workbook without styles has one
            return ""
        return str(self._book.format_map[styles[index].format_key].format_str)


def _same(text: str, number: float | None, other: str, epoch: datetime) -> bool:
    if number is None:
        return text == other or (text.startswith("#") and other == ERROR_RESULT)
    try:
        return abs(float(other) - number) <= NEAR * max(1.0, abs(number))
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(other)
    except ValueError:
        return False
    if number < LEAP_OF_1900:
        return True
    return abs((moment - moment_of(number, epoch)).total_seconds()) <= 1


def _of_second(book: fastexcel.ExcelReader) -> dict[str, Cells]:
    """What the second library says, as its own texts; an error result is ERROR_RESULT."""
    found: dict[str, Cells] = {}
    for name in book.sheet_names:
        sheet = book.load_sheet(name, header_row=None, skip_rows=0, dtypes="string")
        cells = found[name] = Cells(name, sheet.visible != "visible")
        read, errors = sheet.to_arrow_with_errors()
        columns = [c.absolute_index + 1 for c in sheet.available_columns()]
        for at, column in zip(columns, read.columns, strict=True):
            for row, text in enumerate(column.to_pylist(), 1):
                if text is not None and text.strip():
                    cells.rows.setdefault(row, {})[at] = text
        for row, at in (e.position for e in (errors.errors if errors else ())):
            cells.rows.setdefault(row + 1, {})[columns[at]] = ERROR_RESULT
    return found


def _cut_off(data: bytes) -> bool:
    """Whether the file ends before the last sector that its own table names as used.

    The table (FAT) lies in the sectors that the header lists, and for a file above 7 MB in further lists.
    """
    size = 1 << int.from_bytes(data[30:32], "little")
    if size not in (_SECTOR, 4096) or len(data) < _SECTOR:
        return True
    tables = _words(data[76 : 76 + 4 * _IN_HEADER])
    after, lists = int.from_bytes(data[68:72], "little"), int.from_bytes(data[72:76], "little")
    for _ in range(min(lists, len(data) // size)):
        more = _words(data[(after + 1) * size : (after + 2) * size])
        if len(more) < size // 4:
            return True
        tables, after = tables + more[:-1], more[-1]
    last = 0
    for n, sector in enumerate(t for t in tables if t != _FREE):
        entries = _words(data[(sector + 1) * size : (sector + 2) * size])
        if len(entries) < size // 4:
            return True
        used = [i for i, following in enumerate(entries) if following != _FREE]
        last = max(last, n * len(entries) + used[-1] if used else 0)
    return len(data) < (last + 2) * size


def _words(data: bytes) -> list[int]:
    return list(memoryview(data[: len(data) // 4 * 4]).cast("I"))
