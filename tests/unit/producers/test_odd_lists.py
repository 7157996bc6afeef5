"""Lists as they come: what would end the process is one code, and nothing they hold is lost in silence."""

import csv
import io
import re
import resource
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
import xlsxwriter

from producers.adapters import csv_cells, foreign_child, xlsx
from producers.model import Reading
from tests.unit.producers.made import CAPTIONS, ROW, VNEDU, listing, problems, read, table, workbook
from tests.unit.producers.made_xls import ERROR, xls

LINE = [ROW.get(c) for c in CAPTIONS]


def line(**changes: Any) -> list[Any]:
    """Cells of a pupil; names of columns with ``_`` for a blank."""
    changed = {**ROW, **{name.replace("_", " "): value for name, value in changes.items()}}
    return [changed.get(c) for c in CAPTIONS]


def rows_of(*rows: Sequence[Any], captions: Sequence[Any] = CAPTIONS) -> bytes:
    return workbook({"Sheet1": [captions, *rows]})


def typed(write: Any) -> bytes:
    """A list whose cells ``write(sheet, book)`` adds to, below the captions and one pupil of text cells."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    sheet = book.add_worksheet()
    cells: list[list[str | None]] = [[*CAPTIONS], LINE]
    for r, row in enumerate(cells):
        for c, value in enumerate(row):
            if value is not None:
                sheet.write_string(r, c, value)
    write(sheet, book)
    book.close()
    return out.getvalue()


def text_csv(*rows: Sequence[Any], separator: str = ";") -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=separator).writerows([CAPTIONS, *([c or "" for c in row] for row in rows)])
    return out.getvalue().encode()


def warned(reading: Reading) -> list[tuple[str, int, str]]:
    return [(w.code, w.place.row, w.place.field) for w in reading.warnings]


def refused(reading: Reading) -> list[tuple[int, str, list[str]]]:
    return [(row, rule, fields) for _, row, rule, fields in table(reading).refused.iter_rows()]


def codes(data: bytes) -> list[tuple[str, int]]:
    return [(p.code, p.place.row) for p in problems(data, VNEDU)]


def repacked(data: bytes, change: Mapping[str, Any], packed: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A workbook with some of its parts changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", packed) as new:
        for name in old.namelist():
            part = old.read(name)
            new.writestr(name, change[name](part) if name in change else part)
    return out.getvalue()


# What would end the process, or take all memory


@pytest.mark.parametrize("place", [(1_048_575, 16_383), (1_048_575, 0), (0, 16_383)], ids=str)
@pytest.mark.parametrize("value", [" ", "x"])
def test_a_stray_cell_far_away_costs_nothing(place: tuple[int, int], value: str) -> None:
    data = typed(lambda sheet, _: sheet.write_string(*place, value))
    read(listing({}), VNEDU)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    reading = read(data, VNEDU)
    assert table(reading).records.height == 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 * 1024  # KiB
    assert bool(reading.warnings) == (value == "x")


def test_cells_strewn_over_a_sheet_are_more_than_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx, "MAX_AREA", 10_000)
    monkeypatch.setattr(foreign_child, "MAX_AREA", 10_000)
    strewn: list[Sequence[Any]] = [CAPTIONS, LINE, *([None] * n + ["x"] for n in range(200))]
    for data in (workbook({"S": strewn}), xls({"S": strewn}), text_csv(*strewn[1:])):
        assert codes(data) == [("FILE-026", 0)]


@pytest.mark.parametrize("line", [b"\n", b"x\n", b";\n", b";;;;;;;;;;;;;;;;x\n"])
def test_a_csv_of_lines_without_end_is_given_up(line: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_cells, "MAX_AREA", 10_000)
    monkeypatch.setattr(foreign_child, "MAX_AREA", 10_000)
    ((code, _),) = codes(b"a" + line * 20_000)
    assert code == ("FILE-026" if b"x" in line else "FILE-015")


def test_a_row_of_captions_without_end_is_given_up() -> None:
    assert codes(text_csv(LINE) + (";".join("x" * 20_000)).encode()) == [("FILE-026", 0)]


def test_a_tag_or_a_text_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx, "MAX_CHARS", 1_000_000)
    for odd in (b'<row a="%s"/>', b'<row><c t="inlineStr"><is><t>%s</t></is></c></row>'):
        long = odd % (b"x" * 3_000_000) + b"</sheetData>"
        data = repacked(
            listing({}), {"xl/worksheets/sheet1.xml": lambda xml, to=long: xml.replace(b"</sheetData>", to)}
        )
        assert codes(data) == [("FILE-026", 0)]


def test_a_part_packed_in_a_way_that_takes_memory_is_not_unpacked() -> None:
    data = repacked(listing({}), {}, zipfile.ZIP_LZMA)
    assert codes(data) == [("FILE-014", 0)]


def test_a_shared_text_counts_for_every_cell_that_shows_it() -> None:
    """30 kB that would be 9 GB of text."""
    shown = workbook({"S": [CAPTIONS, *([["x" * 32_000] * 38] * 400)]})
    assert len(shown) < 200_000
    assert codes(shown) == [("FILE-026", 0)]


def test_a_part_that_unpacks_to_elements_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx, "MAX_ELEMENTS", 1_000)
    blanks = b'<row r="9">' + b"<c/>" * 2_000 + b"</row></sheetData>"
    data = repacked(
        listing({}), {"xl/worksheets/sheet1.xml": lambda xml: xml.replace(b"</sheetData>", blanks)}
    )
    assert codes(data) == [("FILE-026", 0)]


def _doctype(xml: bytes) -> bytes:
    return xml.replace(b"<worksheet", b'<!DOCTYPE w [<!ENTITY a "aaaa">]><worksheet')


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("xl/worksheets/sheet1.xml", _doctype),
        ("xl/worksheets/sheet1.xml", lambda xml: xml[:-40]),
        ("xl/worksheets/sheet1.xml", lambda xml: xml.replace(b"<v>3</v>", b"<v>999999</v>")),
        ("xl/worksheets/sheet1.xml", lambda xml: xml.replace(b'r="A7"', b'r="7"')),
        ("xl/worksheets/sheet1.xml", lambda xml: xml.replace(b'r="B7"', b'r="A7"')),
        ("xl/workbook.xml", lambda xml: b""),
        ("xl/workbook.xml", lambda xml: xml.replace(b"r:id", b"id")),
        ("xl/_rels/workbook.xml.rels", lambda xml: xml.replace(b"sheet1", b"sheet9")),
        ("_rels/.rels", lambda xml: b"<a/>"),
        ("xl/sharedStrings.xml", lambda xml: b"<sst/>"),
        ("xl/styles.xml", lambda xml: xml.replace(b"UTF-8", b"UTF-X")),
    ],
)
def test_a_damaged_workbook_is_one_code(part: str, change: Any) -> None:
    assert codes(repacked(listing({}), {part: change})) == [("FILE-014", 0)]


def test_a_workbook_cut_off_anywhere_is_never_a_shorter_list() -> None:
    for whole in (listing({}, {}), xls({"S": [CAPTIONS, LINE, line(Mã_học_sinh="2")]})):
        for end in range(9, len(whole), len(whole) // 12):
            assert [c for c, _ in codes(whole[:end])] == ["FILE-014"]


def test_an_old_workbook_is_read_with_its_hidden_sheets_and_errors_named() -> None:
    second = line(Mã_học_sinh="2", Quê_quán=ERROR)
    reading = read(xls({"6A": [["x"], CAPTIONS, LINE, second], "cũ": [CAPTIONS, LINE]}, hidden=["cũ"]), VNEDU)
    assert table(reading).records["_row"].to_list() == [3, 4]
    assert warned(reading) == [("CELL-206", 4, "Quê quán"), ("FILE-206", 0, "")]


# csv


def open_quote(row: int, rows: int = 19) -> bytes:
    lines = text_csv(*(line(Mã_học_sinh=str(n)) for n in range(rows))).decode().splitlines()
    lines[row - 1] = lines[row - 1].replace(";Nguyễn", ';"Nguyễn', 1)
    return "\r\n".join(lines).encode()


@pytest.mark.parametrize(("row", "rows"), [(2, 1), (10, 19), (10, 3000), (20, 19)])
def test_a_quote_that_is_never_closed_swallows_nobody(row: int, rows: int) -> None:
    assert codes(open_quote(row, rows)) == [("FILE-025", row)]


def test_a_quote_that_another_row_closes_swallows_nobody() -> None:
    lines = open_quote(5).decode().splitlines()
    lines[8] = lines[8].replace("Nguyễn Văn Mẫu;", 'Nguyễn Văn Mẫu";', 1)
    assert codes("\n".join(lines).encode()) == [("FILE-025", 5)]


def test_a_cell_of_several_lines_counts_as_the_lines_it_takes() -> None:
    address = "Số 5, ngõ 2\nthôn Đông, xã A, huyện B\ntỉnh C"
    data = text_csv(
        line(Chỗ_ở_hiện_nay=address), line(Mã_học_sinh="2", Ngày_sinh="31/02/2008"), separator=","
    )
    reading = read(data, VNEDU)
    assert table(reading).records["DchiTmtru"].to_list() == ["Số 5, ngõ 2 thôn Đông, xã A, huyện B tỉnh C"]
    assert refused(reading) == [(5, "CELL-102", ["NgaySinh"])]


def test_a_long_cell_is_read() -> None:
    found = table(read(text_csv(line(Chỗ_ở_hiện_nay="x" * 140_000)), VNEDU))
    assert [len(v) for v in found.records["DchiTmtru"]] == [140_000]


@pytest.mark.parametrize("before", [0, 5_000])
@pytest.mark.parametrize("column", ["Chỗ ở hiện nay", "Ghi chú", "Họ tên", "Mã học sinh"])
def test_a_nul_refuses_its_row(before: int, column: str) -> None:
    spoilt = line(**{column.replace(" ", "_"): "a\x00b"})
    first, last = line(Mã_học_sinh="1", Nơi_sinh="y" * before), line(Mã_học_sinh="3")
    reading = read(text_csv(first, spoilt, last), VNEDU)
    assert refused(reading) == [(3, "VAL-008", [column])]
    assert table(reading).records["_row"].to_list() == [2, 4]


@pytest.mark.parametrize("separator", [";", ",", "\t", "|"])
def test_the_separator_is_the_one_that_finds_the_captions(separator: str) -> None:
    captions = ["Lớp học", "Mã học sinh", "Họ tên", "Ngày sinh", "Giới tính", "Dân tộc", "Chỗ ở hiện nay"]
    cells = [{**ROW, "Chỗ ở hiện nay": "a, b, c, d; e; f; g | h | i, j, k, l, m, n"}.get(c) for c in captions]
    out = io.StringIO()
    csv.writer(out, delimiter=separator).writerows([captions, *[cells] * 30])
    assert table(read(out.getvalue().encode(), VNEDU)).count == 30


def test_a_line_with_a_cell_too_many_is_refused_not_shifted() -> None:
    data = text_csv(LINE).decode() + ";".join(["1", "6A1;b", *(c or "" for c in LINE[2:])]) + "\r\n"
    assert refused(read(data.encode(), VNEDU))[-1][:2] == (3, "CELL-114")


def test_a_code_that_excel_was_told_to_leave_alone_is_the_code() -> None:
    data = text_csv(line(Mã_học_sinh='="0626000001"'))
    assert table(read(data, VNEDU)).records["ClientId"].to_list() == ["0626000001"]


# Numbers, dates and zeros of a typed workbook


def test_a_typed_workbook_says_what_excel_shows() -> None:
    def write(sheet: Any, book: Any) -> None:
        def put(column: str, value: float, form: str = "General") -> None:
            sheet.write_number(1, CAPTIONS.index(column), value, book.add_format({"num_format": form}))

        put("Mã học sinh", 626000001, "0000000000")
        put("Ngày sinh", 39696, "dd/mm/yyyy")
        put("Ngày vào trường", 43713, "[$-42A]d mmmm yyyy")
        put("Năm sinh mẹ", 1985)
        put("Chứng minh thư", 12345678.0)
        put("Điện thoại DĐ", 900000001, "@")

    (one,) = table(read(typed(write), VNEDU)).records.to_dicts()
    assert one["ClientId"] == "0626000001"
    assert (str(one["NgaySinh"]), str(one["NgayTrangThai"])) == ("2008-09-05", "2019-09-05")
    assert (str(one["NgaySinhMe"]), one["SoCmnd"], one["SoDthoaiDdong"]) == (
        "1985-01-01",
        "12345678",
        "0900000001",
    )


@pytest.mark.parametrize("number", [1_234_567_890_123_456, 6.26e17])
def test_a_number_of_more_digits_than_excel_keeps_is_no_code(number: float) -> None:
    data = typed(lambda sheet, _: sheet.write_number(1, CAPTIONS.index("Mã học sinh"), number))
    assert refused(read(data, VNEDU)) == [(2, "CELL-108", ["ClientId"])]


def test_full_width_digits_are_the_digits_that_they_are() -> None:
    wide = str.maketrans("0123456789", "０１２３４５６７８９")
    changed = {"Mã học sinh": "2000000001", "Ngày sinh": "05/09/2008", "Năm sinh mẹ": "1985"}
    found = table(read(listing({n: t.translate(wide) for n, t in changed.items()}), VNEDU))
    (one,) = found.records.to_dicts()
    assert (one["ClientId"], str(one["NgaySinh"]), one["NgaySinhMe"].year) == (
        "2000000001",
        "2008-09-05",
        1985,
    )


@pytest.mark.parametrize("digits", ["٠١٢٣٤٥٦٧٨٩", "०१२३४५६७८९"])
def test_other_digits_are_no_date(digits: str) -> None:
    birth = "05/09/2008".translate(str.maketrans("0123456789", digits))
    assert refused(read(listing({"Ngày sinh": birth}), VNEDU)) == [(8, "CELL-102", ["NgaySinh"])]


# Whatever stands in the list is read, or named


def test_a_column_without_a_caption_is_named_if_it_holds_something() -> None:
    reading = read(rows_of([*LINE, "x"], [*line(Mã_học_sinh="2"), None]), VNEDU)
    assert warned(reading) == [("FILE-207", 1, "AM")]
    assert reading.warnings[0].params == {"column": "AM", "count": 1}


def test_a_column_that_no_field_takes_is_named_if_it_holds_something() -> None:
    assert warned(read(listing({"Ghi chú": "x", "Con giáo viên": "x"}), VNEDU)) == [
        ("FILE-208", 7, "Con giáo viên"),
        ("FILE-208", 7, "Ghi chú"),
    ]


@pytest.mark.parametrize("column", ["Ghi chú", "Chỗ ở hiện nay", "Tên cha"])
def test_a_brace_does_not_make_a_pupil_a_machines_row(column: str) -> None:
    reading = read(listing({}, {column: "{học bổng}"}), VNEDU)
    assert table(reading).count == 2
    assert not [w.code for w in reading.warnings if w.code.startswith("FILE-25")]


def test_a_pupil_without_code_and_name_is_refused_with_the_row() -> None:
    assert refused(read(listing({}, {"Mã học sinh": "", "Họ tên": ""}), VNEDU)) == [
        (9, "CELL-110", ["ClientId"])
    ]


def test_rows_that_are_skipped_are_named() -> None:
    empty = dict.fromkeys(CAPTIONS, "")
    reading = read(listing({}, {**empty, "Họ tên": "Tổng số: 1"}, {**empty, "Email": "x"}), VNEDU)
    assert [(w.code, w.params["rows"]) for w in reading.warnings] == [("FILE-252", "9"), ("FILE-255", "10")]


@pytest.mark.parametrize("error", ["#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#SPILL!", "#NAME?", "Err:502"])
def test_an_error_cell_is_told_and_is_no_value(error: str) -> None:
    reading = read(rows_of(line(Họ_tên=error, Quê_quán=error)), VNEDU)
    assert warned(reading) == [("CELL-206", 2, "Họ tên"), ("CELL-206", 2, "Quê quán")]
    assert table(reading).records["HoTen"].to_list() == [None]


def test_a_true_error_cell_and_a_formula_never_computed_are_told_too() -> None:
    at = CAPTIONS.index("Quê quán")
    data = typed(lambda sheet, _: sheet.write_formula(1, at, "=A1", value="#N/A"))
    assert warned(read(data, VNEDU)) == [("CELL-206", 2, "Quê quán")]
    never = repacked(
        typed(lambda sheet, _: sheet.write_formula(1, at, "=A1", value=7)),
        {"xl/worksheets/sheet1.xml": lambda xml: re.sub(b"</f><v>7</v>", b"</f>", xml)},
    )
    assert warned(read(never, VNEDU)) == [("CELL-206", 2, "Quê quán")]


@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
def test_a_hidden_sheet_is_not_sent_and_is_named(state: str) -> None:
    shown = workbook({"6A": [CAPTIONS, LINE], "cũ": [CAPTIONS, line(Mã_học_sinh="2")]})
    data = repacked(
        shown,
        {"xl/workbook.xml": lambda xml: xml.replace(b'sheetId="2"', f'sheetId="2" state="{state}"'.encode())},
    )
    reading = read(data, VNEDU)
    assert table(reading).count == 1
    assert [(w.code, w.place.sheet) for w in reading.warnings] == [("FILE-206", "cũ")]


def test_a_second_table_with_its_columns_elsewhere_is_read_under_its_own_header() -> None:
    swapped = list(CAPTIONS)
    father, mother = swapped.index("Tên cha"), swapped.index("Tên mẹ")
    swapped[father], swapped[mother] = swapped[mother], swapped[father]
    parents = {"Tên cha": "Lê Văn Cha", "Tên mẹ": "Trần Thị Mẹ"}
    first = [{**ROW, **parents}.get(c) for c in CAPTIONS]
    second = [{**ROW, **parents, "Mã học sinh": "2"}.get(c) for c in swapped]
    reading = read(rows_of(first, swapped, second), VNEDU)
    found = [t.records.select("_row", "HoTenBo", "HoTenMe").rows() for t in reading.tables]
    assert found == [[(2, "Lê Văn Cha", "Trần Thị Mẹ")], [(4, "Lê Văn Cha", "Trần Thị Mẹ")]]
    assert table(read(rows_of(LINE, CAPTIONS, line(Mã_học_sinh="2")), VNEDU)).count == 2


@pytest.mark.parametrize(
    ("title", "code"),
    [
        ("Năm\u00a0học 2018-2019", "FILE-012"),
        ("NĂM HỌC: 2018", "FILE-012"),
        ("Mã trường: 19164998", "FILE-011"),
        ("Trường THCS Khác (mã 19164998)", "FILE-011"),
    ],
)
def test_a_title_of_another_year_or_school_refuses_the_list(title: str, code: str) -> None:
    assert [c for c, _ in codes(workbook({"S": [[title], CAPTIONS, LINE]}))] == [code]


def test_what_the_rows_of_a_pupil_who_moved_say_otherwise_is_told() -> None:
    same = {"Mã học sinh": "77"}
    second = {**same, "Lớp học": "6A3", "Điện thoại DĐ": "0900000002", "Chỗ ở hiện nay": "b"}
    reading = read(listing({**same, "Chỗ ở hiện nay": "a"}, second), VNEDU)
    assert warned(reading) == [("FILE-205", 9, ""), ("FILE-209", 9, "SoDthoaiDdong, DchiTmtru")]


def changed(part: str, *changes: tuple[bytes, bytes]) -> bytes:
    """The list of two pupils, with one part of its workbook changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(listing({}, {}))) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            for before, after in changes if name == part else ():
                assert before in data
                data = data.replace(before, after, 1)
            new.writestr(name, data)
    return out.getvalue()


SHEET, BOOK = "xl/worksheets/sheet1.xml", "xl/workbook.xml"


@pytest.mark.parametrize("number", [b"3000000000", b"1048577", b"0", b"-5"])
def test_a_row_that_no_sheet_has_is_a_damaged_workbook(number: bytes) -> None:
    """One too far ended in a traceback; the pupil of one above the first was lost."""
    data = changed(SHEET, (b'<row r="9"', b'<row r="' + number + b'"'))
    assert [p.code for p in problems(data, VNEDU)] == ["FILE-014"]


def test_a_shared_text_is_not_counted_from_the_end() -> None:
    """It was another cell's, in silence."""
    data = changed(SHEET, (b'<c r="H9" t="s"><v>', b'<c r="H9" t="s"><v>-'))
    assert [p.code for p in problems(data, VNEDU)] == ["FILE-014"]


def test_one_part_is_one_sheet() -> None:
    """A small file could name it a million times."""
    sheet = b'<sheet name="Sheet1" sheetId="1" r:id="rId1"/>'
    data = changed(BOOK, (sheet, sheet + sheet.replace(b"Sheet1", b"Sheet2")))
    assert [p.code for p in problems(data, VNEDU)] == ["FILE-014"]


def test_sheets_share_the_bound_on_elements(monkeypatch: pytest.MonkeyPatch) -> None:
    data = workbook({f"S{n}": [CAPTIONS, LINE] for n in range(4)})
    monkeypatch.setattr(xlsx, "MAX_ELEMENTS", 300)
    assert [p.code for p in problems(data, VNEDU)] == ["FILE-026"]


def test_names_of_elements_are_bounded() -> None:
    tags = b"".join(b"<a%d/>" % n for n in range(1_100))
    data = changed(SHEET, (b"</sheetData>", tags + b"</sheetData>"))
    assert [p.code for p in problems(data, VNEDU)] == ["FILE-026"]


def test_a_number_format_is_as_long_as_excel_has_it() -> None:
    """Whether it is a date's was asked in time that grows with its square."""
    styles = b'<numFmts><numFmt numFmtId="0" formatCode="' + b"[" * 100_000 + b'"/></numFmts><cellXfs'
    data = changed("xl/styles.xml", (b"<cellXfs", styles))
    assert max(map(len, xlsx._formats(zipfile.ZipFile(io.BytesIO(data)), "xl/styles.xml"))) == 255


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_unicode_text_of_a_spreadsheet_is_read_as_any_csv(encoding: str) -> None:
    plain = text_csv(LINE, separator="\t")
    assert table(read(plain.decode().encode(encoding), VNEDU)).records.equals(
        table(read(plain, VNEDU)).records
    )
    assert codes((b"\xff\xfe" + plain)[: len(plain) // 2 * 2 + 1]) == [("FILE-003", 0)]


def test_a_csv_that_ends_within_its_last_row_is_cut_off() -> None:
    """A total or a signature as the last line is none, nor a row that leaves its last cells out."""
    whole = text_csv(*(line(Mã_học_sinh=str(n), Quê_quán="x") for n in range(5)))
    start = whole.rstrip().rindex(b"\r\n") + 2
    last = whole[start:].split(b";")
    for cells in range(1, len(last)):
        cut = whole[:start] + b";".join(last[:cells])
        filled = sum(1 for c in last[:cells] if c)
        if cells >= 3 and filled >= 3:
            assert codes(cut) == [("FILE-067", 6)]
        else:
            assert table(read(cut, VNEDU)).records.height >= 4
        assert table(read(cut + b"\r\n", VNEDU)).count >= 4
    for note in ("Tổng số: 5", ";;Người lập biểu", "Tổng số;5"):
        assert table(read(whole + note.encode(), VNEDU)).records.height == 5
