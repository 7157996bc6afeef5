"""What Excel repairs or refuses is never written: sizes of notes, links, styles, names of sheets."""

import re

import pytest

from producers.feedback import cells, styles, summary, told, xml
from producers.feedback.places import Located
from producers.model import SourceColumn
from producers.preflight import Finding
from schemas.errors import SourceLocation
from tests.unit.feedback.books import coloured, marked, opened, parts, school_list
from tests.unit.feedback.books import notes as notes_of
from tests.unit.producers.made import workbook

SHEET = "Lớp 'khối 6' A"


def fault(
    row: int, column: int = 8, code: str = "XX-001", text: str = "Sửa lại.", sheet: str = SHEET
) -> Located:
    place = SourceLocation("file1", sheet, row, "HoTen")
    finding = Finding("refused", "HocSinh", "hs", place, code, text, text)
    return Located(finding, (SourceColumn(column, "Họ tên", ("HoTen",)),), column, "Họ tên")


def test_a_cell_of_forty_faults_has_a_note_that_can_be_read():
    found = [fault(8, code=f"XX-{n:03}", text="Rất dài. " * 100) for n in range(40)]
    note = notes_of(marked(school_list({}), found))["H8"]
    assert len(note) < told.NOTE_CHARS + 500
    assert "XX-000" in note and told.SHEET in note
    book = opened(marked(school_list({}), found))
    assert book[told.SHEET].max_row == 5 + 40


def test_one_fault_on_a_thousand_rows():
    """One style for all of them, a note at each."""
    rows = [["Họ tên", "Lớp học"], *(["Nguyễn Văn Mẫu", "6A"] for _ in range(1_000))]
    found = [fault(n, column=1, sheet="Sheet1") for n in range(2, 1_002)]
    data = marked(workbook({"Sheet1": rows}), found)
    assert len(coloured(data, "Sheet1")) == len(notes_of(data, "Sheet1")) == 1_000
    assert parts(data)["xl/styles.xml"].count(b"<xf ") < 10


def test_links_end_where_excel_ends_them(monkeypatch: pytest.MonkeyPatch):
    assert summary.MAX_LINKS == 65_530
    monkeypatch.setattr(summary, "MAX_LINKS", 3)
    part = summary.part([fault(n) for n in range(1, 9)], {SHEET}, "main")
    assert part.count(b"<hyperlink ") == 3
    assert part.count(b"<row ") == 4 + 8


def test_a_sheets_notes_end_and_the_list_goes_on():
    found = [fault(row, column=column) for row in range(1, 203) for column in range(1, 51)]
    assert len(told.notes(found)) == told.MAX_NOTES
    assert sum(map(len, told.verdicts(found).values())) == len(found)


def test_a_workbook_full_of_styles_gets_notes_but_no_colour():
    xf = '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    full = styles.EMPTY.format("main").replace(
        f'<cellXfs count="1">{xf}', f'<cellXfs count="{styles.MAX_STYLES}">{xf * styles.MAX_STYLES}'
    )
    marker = styles.Marker(full.encode())
    assert marker.of(7, "refused") == 7
    assert marker.styles() == full.encode()


@pytest.mark.parametrize("taken", (["Lỗi – CSDL"], ["LỖI – csdl", "lỗi – CSDL (2)"]))
def test_our_sheet_takes_a_name_that_is_free(taken: list[str]):
    name = summary.name(taken)
    assert name.casefold() not in {t.casefold() for t in taken} and len(name) <= summary.MAX_NAME


def test_texts_that_begin_like_formulas_are_texts():
    texts = ("=HYPERLINK(1)", "+1", "-1", "@a", "\tx", "\rx", "\x00", "_x0041_")
    book = opened(marked(school_list({}), [fault(8, text=text) for text in texts]))
    assert {c.data_type for row in book[told.SHEET].iter_rows() for c in row if c.value} <= {"s", "inlineStr"}
    said = [row[6] for row in book[told.SHEET].iter_rows(min_row=6, values_only=True)]
    assert "=HYPERLINK(1)" in said and "_x0041_" in [s.replace("_x005F_", "_") for s in said if s]


def test_a_cell_that_is_not_there_is_made_in_its_place():
    sheet = (
        b'<x:worksheet xmlns:x="m"><x:cols><x:col min="4" max="4" style="5"/></x:cols><x:sheetData>'
        b'<x:row r="1" s="7" customFormat="1"/><x:row r="2"><x:c r="B2"/><x:c><x:v>1</x:v></x:c></x:row>'
        b"<x:row><x:c><x:v>1</x:v></x:c></x:row></x:sheetData></x:worksheet>"
    )
    bad = "refused"
    faulty = {1: {2: bad}, 2: {1: bad, 3: "warning", 4: bad}, 3: {1: bad}, 9: {1: bad}}
    new = cells.restyled(sheet, {}, faulty, lambda style, verdict: style + 100 + (verdict == bad))
    assert new == (
        b'<x:worksheet xmlns:x="m"><x:cols><x:col min="4" max="4" style="5"/></x:cols><x:sheetData>'
        b'<x:row r="1" s="7" customFormat="1"><x:c r="B1" s="108"/></x:row><x:row r="2">'
        b'<x:c r="A2" s="101"/><x:c r="B2"/><x:c s="100"><x:v>1</x:v></x:c><x:c r="D2" s="106"/></x:row>'
        b'<x:row><x:c s="101"><x:v>1</x:v></x:c></x:row></x:sheetData></x:worksheet>'
    )


ENCODED = (b"\xff\xfe<\x00a\x00>\x00", b'<?xml version="1.0" encoding="UTF-16"?><a/>', b"no")


@pytest.mark.parametrize("part", ENCODED)
def test_a_part_in_another_encoding_is_not_written_into(part: bytes):
    with pytest.raises(xml.Unmarkable):
        xml.tree(part, 1)


def drawings(data: bytes) -> list[bytes]:
    return [part for name, part in sorted(parts(data).items()) if name.endswith(".vml")]


def test_every_box_has_a_number_of_its_drawings_own_blocks():
    """Excel repairs a drawing whose boxes have numbers that it does not name, or that another has too."""
    rows = [["Họ tên", "Lớp học"], *(["Nguyễn Văn Mẫu", "6A"] for _ in range(1_100))]
    data = workbook({"Sheet1": rows, "Sheet2": rows})
    found = [fault(n, column=1, sheet=s) for s in ("Sheet1", "Sheet2") for n in range(2, 1_102)]
    once = marked(data, found)
    again = marked(once, found)
    assert drawings(again) == drawings(once)
    said = [re.findall(rb'idmap[^>]*data="([\d,]+)"', part)[0].split(b",") for part in drawings(again)]
    numbers = [[int(n) for n in re.findall(rb'id="_x0000_s(\d+)"', part)] for part in drawings(again)]
    assert [{str(n // 1024).encode() for n in of} for of in numbers] == [set(blocks) for blocks in said]
    assert len({n for of in numbers for n in of}) == 2_200
    assert len({block for blocks in said for block in blocks}) == 4
    assert parts(marked(again, [])) == parts(data)
