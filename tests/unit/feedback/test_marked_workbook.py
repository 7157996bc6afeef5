"""The school's own workbook with its faulty cells marked: the rest is as it was, and marks come and go."""

import io
import re
from copy import copy as copy_of
from typing import Any

import openpyxl
import pytest
from openpyxl.comments import Comment

from producers.feedback import notes, own, told
from schemas.errors import ProblemList
from tests.unit.feedback.books import coloured, marked, opened, packed, parts, said_of, school_list
from tests.unit.feedback.books import notes as notes_of
from tests.unit.producers.made import VNEDU, read, table

SHEET = "xl/worksheets/sheet1.xml"
CELL = re.compile(rb"<c [^>]*?(?:/>|>.*?</c>)")
FAULTY: tuple[dict[str, Any], ...] = (
    {},
    {"Dân tộc": "Không rõ"},
    {"Giới tính": "abc", "Ngày sinh": "31/02/2008"},
    {"Dân tộc": None},
)


@pytest.fixture(scope="module")
def faulty() -> bytes:
    return school_list(*FAULTY, macros=True)


@pytest.fixture(scope="module")
def copy(faulty: bytes) -> bytes:
    return marked(faulty, suffix=".xlsm")


def test_what_is_not_ours_is_untouched(faulty: bytes, copy: bytes):
    """Dropdowns, formats, hidden columns, names, macros, the picture: part by part, and cell by cell."""
    before, after = parts(faulty), parts(copy)
    ours = {SHEET, "[Content_Types].xml", "_rels/.rels", "xl/workbook.xml", "xl/_rels/workbook.xml.rels",
            "xl/styles.xml", "xl/comments1.xml", "xl/drawings/vmlDrawing1.vml"}  # fmt: skip
    assert {n for n in before if before[n] != after[n]} == ours
    assert after.keys() - before.keys() == {"docProps/custom.xml", "xl/worksheets/sheetCsdl1.xml"}
    assert CELL.sub(b"", before[SHEET]) == CELL.sub(b"", after[SHEET])
    unstyled = [[re.sub(rb' s="\d+"', b"", c) for c in CELL.findall(p[SHEET])] for p in (before, after)]
    assert [c for c in unstyled[1] if b"<v>" in c] == [c for c in unstyled[0] if b"<v>" in c]


def test_marks_stand_at_the_faulty_cells(faulty: bytes, copy: bytes):
    _, found = said_of(faulty)
    cells = {f.address for f in found} - {""}
    assert {"R9", "J10", "I10"} <= cells
    assert coloured(copy) == cells
    assert notes_of(copy).keys() == cells | {"B7"}
    assert notes_of(copy)["B7"] == "Lớp của trường"
    assert "CELL-101" in notes_of(copy)["R9"] and "•" in notes_of(copy)["R9"]


def test_a_marked_cell_keeps_its_own_format():
    """A code's leading zero is its number format; borders and the rest stay too."""
    data = school_list({"Mã học sinh": 626000001}, {"Mã học sinh": 626000001})
    book = opened(marked(data))
    cell = book["Lớp 'khối 6' A"]["C9"]
    assert (cell.value, cell.number_format, cell.border.left.style) == (626000001, "0000000000", "thin")
    assert coloured(marked(data)) >= {"C9"}


def test_the_sheet_of_faults_leads_to_each_cell(faulty: bytes, copy: bytes):
    _, found = said_of(faulty)
    book = opened(copy)
    assert book.sheetnames[-1] == told.SHEET and len(book.sheetnames) == 3
    lines = list(book[told.SHEET].iter_rows(min_row=6, values_only=True))
    assert [line[0] or "" for line in lines] == [f.address for f in found]
    links = [row[0].hyperlink for row in book[told.SHEET].iter_rows(min_row=6)]
    places = [f"'Lớp ''khối 6'' A'!{f.address}" if f.address else None for f in found]
    assert [link and link.location for link in links] == places


def test_the_copy_says_the_same_records(faulty: bytes, copy: bytes):
    one, two = read(faulty, VNEDU), read(copy, VNEDU)
    assert table(one).records.equals(table(two).records)
    assert table(one).refused.equals(table(two).refused)
    assert one.warnings == two.warnings


def test_marks_go_without_a_trace(faulty: bytes, copy: bytes):
    assert parts(marked(copy, [], ".xlsm")) == parts(faulty)


def test_marking_again_changes_nothing(copy: bytes):
    again = marked(copy, suffix=".xlsm")
    assert {n: parts(again)[n] for n in (SHEET, "xl/styles.xml", "xl/comments1.xml")} == {
        n: parts(copy)[n] for n in (SHEET, "xl/styles.xml", "xl/comments1.xml")
    }
    assert len(opened(again).sheetnames) == 3


def resaved(data: bytes, **cells: object) -> bytes:
    """Corrected and saved by another program, which writes every part anew and numbers styles its own way."""
    book = opened(data)
    sheet = book["Lớp 'khối 6' A"]
    for address, value in cells.items():
        sheet[address] = value
    book.move_sheet(told.SHEET, -2)
    book.active = 0
    return saved(book)


def upside_down(data: bytes) -> bytes:
    """The rows of the list sorted: looks and notes go with their cells, as programs sort."""
    book = opened(data)
    sheet = book["Lớp 'khối 6' A"]
    rows = [[(c.value, copy_of(c._style), c.comment) for c in row] for row in sheet["A8:AL11"]]
    for row, moved in zip(sheet["A8:AL11"], reversed(rows), strict=True):
        for cell, (value, style, comment) in zip(row, moved, strict=True):
            cell.value, cell._style, cell.comment = value, style, copy_of(comment)
    return saved(book)


def saved(book: openpyxl.Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_three_rounds_of_corrections_end_clean():
    """Half of it corrected, sorted, sent again: only what is true now is marked; at last nothing is ours."""
    first = marked(school_list(*FAULTY))
    second = resaved(first, R9="Kinh", R11="Kinh", A8="9")
    _, found = said_of(second)
    assert {"J10", "I10"} <= {f.address for f in found} and "R9" not in {f.address for f in found}
    marked_again = marked(second)
    cells = {f.address for f in found} - {""}
    assert coloured(marked_again) == cells
    assert notes_of(marked_again).keys() == cells | {"B7"}
    assert opened(marked_again).sheetnames.count(told.SHEET) == 1
    third = resaved(upside_down(marked_again), J9="Nam", I9="28/02/2008")
    assert {"J9", "I9"} <= coloured(third) & notes_of(third).keys()
    assert not {"J9", "I9"} & {f.address for f in said_of(third)[1]}
    clean = marked(third, [])
    assert opened(clean).sheetnames == ["Lớp 'khối 6' A", "Danh mục"]
    assert coloured(clean) == set() and notes_of(clean).keys() == {"B7"}
    assert not [
        n for n, p in parts(clean).items() if "CSDL lỗi".encode() in p or own.SHEET_MARK.encode() in p
    ]
    assert table(read(clean, VNEDU)).refused.is_empty()


def test_a_note_whose_author_was_lost_is_known_by_its_beginning(copy: bytes):
    """LibreOffice keeps no authors."""
    given = parts(copy)
    said = given["xl/comments1.xml"]
    given["xl/comments1.xml"] = said.replace(f"{notes.AUTHOR}</author".encode(), b"</author")
    assert notes_of(marked(packed(given), [], ".xlsm")).keys() == {"B7"}


def test_somebodys_note_stays_where_a_fault_is():
    data = school_list({"Giới tính": "abc"})
    book = opened(data)
    book["Lớp 'khối 6' A"]["J8"].comment = Comment("hỏi lại phụ huynh", "Cô Lan")
    copy = marked(saved(book))
    assert notes_of(copy)["J8"] == "hỏi lại phụ huynh"
    assert "J8" in coloured(copy)


def test_the_1904_calendar_stays():
    for since_1904 in (False, True):
        data = school_list({"Ngày sinh": "x"}, date_1904=since_1904)
        assert (b"date1904" in parts(marked(data))["xl/workbook.xml"]) == since_1904


def test_a_copy_with_macros_must_be_called_so(faulty: bytes):
    with pytest.raises(ProblemList) as refused:
        marked(faulty, suffix=".xlsx")
    assert [(p.code, p.params["due"]) for p in refused.value.problems] == [("BACK-003", ".xlsm")]
