"""vnEdu's list of 38 columns, clean and dirty."""

import csv
import io
from datetime import date
from typing import Any

import pytest

from schemas.issued_codes import code
from tests.unit.producers.made import (
    CAPTIONS,
    CLASS,
    ROW,
    SCHOOL,
    VNEDU,
    YEAR,
    listing,
    packet,
    problems,
    read,
    table,
    workbook,
)  # fmt: skip


def pupil(**row: str) -> dict[str, Any]:
    """The one record of a list of one row."""
    found = table(read(listing(row), VNEDU))
    assert found.refused.is_empty(), found.refused
    (one,) = found.records.to_dicts()
    return one


def warnings(data: bytes) -> list[tuple[str, int]]:
    return [(w.code, w.place.row) for w in read(data, VNEDU).warnings]


def test_the_layout_has_the_38_captions_in_order() -> None:
    assert len(CAPTIONS) == 38
    assert (CAPTIONS[0], CAPTIONS[37]) == ("STT", "Ngày vào trường")


def test_a_pupil_arrives_in_the_types_of_the_contract() -> None:
    one = pupil(
        **{
            "Sổ định danh cá nhân": "019208000001",
            "Tôn giáo": "Không",
            "Đội viên": "x",
            "Năm sinh mẹ": "1985",
        }
    )
    issued = code("LH", [SCHOOL, YEAR, "6A1"])
    expected = {
        "ClientId": "2000000001", "HoTen": "Nguyễn Văn Mẫu", "TenHocSinh": "Mẫu",
        "NgaySinh": date(2008, 9, 5),
        "GioiTinh": "01", "MaDanToc": "01", "MaTonGiao": "99", "MaCongDan": "019208000001", "KhoiHoc": "06",
        "TrangThai": "01", "MaLopHocDn": issued, "MaLopHocCn": issued, "DoiVien": True, "DoanVien": False,
        "KhuyetTat": False, "NgaySinhMe": date(1985, 1, 1), "HoTenMe": "Trần Thị Mẹ",
        "MaHocSinh": None, "_row": 8,
    }  # fmt: skip
    assert {name: one[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("row", "field", "expected"),
    [
        ({"Dân tộc": "H'Mông"}, "MaDanToc", "08"),
        ({"Giới tính": "nữ"}, "GioiTinh", "02"),
        ({"Ngày sinh": "5.9.2008"}, "NgaySinh", date(2008, 9, 5)),
        ({"Ngày sinh": "39696"}, "NgaySinh", date(2008, 9, 5)),
        ({"Tôn giáo": ""}, "MaTonGiao", "99"),
        ({"Cận nghèo": "x"}, "MaDtuongCsach", "09"),
        ({"Cận nghèo": "x", "Diện chính sách": "Con liệt sĩ"}, "MaDtuongCsach", "03"),
        ({"Diện khuyết tật": "Khuyết tật nhìn"}, "MaLoaiKhuyetTat", "03"),
        ({"Diện khuyết tật": "Khuyết tật nhìn"}, "KhuyetTat", True),
        ({"Điện thoại DĐ": "900000001"}, "SoDthoaiDdong", "0900000001"),
        ({"Điện thoại DĐ": "0900000001", "Điện thoại học sinh": "0900000002"}, "SoDthoaiDdong", "0900000002"),
        ({"Sổ định danh cá nhân": "19208000001"}, "MaCongDan", "019208000001"),
        ({"Chứng minh thư": "'019208000001"}, "SoCmnd", "019208000001"),
        ({"Họ tên": "Nguye\u0302\u0303n  Va\u0306n\u00a0Mẫu"}, "HoTen", "Nguyễn Văn Mẫu"),
        ({"Họ tên": "Nguyễn Văn Mẫu (chuyển trường)"}, "HoTen", "Nguyễn Văn Mẫu"),
        ({"Email": "None"}, "Email", None),
        ({"Lớp học": "Lớp 9 C"}, "KhoiHoc", "09"),
    ],
)
def test_dirt_that_can_be_read(row: dict[str, str], field: str, expected: Any) -> None:
    assert pupil(**row)[field] == expected


@pytest.mark.parametrize(
    ("row", "rule", "fields"),
    [
        ({"Ngày sinh": "31/02/2008"}, "CELL-102", ["NgaySinh"]),
        ({"Ngày sinh": "2008"}, "CELL-102", ["NgaySinh"]),
        ({"Năm sinh mẹ": "85"}, "CELL-102", ["NgaySinhMe"]),
        ({"Dân tộc": "Không rõ"}, "CELL-101", ["MaDanToc"]),
        ({"Giới tính": "1"}, "CELL-101", ["GioiTinh"]),
        ({"Diện khuyết tật": "?"}, "CELL-101", ["MaLoaiKhuyetTat"]),
        ({"Đoàn viên": "maybe"}, "CELL-105", ["DoanVien"]),
        ({"Sổ định danh cá nhân": "1.9E+10"}, "CELL-108", ["MaCongDan"]),
        ({"Mã học sinh": ""}, "CELL-110", ["ClientId"]),
    ],
)
def test_dirt_that_cannot_be_read_refuses_its_row(row: dict[str, str], rule: str, fields: list[str]) -> None:
    found = table(read(listing({}, row, {}), VNEDU))
    assert [(r, rl, f) for _, r, rl, f in found.refused.iter_rows()] == [(9, rule, fields)]
    assert found.records["_row"].to_list() == [8, 10]


def test_the_header_is_found_by_content_below_titles_that_quote_captions() -> None:
    rows = [
        ["Hướng dẫn: Họ tên lấy đúng hồ sơ"],
        ["Họ tên", "Ngày sinh"],
        [],
        [c.upper() + " *" for c in CAPTIONS],
    ]
    data = workbook({"Trang": [*rows, [ROW.get(c) for c in CAPTIONS]]})
    assert table(read(data, VNEDU)).records["_row"].to_list() == [5]


def test_columns_are_found_by_caption_in_any_order_and_unknown_ones_are_reported() -> None:
    captions = [*reversed(CAPTIONS), "Sở thích"]
    reading = read(listing({}, captions=captions), VNEDU)
    assert table(reading).records["HoTen"].to_list() == ["Nguyễn Văn Mẫu"]
    assert [(w.code, w.params["column"]) for w in reading.warnings] == [("FILE-202", "Sở thích")]


def test_every_sheet_with_a_header_is_read_and_the_others_are_reported() -> None:
    one: list[list[Any]] = [CAPTIONS, [ROW.get(c) for c in CAPTIONS]]
    two: list[list[Any]] = [CAPTIONS, [{**ROW, "Mã học sinh": "2"}.get(c) for c in CAPTIONS]]
    reading = read(workbook({"6A": one, "Danh mục": [["x", "y"]], "6B": two}), VNEDU)
    assert [(t.sheet, t.records.height) for t in reading.tables] == [("6A", 1), ("6B", 1)]
    assert [(w.code, w.place.sheet) for w in reading.warnings] == [("FILE-201", "Danh mục")]


def test_rows_that_are_no_pupils_are_skipped_and_counted() -> None:
    header = dict(zip(CAPTIONS, CAPTIONS, strict=True))
    empty = dict.fromkeys(CAPTIONS, "")
    data = listing(
        {},
        empty,
        header,
        {**empty, "STT": '{"Id":1}', "Họ tên": "x"},
        {"Mã học sinh": "VIDU-01"},
        {"Họ tên": "Nguyễn Văn Mẫu (ví dụ - xoá dòng này)"},
        {},
        {**empty, "Họ tên": "Tổng số: 2"},
        {**empty, "Họ tên": "Người lập biểu"},
        {**empty, "Lớp học": "LỚP 6A2"},
    )
    found = table(read(data, VNEDU))
    assert found.records["_row"].to_list() == [8, 14]
    assert found.refused.is_empty()
    assert [(w.code, w.params["rows"]) for w in read(data, VNEDU).warnings] == [
        ("FILE-250", "10"),
        ("FILE-254", "11"),
        ("FILE-251", "12–13"),
        ("FILE-252", "15–16"),
        ("FILE-253", "17"),
    ]


def test_doubts_are_warned_of_with_their_row() -> None:
    assert warnings(listing({"Họ tên": "Mẫu (chuyển trường)"})) == [("CELL-203", 8)]
    assert warnings(listing({"Sổ định danh cá nhân": "19208000001"})) == [("CELL-201", 8)]
    assert warnings(listing({"Ngày vào trường": "9/25/2019"}, {"Ngày vào trường": "05/09/2019"})) == [
        ("CELL-202", 9),
        ("CELL-234", 8),
    ]
    assert warnings(listing({"Năm sinh cha": "1980"})) == [("CELL-205", 0)]


def test_two_pupils_with_one_identity_number_are_both_kept_without_it() -> None:
    number = {"Sổ định danh cá nhân": "019208000001"}
    data = listing(number, {**number, "Họ tên": "Lê Thị Thử"}, {"Sổ định danh cá nhân": "019208000002"})
    assert table(read(data, VNEDU)).records["MaCongDan"].to_list() == [None, None, "019208000002"]
    assert warnings(data) == [("CELL-204", 8), ("CELL-204", 9)]


def test_the_same_pupil_in_two_classes_has_moved() -> None:
    same = {"Mã học sinh": "77"}
    found = table(read(listing(same, {}, {**same, "Lớp học": "6A3"}), VNEDU))
    assert found.records.select("MaLopHocDn", "MaLopHocCn").rows()[0] == (
        code("LH", [SCHOOL, YEAR, "6A1"]),
        code("LH", [SCHOOL, YEAR, "6A3"]),
    )
    assert (found.records.height, found.refused.height) == (2, 0)
    assert warnings(listing(same, {**same, "Lớp học": "6A3"})) == [("FILE-205", 9)]


def test_a_code_used_for_two_pupils_refuses_the_second() -> None:
    same = {"Mã học sinh": "77"}
    found = table(read(listing(same, {**same, "Họ tên": "Lê Thị Thử"}, same), VNEDU))
    assert [(r, rule) for _, r, rule, _ in found.refused.iter_rows()] == [(9, "HS-501"), (10, "HS-501")]


def test_pupils_of_a_list_get_the_code_and_the_grade_of_the_class_in_the_packet_beside_it() -> None:
    classes = packet(LstLopHocInfo=[{**CLASS, "MaLopHoc": "LH0000001", "TenLopHoc": "6 a1", "KhoiHoc": "20"}])
    found = table(read(listing({}), VNEDU, classes))
    assert found.records.select("MaLopHocDn", "KhoiHoc").rows() == [("LH0000001", "20")]


def test_a_csv_with_a_byte_order_mark_is_read_too() -> None:
    out = io.StringIO()
    csv.writer(out, delimiter=";").writerows(
        [["DANH SÁCH HỌC SINH"], CAPTIONS, [ROW.get(c, "") for c in CAPTIONS]]
    )
    found = table(read(b"\xef\xbb\xbf" + out.getvalue().encode(), VNEDU))
    assert (found.records.height, found.records["_row"].to_list()) == (1, [3])


def test_a_header_without_required_columns_names_them_all() -> None:
    captions = [c for c in CAPTIONS if c not in ("Ngày sinh", "Dân tộc")]
    found = problems(listing({}, captions=captions), VNEDU)
    assert [(p.code, p.place.row, p.place.field) for p in found] == [
        ("FILE-016", 7, "Ngày sinh"),
        ("FILE-016", 7, "Dân tộc"),
    ]


def test_a_column_that_stands_twice_is_named() -> None:
    found = problems(listing({}, captions=[*CAPTIONS, "Họ và tên"]), VNEDU)
    assert [(p.code, p.place.field) for p in found] == [("FILE-017", "Họ tên")]


def test_a_title_of_another_year_refuses_the_list() -> None:
    rows: list[list[Any]] = [["NĂM HỌC 2018 - 2019"], CAPTIONS, [ROW.get(c) for c in CAPTIONS]]
    assert [p.code for p in problems(workbook({"S": rows}), VNEDU)] == ["FILE-012"]
    rows[0] = ["Năm học 2019 - 2020"]
    assert table(read(workbook({"S": rows}), VNEDU)).count == 1


def test_a_table_says_where_each_field_stands():
    """What is told of a field is marked in its cell: also of columns that are not sent."""
    columns = {c.caption: c for c in table(read(listing({"STT": "1"}), VNEDU)).columns}
    assert [c.number for c in columns.values()] == list(range(1, len(CAPTIONS) + 1))
    assert columns["Lớp học"].fields == ("MaLopHocDn", "MaLopHocCn")
    assert columns["Mã VEMIS"].fields == ()
