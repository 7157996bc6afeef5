"""Lists that are found by their captions: headers, sheets, tables, guesses, doubts, other kinds of record."""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from producers import files, layouts, lists
from producers.layouts import Library
from producers.model import Reading, Target
from schemas.contracts.contracts import record, record_types
from schemas.errors import ProblemList
from schemas.issued_codes import code
from tests.unit.producers.made import (
    CAPTIONS,
    ROW,
    SCHOOL,
    SMAS,
    VNEDU,
    YEAR,
    packet,
    problems,
    read,
    table,
    workbook,
)  # fmt: skip

LINE = [ROW.get(c) for c in CAPTIONS]
OWN = ("STT", "Mã HS", "Họ và tên", "Lớp", "Ngày sinh", "Giới tính", "Dân tộc")
"""Captions of a list that is of no layout, but whose columns are known."""


def own(number: int, **changes: str) -> list[str | None]:
    """A row under OWN."""
    made = {
        "STT": str(number), "Mã HS": f"HS{number:03d}", "Họ và tên": f"Nguyễn Văn {'ABCDEFGHIJ'[number]}",
        "Lớp": "6A1", "Ngày sinh": "05/09/2008", "Giới tính": "Nam", "Dân tộc": "Kinh", **changes,
    }  # fmt: skip
    return [made.get(c) for c in OWN]


def book(*rows: Sequence[Any], name: str = "DS") -> bytes:
    return workbook({name: rows})


def told(reading: Reading) -> list[tuple[str, str]]:
    """(code, column) of the warnings."""
    return [(w.code, w.place.field) for w in reading.warnings]


def codes(data: bytes, target: Target = VNEDU) -> list[str]:
    return [p.code for p in problems(data, target)]


def line(**changes: str) -> list[str | None]:
    return [{**ROW, **{k.replace("_", " "): v for k, v in changes.items()}}.get(c) for c in CAPTIONS]


# Headers


def test_a_group_of_a_known_text_is_joined_and_told() -> None:
    at = CAPTIONS.index("Nơi sinh")
    top = [*CAPTIONS[: at + 1], None, None, *CAPTIONS[at + 1 :]]
    below = [None] * at + ["Xã", "Huyện", "Tỉnh"] + [None] * (len(CAPTIONS) - at - 1)
    row = [*LINE[:at], "Xã Mẫu", "Huyện Mẫu", "Thái Nguyên", *LINE[at + 1 :]]
    reading = read(book(top, below, row), VNEDU)
    assert table(reading).records["NoiSinh"].to_list() == ["Xã Mẫu, Huyện Mẫu, Thái Nguyên"]
    assert ("FILE-211", "Nơi sinh") in told(reading)


@pytest.mark.parametrize(
    ("mother", "father"), [("Mẹ", "Cha"), ("Thông tin mẹ", "THÔNG TIN BỐ"), ("Thông tin về mẹ", "x")]
)
def test_a_group_says_whose_name_a_caption_is(mother: str, father: str) -> None:
    """The mother first; what the group is not understood by is left over."""
    top = [*OWN, mother, None, father, None]
    below = [None] * len(OWN) + ["Họ tên", "Nghề nghiệp"] * 2
    records = table(
        read(book(top, below, [*own(1), "Trần Thị Mẹ", "Giáo viên", "Lê Văn Cha", "Thợ"]), VNEDU)
    ).records
    understood = (["Trần Thị Mẹ"], ["Lê Văn Cha"]) if father != "x" else ([None], [None])
    assert (records["HoTenMe"].to_list(), records["HoTenBo"].to_list()) == understood


def test_a_group_that_is_no_text_is_left_over_and_told_column_by_column() -> None:
    top = [*OWN[:6], "Dân tộc", None]
    below = [*[None] * 6, "Tên", "Mã"]
    reading = read(book([*top], [*below], own(1)), VNEDU)
    assert [c for c in told(reading) if c[0] == "FILE-202"] == [
        ("FILE-202", "Dân tộc > Tên"),
        ("FILE-202", "Dân tộc > Mã"),
    ]
    assert table(reading).records["MaDanToc"].to_list() == [None]


def test_the_header_may_stand_in_row_forty_below_anything() -> None:
    noise = [[f"Hướng dẫn {i}", "Họ tên", "Ngày sinh"] for i in range(39)]
    reading = read(book(*noise, CAPTIONS, LINE), VNEDU)
    assert table(reading).records["_row"].to_list() == [41]


@pytest.mark.parametrize(
    "above",
    [
        [["Lớp học", "Mã học sinh", "Họ tên", "Các cột bắt buộc"]],
        [["STT", "Lớp", "Sĩ số", "Nam", "Nữ", "Ghi chú"], ["1", "6A1", "6", "3", "3"]],
    ],
)
def test_what_only_looks_like_a_header_above_the_list_is_told_and_not_taken(above: list[list[str]]) -> None:
    reading = read(book(["DANH SÁCH HỌC SINH"], *above, [], CAPTIONS, LINE), VNEDU)
    assert table(reading).records["ClientId"].to_list() == ["2000000001"]
    assert ("FILE-213", 2) in [(w.code, w.place.row) for w in reading.warnings]


def test_captions_are_compared_folded_whole_and_nothing_is_matched_by_a_part() -> None:
    spelt = [c.upper().replace(" ", "\u00a0\n") + " (*)" for c in CAPTIONS]
    assert table(read(book(spelt, LINE), VNEDU)).count == 1
    misspelt = ["Họ tênn" if c == "Họ tên" else c for c in CAPTIONS]
    assert [(p.code, p.place.field) for p in problems(book(misspelt, LINE), VNEDU)] == [
        ("FILE-016", "Họ tên")
    ]


def test_keys_of_a_program_and_numbers_below_the_captions_are_no_records() -> None:
    keys = [f"key{i}" for i in range(len(CAPTIONS))]
    assert table(read(book(CAPTIONS, keys, LINE), VNEDU)).records["_row"].to_list() == [3]
    numbers = [str(i) for i in range(1, len(CAPTIONS) + 1)]
    assert table(read(book(CAPTIONS, numbers, LINE), VNEDU)).records["_row"].to_list() == [3]


def test_one_caption_over_two_columns_of_names_is_one_name() -> None:
    top = [*OWN[:3], None, *OWN[3:]]
    given = ["An", "Bình", "Chi", "Dũng", "Giang", "Hà"]
    rows = [[str(i), f"HS{i}", "Nguyễn Văn", name, *own(i)[3:]] for i, name in enumerate(given, 1)]
    reading = read(book(top, *rows), VNEDU)
    assert table(reading).records["HoTen"].to_list() == [f"Nguyễn Văn {name}" for name in given]
    assert ("FILE-220", "Họ và tên") in told(reading)
    labels = [[str(i), f"HS{i}", "Nguyễn Văn Mẫu", ("Nam", "Nữ")[i % 2], *own(i)[3:]] for i in range(6)]
    assert table(read(book(top, *labels), VNEDU)).records["HoTen"].unique().to_list() == ["Nguyễn Văn Mẫu"]


# Sheets and tables


def test_one_class_a_sheet_each_with_its_own_order_of_columns() -> None:
    first = [c for c in OWN if c != "Lớp"]
    second = ["STT", "Mã HS", "Họ và tên", "Giới tính", "Ngày sinh", "Dân tộc"]
    rows = [own(1), own(2, **{"Giới tính": "Nữ"})]
    cells = [dict(zip(OWN, row, strict=True)) for row in rows]
    data = workbook(
        {"6A": [first, [cells[0][c] for c in first]], "6_B": [second, [cells[1][c] for c in second]]}
    )
    reading = read(data, VNEDU)
    found = [t.records.select("MaLopHocDn", "GioiTinh", "KhoiHoc").row(0) for t in reading.tables]
    assert found == [
        (code("LH", [SCHOOL, YEAR, "6A"]), "01", "06"),
        (code("LH", [SCHOOL, YEAR, "6_B"]), "02", "06"),
    ]
    assert [w.place.sheet for w in reading.warnings if w.code == "FILE-215"] == ["6A", "6_B"]


def test_the_class_stands_in_a_row_of_its_own_the_first_above_the_header() -> None:
    captions = ["STT", "Mã HS", "Họ và tên", "Ngày sinh", "Giới tính", "Dân tộc"]
    one, two = ([dict(zip(OWN, own(n), strict=True))[c] for c in captions] for n in (1, 2))
    reading = read(book(["LỚP 1A"], captions, one, ["LỚP 1B"], captions, two), VNEDU)
    classes = table(reading).records["MaLopHocDn"].to_list()
    assert classes == [code("LH", [SCHOOL, YEAR, name]) for name in ("1A", "1B")]


def test_a_class_in_the_title_goes_before_the_sheets_name_and_a_contradiction_is_told() -> None:
    captions = [c for c in OWN if c != "Lớp"]
    row = [dict(zip(OWN, own(1), strict=True))[c] for c in captions]
    reading = read(workbook({"6_2": [["Khối 6 - Lớp 6/1"], captions, row]}), VNEDU)
    assert table(reading).records["MaLopHocDn"].to_list() == [code("LH", [SCHOOL, YEAR, "6/1"])]
    assert ("FILE-221", "") in told(reading)
    agreed = read(workbook({"6_1": [["Khối 6 - Lớp 6/1"], captions, row]}), VNEDU)
    assert "FILE-221" not in [c for c, _ in told(agreed)]


def test_two_tables_side_by_side_are_two_tables() -> None:
    reading = read(book([*OWN, None, *OWN], [*own(1), None, *own(2, Lớp="6A2")]), VNEDU)
    assert [t.records["ClientId"].to_list() for t in reading.tables] == [["HS001"], ["HS002"]]


def test_a_count_below_the_list_is_no_pupil_and_its_rows_are_named() -> None:
    counts = [["STT", "Lớp", "Sĩ số", "Nữ", "Ghi chú"], ["1", "6A1", "6", "3"], ["2", "6A2", "7", "3"]]
    reading = read(book(CAPTIONS, LINE, [], *counts), VNEDU)
    assert table(reading).count == 1
    assert [w.params["rows"] for w in reading.warnings if w.code == "FILE-212"] == ["4–6"]


# Lists of no layout


def test_a_list_of_no_layout_is_read_by_its_captions_and_everything_guessed_is_told() -> None:
    captions = ["TT", "Mã HS", "Tên học sinh", "Tên lớp học", "Sinh nhật bạn thân", "Ngày sinh", "Phái"]
    row = ["1", "HS001", "Nguyễn Văn Mẫu", "6A1", "x", "05/09/2008", "Nam"]
    reading = read(book(captions, row), VNEDU)
    one = table(reading).records.row(0, named=True)
    assert (one["ClientId"], one["HoTen"], one["KhoiHoc"], one["GioiTinh"]) == (
        "HS001", "Nguyễn Văn Mẫu", "06", "01",
    )  # fmt: skip
    assert ("FILE-202", "Sinh nhật bạn thân") in told(reading)
    assert {c for c, _ in told(reading)} >= {"FILE-219", "FILE-210", "FILE-202"}
    (unknown,) = [w for w in reading.warnings if w.code == "FILE-219"]
    assert "Dân tộc" in unknown.params["fields"]


def test_a_code_that_may_be_two_fields_is_not_guessed() -> None:
    captions = ["Mã học sinh" if c == "Mã HS" else c for c in OWN if c != "Dân tộc"]
    row = [*own(1)[:1], "1900000001", *own(1)[2:6]]
    problem, *told_besides = problems(book(captions, row), SMAS)
    assert (problem.code, problem.place.field) == ("FILE-033", "Mã học sinh")
    assert "MaHocSinh" in problem.params["fields"]
    assert {p.code for p in told_besides} >= {"FILE-219", "FILE-210"}
    both = read(book([*captions, "Mã định danh Bộ GD&ĐT"], [*row, "1900000002"]), SMAS)
    assert table(both).records.select("ClientId", "MaHocSinh").row(0) == ("1900000001", "1900000002")


def by(reading: Reading) -> dict[str, str]:
    """Column → what it was taken for a field by, as told."""
    return {w.place.field: w.params["by"] for w in reading.warnings if w.code == "FILE-210"}


@pytest.mark.parametrize(
    ("target", "value", "field", "why"),
    [
        (VNEDU, "2400000001", "ClientId", "danh sách của chính phần mềm"),
        (SMAS, "HS001", "ClientId", "giá trị"),
    ],
)
def test_the_senders_own_lists_and_the_values_say_which_field_a_code_is(
    target: Target, value: str, field: str, why: str
) -> None:
    captions = ["Mã học sinh" if c == "Mã HS" else c for c in OWN]
    reading = read(book(captions, [*own(1)[:1], value, *own(1)[2:]]), target)
    assert table(reading).records[field].to_list() == [value]
    assert why in by(reading)["Mã học sinh"]


@pytest.mark.parametrize("values", [("019308000001", "MaCongDan"), ("1900000001", "MaHocSinh")])
@pytest.mark.parametrize("known", [True, False])
def test_a_number_is_read_as_its_values_say_though_a_layout_says_otherwise(
    values: tuple[str, str], known: bool
) -> None:
    value, field = values
    captions = [*OWN, "Mã định danh"]
    if known:  # the platform's list, in which this caption is the ministry's code
        captions = ["Mã học sinh" if c == "Mã HS" else "Lớp học" if c == "Lớp" else c for c in captions]
    reading = read(book(captions, [*own(1, **{"Giới tính": "Nữ"}), value]), VNEDU)
    assert table(reading).records[field].to_list() == [value]
    other = {"MaCongDan", "MaHocSinh"} - {field}
    assert table(reading).records[other.pop()].null_count() == 1
    assert ("Mã định danh" in by(reading)) == (field == "MaCongDan" or not known)


@pytest.mark.parametrize("twice", ["Mã học sinh", "Họ tên"])
def test_two_columns_of_one_caption_are_decided_by_nothing(twice: str) -> None:
    captions = ["Mã học sinh", "Họ tên", "Lớp", "Ngày sinh", twice]
    row = ["HS001", "Nguyễn Văn Một", "6A1", "05/09/2008", "1900000001"]
    assert [p.code for p in problems(book(captions, row), VNEDU)][:2] == ["FILE-033", "FILE-033"]


def test_numbers_of_persons_are_no_code_that_a_program_gave() -> None:
    captions = ["Mã học sinh" if c == "Mã HS" else c for c in OWN]
    row = [*own(1)[:1], "019308000001", *own(1)[2:]]
    assert problems(book(captions, row), SMAS)[0].code == "FILE-033"


def answered(data: bytes, *columns: tuple[str, str], target: Target = SMAS) -> Reading:
    return files.read_contents([("f", data)], replace(target, columns=columns))


def test_what_the_sender_says_of_a_column_goes_before_everything_and_is_told() -> None:
    captions = ["Mã học sinh" if c == "Mã HS" else c for c in OWN]
    data = book(captions, [*own(1)[:1], "1900000001", *own(1)[2:]])
    reading = answered(data, ("Mã học sinh", "ClientId"))
    assert table(reading).records["ClientId"].to_list() == ["1900000001"]
    assert "lời người gửi" in by(reading)["Mã học sinh"]
    moved = answered(book(OWN, own(1)), ("mã  hs", "HocSinh.ClientId"), ("Dân tộc", "HoTenMe"))
    assert table(moved).records.select("ClientId", "HoTenMe", "MaDanToc").row(0) == ("HS001", "Kinh", None)
    displaced = answered(book([*OWN, "Tên thường gọi"], [*own(1), "Lê Văn Một"]), ("Tên thường gọi", "HoTen"))
    assert table(displaced).records["HoTen"].to_list() == ["Lê Văn Một"]
    assert ("FILE-202", "Họ và tên") in told(displaced)


@pytest.mark.parametrize(
    ("columns", "due"),
    [
        ([("Mã số lạ", "ClientId")], ["FILE-045"]),
        ([("Mã HS", "Khong")], ["FILE-046", "FILE-045"]),
        ([("Mã HS", "ClientId"), ("MÃ HS", "MaHocSinh")], ["FILE-047", "FILE-047"]),
        ([("Mã HS", "")], ["FILE-047"]),
        ([("Mã HS", "CanBo.MaCanBo")], ["FILE-045"]),
    ],
)
def test_what_is_said_of_no_column_or_no_field_or_twice_is_refused(
    columns: list[tuple[str, str]], due: list[str]
) -> None:
    with pytest.raises(ProblemList) as refused:
        answered(book(OWN, own(1)), *columns)
    assert [p.code for p in refused.value.problems] == due


def test_cells_that_contradict_their_caption_are_not_taken() -> None:
    rows = [[*own(i), f"09000000{i:02d}"] for i in range(1, 8)]
    reading = read(book([*OWN, "Nơi sinh"], *rows), VNEDU)
    assert table(reading).records["NoiSinh"].null_count() == 7
    assert ("FILE-218", "Nơi sinh") in told(reading)
    moved = [own(i, **{"Ngày sinh": "Nam", "Giới tính": "05/09/2008"}) for i in range(1, 8)]
    assert [(p.code, p.place.field) for p in problems(book(OWN, *moved), VNEDU)] == [
        ("FILE-034", "Ngày sinh"),
        ("FILE-034", "Giới tính"),
    ]


def test_a_list_without_a_code_names_the_code_that_it_lacks() -> None:
    captions = [c for c in OWN if c not in ("Mã HS", "Giới tính")]
    row = [dict(zip(OWN, own(1), strict=True))[c] for c in captions]
    assert codes(book(captions, row)) == ["FILE-016"]


# Other kinds of record


@pytest.mark.parametrize(
    "captions",
    [
        ["STT", "Mã học sinh", "Họ và tên", "ĐĐGtx", "ĐĐGgk", "ĐĐGck", "ĐTBmhk", "Nhận xét"],
        ["STT", "Mã định danh Bộ GD&ĐT", "Họ và tên", "Ngày sinh", "Mức đạt được", "Điểm KTĐK", "Mã nhận xét",
         "Nội dung nhận xét", "Thời điểm đánh giá"],
        ["STT", "Tên lớp", "Mã định danh", "Họ tên", "Ngày sinh", "Giới tính", "Cân nặng", "Chiều cao",
         "Biết bơi", "Bệnh về mắt"],
        ["MA_DAN_TOC *", "TEN_DAN_TOC *", "LOAI_DAN_TOC *"],
    ],
)  # fmt: skip
def test_a_known_list_that_is_not_sent_is_named_and_asked_for_no_column(captions: list[str]) -> None:
    assert codes(book(captions, [str(i) for i in range(len(captions))])) == ["FILE-030"]


def test_a_few_columns_of_a_list_that_is_not_sent_are_that_list() -> None:
    marks = b'[{"MaVnedu": "1", "Hovaten": "x", "Lop": "6A", "ToanHKI": "8", "LiHKI": "7"}]'
    assert codes(marks) == ["FILE-030"]
    captions = ["STT", "Tên lớp", "Mã HS", "Họ tên", "Ngày sinh", "Giới tính"]
    row = ["1", "6A1", "HS1", "Nguyễn Văn Mẫu", "05/09/2008", "Nam"]
    assert table(read(book(captions, row), VNEDU)).records["ClientId"].to_list() == ["HS1"]


PERSON = ["1", "2400000001", "Nguyễn Văn Mẫu", "05/09/2008"]


@pytest.mark.parametrize(
    ("title", "captions"),
    [
        ("SỔ NHẬN XÉT LỚP 6A1 HỌC KỲ 1", ["Năng lực", "Phẩm chất", "Nhận xét của GVCN"]),
        ("SỔ NHẬN XÉT LỚP 6A1 HỌC KỲ 1", ["Ý kiến của cô"]),
        ("", ["Chiều cao kì 1", "Cân nặng kì 1", "Bệnh về mắt"]),
        ("DANH SÁCH HỌC SINH NỘP HỌC PHÍ LỚP 6A1", ["Tháng 9", "Tháng 10"]),
        ("", ["Phòng thi", "SBD"]),
        ("THEO DÕI CHUYÊN CẦN", ["Thứ 2", "Thứ 3", "Thứ 4"]),
        ("DANH SÁCH HỌC SINH ĐƯA ĐÓN", ["Tuyến xe", "Điểm đón"]),
    ],
)
def test_books_about_pupils_are_no_lists_of_pupils(title: str, captions: list[str]) -> None:
    """Who obeyed and added sex and ethnic group would send new pupils."""
    sheet = [[title], ["STT", "Mã học sinh", "Họ và tên", "Ngày sinh", *captions], [*PERSON, *captions]]
    found = problems(workbook({"6A1": sheet}), VNEDU)
    assert [p.code for p in found] in (["FILE-030"], ["FILE-031"], ["FILE-048"])
    beside = (
        read(workbook({"DS": [CAPTIONS, LINE], "6A1": sheet}), VNEDU) if found[0].code == "FILE-048" else None
    )
    assert beside is None or {c for c, _ in told(beside)} >= {"FILE-223"}


def test_a_list_of_pupils_is_one_whatever_its_title_speaks_of_besides() -> None:
    captions = [*OWN, "Trạng thái"]
    reading = read(book(["DANH SÁCH HỌC SINH ĐƯỢC KHEN THƯỞNG"], captions, [*own(1), "Đang học"]), VNEDU)
    assert table(reading).count == 1


def test_marks_of_subjects_that_no_layout_has_are_no_list_of_pupils() -> None:
    captions = [*OWN, "Toán", "Ngữ văn", "Tiếng Anh"]
    assert codes(book(captions, [*own(1), "8", "7", "9"])) == ["FILE-031"]


def test_a_list_that_may_be_pupils_or_staff_is_neither() -> None:
    captions = ["STT", "Họ và tên", "Ngày sinh", "Giới tính", "Dân tộc"]
    assert codes(book(captions, ["1", "Nguyễn Văn Mẫu", "05/09/1980", "Nam", "Kinh"])) == ["FILE-032"]


def test_a_sheet_that_is_not_sent_beside_a_list_is_told() -> None:
    marks = ["STT", "Mã học sinh", "Họ và tên", "ĐĐGtx", "ĐĐGgk", "ĐĐGck", "ĐTBmhk", "Nhận xét"]
    reading = read(workbook({"DS": [CAPTIONS, LINE], "Điểm": [marks, ["1"] * 8]}), VNEDU)
    assert table(reading).count == 1
    assert [(w.code, w.place.sheet) for w in reading.warnings] == [("FILE-214", "Điểm")]


@pytest.mark.parametrize("lacking", ["Năm học", "NĂM HỌC 2019 - 2020"])
def test_a_year_that_nothing_says_is_told(lacking: str) -> None:
    reading = read(book([lacking], CAPTIONS, LINE), VNEDU)
    assert [p.code for p in reading.unsaid] == ["FILE-216"] * (lacking == "Năm học")


def test_a_second_school_among_the_rows_is_refused_and_a_total_is_no_record() -> None:
    second = ["Mã trường: 19164888"]
    assert codes(book([f"Mã trường: {SCHOOL}"], OWN, own(1), second, OWN, own(2))) == ["FILE-011"]
    reading = read(book(OWN, own(1), [None, "Tổng: 1"], own(2)), VNEDU)
    assert (table(reading).count, table(reading).left_out["Reason"].to_list()) == (2, ["FILE-252"])


def test_captions_in_english_are_known() -> None:
    captions = ["No", "Student ID", "Full name", "Class", "DOB", "Gender"]
    reading = read(book(captions, own(1)[:6]), VNEDU)
    one = table(reading).records.select("ClientId", "HoTen", "KhoiHoc", "GioiTinh").row(0)
    assert one == ("HS001", "Nguyễn Văn B", "06", "01")


# A vendor is data


def write(path: Path, *rows: Mapping[str, str]) -> None:
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture
def unseen(tmp_path: Path) -> Library:
    """A vendor that the product has never heard of: its list, its labels, its codes in packets."""
    empty = {"record_type": "", "codemap": "unseen", "vendors": "unseen", "sent": "yes", "note": ""}
    named = {"title_vi": "Danh sách lạ", "title_en": "an unseen list"}
    write(
        tmp_path / "formats.csv",
        {"name": "packet_unseen", "carries": "packet", "kind": "packet", **empty, **named},
        {
            "name": "unseen_list",
            "carries": "pupils",
            "kind": "sheet",
            **empty,
            **named,
            "record_type": "HocSinh",
        },
    )
    columns = [
        ("Pupil > Key", "ClientId", "id", ""), ("Pupil > Called", "HoTen", "name:TenHocSinh", ""),
        ("Pupil > Born", "NgaySinh", "date", ""), ("Pupil > Sex", "GioiTinh", "label", "GIOI_TINH"),
        ("Group", "MaLopHocDn|MaLopHocCn", "class:KhoiHoc", ""),
    ]  # fmt: skip
    write(
        tmp_path / "unseen_list.csv",
        *(
            {"caption": c, "synonyms": "", "targets": t, "format": f, "codelist": cl, "required": "yes",
             "rank": "1", "note": ""}
            for c, t, f, cl in columns
        ),
    )  # fmt: skip
    write(
        tmp_path / "codemap_unseen.csv",
        {"codelist": "GIOI_TINH", "vendor_code": "boy", "ministry_code": "01", "note": ""},
        {"codelist": "GIOI_TINH", "vendor_code": "7", "ministry_code": "01", "note": ""},
    )
    return layouts.library(tmp_path)


def test_a_vendor_and_a_layout_that_nobody_has_seen_are_data_alone(unseen: Library) -> None:
    top: list[Any] = ["Pupil", None, None, None, "Group"]
    data = book(top, ["Key", "Called", "Born", "Sex"], ["K1", "Nguyễn Văn Mẫu", "05/09/2008", "boy", "6A1"])
    reading = files.read_contents([("f", data)], Target("unseen", SCHOOL, YEAR, "1"), known=unseen)
    one = table(reading).records.row(0, named=True)
    assert (one["ClientId"], one["TenHocSinh"], one["GioiTinh"], one["KhoiHoc"]) == ("K1", "Mẫu", "01", "06")
    with pytest.raises(ProblemList) as refused:
        files.read_contents([("f", data)], VNEDU, known=unseen)
    assert [p.code for p in refused.value.problems] == ["FILE-024"]
    sent = files.read_contents(
        [("p", packet(LstHocSinh=[{"ClientId": "1", "GioiTinh": "7"}]))],
        Target("unseen", SCHOOL, YEAR, "1"),
        known=unseen,
    )
    assert table(sent).records["GioiTinh"].to_list() == ["01"]


def test_the_engine_names_no_field_of_a_record_type() -> None:
    fields = {f.name for t in record_types() for f in record(t).fields} | set(record_types())
    named = {
        (path.name, word)
        for path in Path(lists.__file__).parent.glob("*.py")
        for word in re.findall(r"\w+", path.read_text("utf-8"))
        if word in fields
    }
    assert named == set()


def test_a_group_says_whose_name_and_birth_a_column_is() -> None:
    top = [*OWN, "Mẹ", None, "Người đưa đón", None]
    below = [*[None] * 7, "Họ tên", "Ngày sinh", "Họ tên", "Ngày sinh"]
    row = [*own(1), "Trần Thị Mẹ", "01/02/1985", "Lê Văn Khác", "03/04/1980"]
    reading = read(book(top, below, row), VNEDU)
    one = table(reading).records.row(0, named=True)
    assert (one["HoTenMe"], one["HoTen"], str(one["NgaySinh"])) == (
        "Trần Thị Mẹ",
        "Nguyễn Văn B",
        "2008-09-05",
    )
    assert [c for c in told(reading) if c[0] == "FILE-202"] == [
        ("FILE-202", "Mẹ > Ngày sinh"),
        ("FILE-202", "Người đưa đón > Họ tên"),
        ("FILE-202", "Người đưa đón > Ngày sinh"),
    ]


def test_a_group_of_others_above_keeps_their_captions_from_the_pupil() -> None:
    top = ["Thông tin học sinh", *[None] * 6, "Thông tin phụ huynh", None]
    row = [*own(1), "Lê Văn Cha", "0900000001"]
    reading = read(book(top, [*OWN, "Họ tên", "Điện thoại"], row), VNEDU)
    assert table(reading).records["HoTen"].to_list() == ["Nguyễn Văn B"]
    assert [c for c in told(reading) if c[0] == "FILE-202"] == [
        ("FILE-202", "Thông tin phụ huynh > Họ tên"),
        ("FILE-202", "Thông tin phụ huynh > Điện thoại"),
    ]


def test_parts_of_a_name_are_joined_and_one_part_alone_is_no_name() -> None:
    top = ["STT", "Mã HS", "Họ và tên", None, *OWN[3:]]
    row = ["1", "HS1", "Nguyễn Văn", "Mẫu", *own(1)[3:]]
    below = [None, None, "Họ và tên đệm", "Tên"]
    one = table(read(book(top, below, row), VNEDU)).records.row(0, named=True)
    assert (one["HoTen"], one["TenHocSinh"]) == ("Nguyễn Văn Mẫu", "Mẫu")
    flat = ["Tên" if c == "Họ và tên" else c for c in OWN]
    assert table(read(book(flat, own(1)), VNEDU)).records["HoTen"].to_list() == [None]


@pytest.mark.parametrize("gap", [[], [None]])
def test_a_count_beside_a_list_gives_no_pupil_a_class(gap: list[None]) -> None:
    captions = [c for c in OWN if c != "Lớp"]
    rows = [[dict(zip(OWN, own(i), strict=True))[c] for c in captions] for i in range(1, 5)]
    counts = [["6A1", "35"], ["6A2", "34"]]
    beside = [[*rows[0], *gap, *counts[0]], [*rows[1], *gap, *counts[1]], *rows[2:]]
    reading = read(book([*captions, *gap, "Lớp", "Sĩ số"], *beside), VNEDU)
    assert table(reading).records["MaLopHocDn"].null_count() == 4
    assert {("FILE-202", "Lớp"), ("FILE-202", "Sĩ số")} <= set(told(reading))


def test_a_note_that_quotes_captions_between_records_is_no_record_and_no_header() -> None:
    note = ["Ghi chú:", "Họ và tên", "Ngày sinh", "Giới tính"]
    reading = read(book(OWN, own(1), note, own(2)), VNEDU)
    assert table(reading).records["ClientId"].to_list() == ["HS001", "HS002"]
    assert [w.params["rows"] for w in reading.warnings if w.code == "FILE-212"] == ["3"]


def test_a_row_that_holds_captions_by_chance_is_a_record() -> None:
    captions = ["Mã cán bộ", "Họ và tên", "Ngày sinh", "Giới tính", "Loại cán bộ", "Nhóm chức vụ", "Môn dạy",
                "Trạng thái", "Quê quán", "Nơi sinh"]  # fmt: skip
    row = ["CB1", "Trần Thị Mẫu", "01/01/1980", "Nữ", "Giáo viên", "Giáo viên chủ nhiệm", "Toán",
           "Đang làm việc", "Toán", "Tin học"]  # fmt: skip
    reading = read(book(captions, row, ["CB2", *row[1:]]), VNEDU)
    (found,) = reading.tables
    assert (found.record_type, found.count) == ("CanBo", 2)


@pytest.mark.parametrize("name", ["A1", "B2", "5TA1", "L1", "5B", "12"])
def test_a_class_of_a_preschool_is_no_grade(name: str) -> None:
    data = book(CAPTIONS, line(Lớp_học=name))
    preschool = Target("vnedu", SCHOOL, YEAR, "1", "preschool")
    assert table(read(data, preschool)).records["KhoiHoc"].to_list() == [None]


@pytest.mark.parametrize(("name", "grade"), [("6A1", "06"), ("Lớp 10T4", "10"), ("9/A", "09")])
def test_grades_in_a_preschool_are_told(name: str, grade: str) -> None:
    """What no child of a preschool is old enough for is a wrong school or a wrong register."""
    reading = read(book(CAPTIONS, line(Lớp_học=name)), Target("vnedu", SCHOOL, YEAR, "1", "preschool"))
    assert table(reading).records["KhoiHoc"].to_list() == [grade]
    assert [(p.code, p.params) for p in reading.warnings if p.code == "FILE-222"] == [
        ("FILE-222", {"grade": grade})
    ]


def test_a_header_on_every_page_is_one_table_and_headers_without_end_are_refused() -> None:
    pages = [row for i in range(1, 9) for row in (OWN, own(i))]
    assert table(read(book(*pages), VNEDU)).count == 8
    turned = [[*CAPTIONS[i % 38 :], *CAPTIONS[: i % 38], f"Lần {i}"] for i in range(120)]
    assert codes(book(*turned)) == ["FILE-026"]
