"""What is told of a list stands where its program shows it: a sheet's cell, the line that an editor shows.

An error is sown in each region of a list, below titles, levels of captions, blank and hidden rows and on a
second sheet, and its address is compared with the place where it was sown.
"""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from html import escape

import pytest
import xlsxwriter
from openpyxl.utils import get_column_letter

from tests.unit.feedback.books import packed, parts, said_of
from tests.unit.producers.made import CAPTIONS, ROW
from tests.unit.producers.made_xls import xls

WRONG = {
    "Dân tộc": ("?", "CELL-101"),
    "Ngày sinh": ("32/13/2008", "CELL-102"),
    "Giới tính": ("?", "CELL-101"),
}
TITLES: list[list[str]] = [
    ["SỞ GIÁO DỤC VÀ ĐÀO TẠO"],
    [],
    ["DANH SÁCH HỌC SINH"],
    ["Năm học 2019 - 2020"],
    [],
    [],
]

Grid = list[list[str]]
Sown = dict[tuple[str, str], str]
"""(sheet, address) → code."""


class Sheet:
    """A list as it grows row by row, and what was sown in it."""

    def __init__(self, name: str, columns: Sequence[str] = CAPTIONS, left: int = 0) -> None:
        self.name, self.columns, self.left = name, columns, left
        self.rows: Grid = []
        self.hidden: list[int] = []
        self.sown: Sown = {}
        self._pupils = 0

    def add(self, *rows: Sequence[str]) -> None:
        self.rows += [[*[""] * self.left, *row] for row in rows]

    def pupil(self, number: int, *wrong: str, hidden: bool = False, **said: str) -> None:
        row = {
            **ROW,
            "Mã học sinh": f"20000{number:05d}",
            "Họ tên": f"Nguyễn Văn {'ABCDEGHIKL'[number % 10]}",
            **said,
        }
        for caption in wrong:
            row[caption], code = WRONG[caption]
            column = get_column_letter(self.left + self.columns.index(caption) + 1)
            self.sown[self.name, f"{column}{len(self.rows) + 1}"] = code
        if hidden:
            self.hidden.append(len(self.rows))
        self.add([row.get(c, "") for c in self.columns])

    def blank(self, rows: int = 1) -> None:
        self.add(*[[] for _ in range(rows)])


def plain(name: str, first: int, left: int = 0) -> Sheet:
    """Titles, captions, and an error in each region."""
    sheet = Sheet(name, left=left)
    sheet.add(*TITLES, CAPTIONS)
    sheet.pupil(first, "Dân tộc")
    sheet.pupil(first + 1)
    sheet.blank(2)
    sheet.pupil(first + 2, "Ngày sinh", "Giới tính", hidden=True)
    sheet.pupil(first + 3, hidden=True)
    sheet.add(["", "6A2"])
    sheet.pupil(first + 4, "Giới tính")
    sheet.add(CAPTIONS)  # a page's header again
    sheet.pupil(first + 5, "Dân tộc")
    sheet.blank()
    sheet.pupil(first + 6, "Ngày sinh")
    sheet.add(["Tổng cộng: 7 học sinh"])
    return sheet


def xlsx(sheets: Sequence[Sheet], merged: Mapping[str, Sequence[str]] = {}) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    for one in sheets:
        sheet = book.add_worksheet(one.name)
        for r, row in enumerate(one.rows):
            for c, text in enumerate(row):
                if text:
                    sheet.write_string(r, c, text)
        for r in one.hidden:
            sheet.set_row(r, None, None, {"hidden": True})
        sheet.set_column(3, 4, None, None, {"hidden": True})
        for cells in merged.get(one.name, ()):
            sheet.merge_range(cells, "")
            r, c = xlsxwriter.utility.xl_cell_to_rowcol(cells.partition(":")[0])
            sheet.write_string(r, c, one.rows[r][c])
        sheet.autofilter(6, one.left, len(one.rows) - 1, one.left + len(one.columns) - 1)
    book.close()
    return out.getvalue()


def lines(sheet: Sheet, end: str = "\n") -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";", lineterminator=end)
    for row in sheet.rows:
        writer.writerow(row) if any(row) else out.write(end)
    return out.getvalue().encode()


def page(sheet: Sheet) -> bytes:
    width = max(map(len, sheet.rows))
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(t)}</td>" for t in [*row, *[""] * (width - len(row))]) + "</tr>"
        for row in sheet.rows
    )
    return f"<html><table>{body}</table></html>".encode()


def told(data: bytes) -> Sown:
    _, found = said_of(data)
    refused = [f for f in found if f.finding.verdict == "refused"]
    return {
        (f.finding.place.sheet, f"{get_column_letter(column)}{row}"): f.finding.rule
        for f in refused
        for row, column in f.cells
    }


@pytest.mark.parametrize("left", [0, 2])
def test_an_error_is_told_at_its_cell_on_every_sheet_of_a_workbook(left: int) -> None:
    sheets = [plain("Khối 6", 1, left), plain("Khối 7", 20, left)]
    assert told(xlsx(sheets)) == {**sheets[0].sown, **sheets[1].sown}


def test_an_error_is_told_at_its_cell_of_an_older_workbook() -> None:
    sheets = [plain("Khối 6", 1, 1), plain("Khối 7", 20, 1)]
    data = xls({s.name: [[text or None for text in row] for row in s.rows] for s in sheets})
    assert told(data) == {**sheets[0].sown, **sheets[1].sown}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_an_error_is_told_at_its_line_of_a_text(end: str) -> None:
    sheet = plain("", 1)
    assert told(lines(sheet, end)) == sheet.sown


def test_an_error_is_told_at_its_row_of_a_page() -> None:
    sheet = plain("", 1)
    assert {cell: code for (_, cell), code in told(page(sheet)).items()} == {
        c: s for (_, c), s in sheet.sown.items()
    }


def test_a_workbook_whose_rows_have_no_numbers_counts_them_by_their_place() -> None:
    """As some programs write it."""
    sheet = plain("Khối 6", 1)
    given = parts(xlsx([sheet]))
    rows = "".join(
        "<row>"
        + "".join(f'<c t="inlineStr"><is><t>{escape(t)}</t></is></c>' if t else "<c/>" for t in row)
        + "</row>"
        for row in sheet.rows
    )
    part = "xl/worksheets/sheet1.xml"
    given[part] = re.sub(
        rb"<sheetData>.*</sheetData>", f"<sheetData>{rows}</sheetData>".encode(), given[part], flags=re.S
    )
    assert told(packed(given)) == sheet.sown


COLUMNS = ("STT", "Mã học sinh", "Họ tên", "Ngày sinh", "Giới tính", "Dân tộc", "Lớp học", "Tên mẹ")
GROUPS = ["STT", "Mã học sinh", "Thông tin học sinh", "", "", "", "Lớp học", "Tên mẹ"]
UNDER = ["", "", "Họ tên", "Ngày sinh", "Giới tính", "Dân tộc", "", ""]


@pytest.mark.parametrize("numbered", [False, True])
def test_an_error_is_told_at_its_cell_below_two_rows_of_captions(numbered: bool) -> None:
    sheet = Sheet("Khối 6", COLUMNS, 1)
    sheet.add(*TITLES, GROUPS, UNDER)
    if numbered:
        sheet.add([str(n) for n in range(1, len(COLUMNS) + 1)])
    for number in range(1, 7):
        sheet.pupil(number, *(["Giới tính", "Dân tộc"] if number % 3 == 1 else []), hidden=number == 4)
        if number == 3:
            sheet.blank(3)
    sheet.add(GROUPS, UNDER)
    sheet.pupil(8, "Ngày sinh")
    spans = ["B7:B8", "C7:C8", "D7:G7", "H7:H8", "I7:I8"]
    other = plain("Khối 7", 20)
    assert told(xlsx([sheet, other], {"Khối 6": spans})) == {**sheet.sown, **other.sown}
