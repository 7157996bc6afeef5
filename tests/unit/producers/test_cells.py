"""Cells of dirty sheets: what they mean, and which cannot be said."""

from datetime import date

import polars as pl
import pytest

from producers.adapters import cells
from producers.text import fold, fold_label
from producers.text.columns import holding, joined
from producers.text.letters import strange

FIFTH = date(2012, 9, 5)


def column(*values: str | None) -> pl.Series:
    return pl.Series("c", values, dtype=pl.String)


def bad(read: cells.Cells) -> dict[str, list[bool]]:
    return {code: mask.to_list() for code, mask in read.bad.items() if mask.any()}


@pytest.mark.parametrize(
    "text",
    [
        "05/09/2012", "5/9/2012", "05-09-2012", "05.09.2012", "05/09/12", "05 / 09 / 2012", "Ngày 05/09/2012",
        "2012-09-05", "2012/9/5", "2012-09-05 00:00:00", "20120905", "41157", "41157.0",
        "05/09/2012 00:00:00",
    ],
)  # fmt: skip
def test_a_date_is_read_day_first_however_it_is_written(text: str) -> None:
    assert cells.dates(column(text)).values.to_list() == [FIFTH]


@pytest.mark.parametrize(
    "text", ["31/02/2012", "00/00/2012", "2012", "1985.0", "99999", "3/2012", "abc", "5"]
)
def test_what_is_no_date_is_a_fault_of_its_cell(text: str) -> None:
    read = cells.dates(column(text, None))
    assert read.values.to_list() == [None, None]
    assert bad(read) == {"CELL-102": [True, False]}


def test_a_two_digit_year_below_30_is_of_this_century() -> None:
    read = cells.dates(column("01/02/29", "01/02/30"))
    assert read.values.to_list() == [date(2029, 2, 1), date(1930, 2, 1)]


def test_month_first_is_read_only_where_the_day_proves_it_and_makes_the_others_doubtful() -> None:
    read = cells.dates(column("9/25/2012", "05/09/2012", "25/09/2012", "05/05/2012"))
    assert read.values.to_list() == [date(2012, 9, 25), FIFTH, date(2012, 9, 25), date(2012, 5, 5)]
    assert read.doubtful["CELL-202"].to_list() == [False, True, False, False]
    assert read.doubtful["CELL-234"].to_list() == [True, False, False, False]
    assert cells.dates(column("9/31/2012")).doubtful == {}
    assert cells.dates(column("05/09/2012")).doubtful == {}


def test_a_year_of_birth_is_its_first_of_january_and_never_a_serial() -> None:
    read = cells.years(column("1985", "1985.0", "20/02/1985", "85", None))
    assert read.values.to_list() == [date(1985, 1, 1), date(1985, 1, 1), date(1985, 2, 20), None, None]
    assert bad(read) == {"CELL-102": [False, False, False, True, False]}


def test_a_number_with_lost_digits_is_refused_and_a_float_is_mended() -> None:
    read = cells.ids(column("1.9E+10", "1,9E+10", "164.0", "19 00", "'019000000001", "NB1/2020"))
    assert read.values.to_list()[2:] == ["164", "1900", "019000000001", "NB1/2020"]
    assert bad(read) == {"CELL-108": [True, True, False, False, False, False]}


@pytest.mark.parametrize(
    ("number", "gender", "expected"),
    [
        ("19212000001", "01", "019212000001"),  # 2: a boy of this century
        ("19312000001", "02", "019312000001"),  # 3: a girl
        ("19312000001", "01", "19312000001"),  # does not fit the gender
        ("19211000001", "01", "19211000001"),  # does not fit the birth year
        ("1212000001", "01", "001212000001"),  # two zeros lost
        ("019212000001", "01", "019212000001"),
        ("123456789", "01", "123456789"),
    ],
)
def test_a_lost_zero_comes_back_only_where_it_is_proved(number: str, gender: str, expected: str) -> None:
    read = cells.citizen_numbers(column(number), column(gender), pl.Series([date(2012, 1, 1)], dtype=pl.Date))
    assert read.values.to_list() == [expected]
    assert read.doubtful["CELL-201"].to_list() == [expected != number]


def test_telephones_get_their_zero_back() -> None:
    read = cells.phones(
        column("900000001", "+84900000001", "84900000001", "0900.000.001", "02083000000", "12")
    )
    assert read.values.to_list() == ["0900000001"] * 4 + ["02083000000", "12"]


def test_ticks() -> None:
    read = cells.ticks(column("x", "X", "Có", "ü", "\uf0fc", "✓", "1", None, "Không", "0", "?"))
    assert read.values.to_list() == [True] * 7 + [False] * 4
    assert bad(read) == {"CELL-105": [False] * 10 + [True]}


def test_a_remark_is_cut_from_a_name_and_reported() -> None:
    read = cells.names(column("Nguyễn Văn Mẫu (chuyển trường)", "NGUYỄN VĂN MẪU"))
    assert read.values.to_list() == ["Nguyễn Văn Mẫu", "NGUYỄN VĂN MẪU"]
    assert read.doubtful["CELL-203"].to_list() == [True, False]


def test_cleaning_folds_blanks_composes_letters_and_knows_the_words_for_nothing() -> None:
    frame = pl.DataFrame(
        {"c": ["  a\u00a0 b\n", "o\u0323", "'019", "-", "nan", "None", "NaT", " ", "#REF!", None]}
    )
    assert cells.clean(frame)["c"].to_list() == ["a b", "ọ", "019"] + [None] * 7
    assert frame.select(cells.formula_error("c"))["c"].to_list() == [False] * 8 + [True, False]


@pytest.mark.parametrize(
    ("given", "due"),
    [
        (["'019", "'+84912", "'05/09/2008", "'-", "'"], ["019", "+84912", "05/09/2008", None, None]),
        (["'Ái", "H'Mông", "Nguyễn"], ["'Ái", "H'Mông", "Nguyễn"]),
        (["'Ái"], ["'Ái"]),
        (["'Nam", "", None, "'Nữ"], ["Nam", None, None, "Nữ"]),
    ],
)
def test_an_apostrophe_before_a_letter_is_a_names_unless_every_cell_has_one(
    given: list[str | None], due: list[str | None]
) -> None:
    assert cells.clean(pl.DataFrame({"c": given}))["c"].to_list() == due
    assert cells.clean(pl.DataFrame({"c": due}))["c"].to_list() == due, "what was read is read so again"


def test_grades_come_from_the_beginning_of_a_class_name_only() -> None:
    names = column("6A1", "L2B", "10T4", "1.1_CS2", "Lớp 9C", "Mẫu giáo 5 tuổi A", "5 tuổi A", "13A", None)
    assert cells.grades(names).to_list() == ["06", "02", "10", "01", "09", None, None, None, None]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Học kì", "Học kỳ"), ("hoà", "hòa"), ("Họ tên (*)", "HỌ  TÊN"), ("MA_TRUONG *", "ma_truong"),
        ("Tỉnh/Thành phố\n(quê)", "Tỉnh/Thành phố (quê)"), ("Ho\u0323 te\u0302n", "Họ tên"),
    ],
)  # fmt: skip
def test_captions_that_mean_the_same_fold_alike(one: str, other: str) -> None:
    assert fold(one) == fold(other)


def test_captions_that_differ_stay_apart() -> None:
    assert fold("Sổ định danh") != fold("Số định danh")
    assert fold("Ngày sinh") != fold("Ngày sinh cha")


def test_labels_fold_apostrophes_and_hyphens() -> None:
    assert len({fold_label(t) for t in ("H'Mông", "H’mông", "HMÔNG", "H Mông")}) == 1


def test_a_letter_lost_at_a_cells_beginning_is_seen_in_whatever_row_and_column():
    frame = pl.DataFrame({"a": ["Lê Mẫu", "An"], "b": ["An", "?inh Mẫu"], "c": ["?ặng Mẫu", "An"]})
    assert holding(joined(frame), strange()) == {"b", "c"}
