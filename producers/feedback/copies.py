"""Lists that are no .xlsx, with their faults: a new workbook of the same cells, or csv with a column more.

Every cell is a text, so nothing of it is evaluated and no code loses a zero. Rows keep their numbers: what
was told of a line stands in the row of that number.
"""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException

from producers.adapters.csv_cells import left_alone
from producers.adapters.sheets import Sheet
from producers.feedback import own, told
from producers.feedback.places import Located
from producers.model import SourceColumn

CSV_SHEET: Final = "Danh sách"
"""What the one sheet of a csv file is called in a workbook."""

SEPARATORS: Final = ";,\t|"
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_CODE: Final = re.compile(r'="[0-9A-Za-z./-]+"')
"""Tells Excel to leave a code alone; it computes nothing."""
_LINE: Final = re.compile(r"\r\n|\r|\n")


def workbook(sheets: Sequence[Sheet]) -> tuple[bytes, dict[str, str]]:
    """(a workbook of these sheets: texts, and days as days; what each is called in it)."""
    out = io.BytesIO()
    since_1904 = any(sheet.since_1904 for sheet in sheets)
    book = xlsxwriter.Workbook(out, {"in_memory": True, "date_1904": since_1904})
    names: dict[str, str] = {}
    text = book.add_format({"num_format": "@"})
    kept = book.add_format({"num_format": "@", "quote_prefix": True})
    day = book.add_format({"num_format": "dd/mm/yyyy"})
    for sheet in sheets:
        written = _sheet(book, sheet.name or CSV_SHEET)
        names[sheet.name] = written.get_name()
        if sheet.hidden:
            written.hide()
        for name in sheet.cells.columns:
            column = int(name) - 1
            for number, value in zip(sheet.rows, sheet.cells[name], strict=True):
                if not value:
                    continue
                if sheet.name and (when := _day(value)):
                    written.write_datetime(number - 1, column, when, day)
                else:
                    form = kept if value.startswith("'") or own.guard(value) != value else text
                    written.write_string(number - 1, column, value, form)
    book.close()
    return out.getvalue(), names


def listed(found: Sequence[Located]) -> bytes:
    """A workbook that has nothing but the sheet of faults: of what was sent without cells."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = book.add_worksheet(told.SHEET)
    lines = [*([title] for title in told.titles(found)), [], told.HEAD, *map(told.line, found)]
    for number, line in enumerate(lines):
        for column, text in enumerate(line):
            if text:
                sheet.write_string(number, column, text)
    book.close()
    return out.getvalue()


def _sheet(book: Any, name: str) -> Any:
    """A sheet of this name, or of another where programs do not take it."""
    try:
        return book.add_worksheet(name)
    except XlsxWriterException:
        return book.add_worksheet()


def _day(text: str) -> date | None:
    """A day that a workbook's cell holds; Excel's calendar begins in 1900."""
    if not _DAY.fullmatch(text):
        return None
    try:
        when = datetime.strptime(text, "%Y-%m-%d")
    except ValueError:
        return None
    return when if when > datetime(1900, 3, 1) else None


def csv_file(text: str, sheet: Sheet, found: Sequence[Located], columns: Sequence[SourceColumn]) -> bytes:
    """The csv file with a first column of faults; without any, as it was before we wrote to it. ``text`` is
    what was read: a code that it tells Excel to leave alone stays so."""
    of_row: dict[int, list[Located]] = {}
    for f in found:
        of_row.setdefault(f.finding.place.row, []).append(f)
    names = {int(name): sheet.cells[name].to_list() for name in sheet.cells.columns}
    head = _head(sheet, columns)
    out = io.StringIO(newline="")
    separator = _separator(text, sheet.rows[head])
    as_written = _told_to_excel(text, separator)
    writer = csv.writer(out, delimiter=separator, lineterminator="\r\n")
    line = 1
    for i, number in enumerate(sheet.rows):
        out.write("\r\n" * (number - line))
        length = sheet.lengths[i] if sheet.lengths else max(names)
        row = [names[n][i] or "" if n in names else "" for n in range(1, length + 1)]
        if found:
            said = own.COLUMN if i == head else told.of_row(of_row.get(number, ()))
            row = [own.guard(cell) for cell in (said, *row)]
        if given := as_written.get(number):
            row = [given.get(cell, cell) for cell in row]
        writer.writerow(row)
        line = number + 1 + sum(len(_LINE.findall(cell)) for cell in row)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _told_to_excel(text: str, separator: str) -> dict[int, dict[str, str]]:
    """Line → what is shown of a cell like ``="0123"`` → the cell."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    found: dict[int, dict[str, str]] = {}
    line = 1
    for row in reader:
        told = {left_alone(cell): cell for cell in row if _CODE.fullmatch(cell)}
        if told:
            found[line] = told
        line = reader.line_num + 1
    return found


def _head(sheet: Sheet, columns: Sequence[SourceColumn]) -> int:
    """Position of the row where most captions stand in their columns; of a list that has none the first."""
    captions: Mapping[str, str] = {str(c.number): c.caption for c in columns}
    near = sheet.cells.head(own.HEAD // 2)
    hits = [
        sum(captions.get(name) == (text or "").strip() for name, text in row.items() if text)
        for row in near.iter_rows(named=True)
    ]
    return max(range(len(hits)), key=lambda i: hits[i])


def _separator(text: str, line: int) -> str:
    """What divides the cells of the line with the captions."""
    lines = io.StringIO(text, newline="").readlines()
    return max(SEPARATORS, key=lines[line - 1].count)
