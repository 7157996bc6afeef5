"""School year, term, school and class in titles and in names of sheets."""

import pytest

from producers.lists import titles


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("NĂM HỌC 2025 - 2026", (2025,)),
        ("Năm\u00a0học: 2018–2019", (2018,)),
        ("Na\u0306m ho\u0323c 2018/19", (2018,)),
        ("Năm học 2019", (2019,)),
        ("Danh sách 2024-2025, in lại 2025-2026", (2024, 2025)),
        ("Ngày 05 tháng 09 năm 2019", ()),
        ("Điện thoại 2019-2054", ()),
    ],
)
def test_the_school_year(text: str, years: tuple[int, ...]) -> None:
    assert titles.read([text]).years == years


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("Học kỳ II - Năm học 2025-2026", ("2",)),
        ("HỌC KÌ 1", ("1",)),
        ("HKII", ("2",)),
        ("HK I", ("1",)),
        ("Cả năm", ("3",)),
    ],
)
def test_the_term(text: str, terms: tuple[str, ...]) -> None:
    assert titles.read([text]).terms == terms


@pytest.mark.parametrize(
    ("text", "classes"),
    [
        ("Khối 6 - Lớp 6/1 - (Học kỳ 2)", ("6/1",)),
        ("BẢNG KẾT QUẢ ĐÁNH GIÁ MÔN TOÁN - LỚP 7A2", ("7A2",)),
        ("DANH SÁCH HỌC SINH LỚP 1A", ("1A",)),
        ("Lớp Mầm 1", ("Mầm 1",)),
        ("DANH SÁCH LỚP HỌC", ()),
        ("Tổng số lớp: 12", ()),
    ],
)
def test_the_class(text: str, classes: tuple[str, ...]) -> None:
    assert titles.read([text]).classes == classes


def test_one_class_spelt_twice_is_one() -> None:
    assert titles.read(["Lớp 6/A1", "LỚP 6A1"]).classes == ("6/A1",)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("6a", "6a"),
        ("6_1", "6_1"),
        ("Lớp 10A2", "10A2"),
        ("Sheet1", None),
        ("2019", None),
        ("Danh mục", None),
    ],
)
def test_the_class_that_a_sheet_is_named_for(name: str, expected: str | None) -> None:
    assert titles.class_of_sheet(name) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("LỚP 1A", "1A"), ("Lớp: 1A (35 HS)", "1A"), ("Lớp học", None), ("Nguyễn Thị Lớp", None), ("6A", None)],
)
def test_the_class_that_a_row_of_its_own_names(text: str, expected: str | None) -> None:
    assert titles.class_of_row(text) == expected
