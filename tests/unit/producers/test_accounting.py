"""Every row of a file is a record, refused, or named with its reason; what is not is a fault of ours."""

import io
from dataclasses import replace

import polars as pl
import pytest
import xlsxwriter

from producers import accounting
from producers.accounting import RowsRead
from schemas.errors import ProblemList
from tests.unit.producers.made import CAPTIONS, ROW, SMAS, VNEDU, listing, pupils, read, table, workbook

EMPTY = dict.fromkeys(CAPTIONS, "")


def left_out(*rows: dict[str, str]) -> dict[str, list[int]]:
    (told,) = accounting.told(read(listing({}, *rows), VNEDU).tables)
    assert told.rows == told.records + told.named == 1 + len(rows)
    return told.left_out


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({c: c for c in CAPTIONS}, accounting.HEADER_AGAIN),
        ({**EMPTY, "STT": '{"Id":1}', "Họ tên": "x"}, accounting.MACHINE),
        ({"Mã học sinh": "VIDU-01"}, accounting.SAMPLE),
        ({**EMPTY, "Họ tên": "Tổng số: 2"}, accounting.FOOTER),
        ({**EMPTY, "STT": "Tổng cộng", "Giới tính": "3"}, accounting.FOOTER),
        ({**EMPTY, "Lớp học": "LỚP 6A2"}, accounting.GROUP),
        ({**EMPTY, "STT": "7"}, accounting.NOBODY),
        ({**EMPTY, "Lớp học": "Người lập biểu", "Ngày sinh": "Hiệu trưởng"}, accounting.NOBODY),
        ({**EMPTY, "STT": "-"}, accounting.BLANK),
    ],
)
def test_a_row_that_is_no_pupil_says_why(row: dict[str, str], reason: str) -> None:
    assert left_out(row) == {reason: [9]}


def test_a_total_that_is_a_pupil_too_is_a_pupil() -> None:
    assert left_out({"Họ tên": "Tổng Số Một", "Mã học sinh": ""}) == {}
    (told,) = accounting.told(read(listing({}, {"Họ tên": "Tổng số 1", "Mã học sinh": ""}), VNEDU).tables)
    assert (told.records, told.refused, told.named) == (2, 1, 0)


def test_a_row_refused_by_two_rules_is_one_row() -> None:
    odd = {"Ngày sinh": "31/02/2008", "Giới tính": "?"}
    (told,) = accounting.told(read(listing({}, odd), VNEDU).tables)
    assert (told.rows, told.records, told.refused) == (2, 2, 1)


def test_the_second_row_of_a_pupil_who_moved_is_named() -> None:
    same = {"Mã học sinh": "77"}
    (told,) = accounting.told(read(listing(same, {**same, "Lớp học": "6A3"}), VNEDU).tables)
    assert (told.rows, told.records, told.left_out) == (2, 1, {"FILE-205": [9]})


def sheet(*rows: list[str | None]) -> RowsRead:
    (told,) = accounting.told(read(workbook({"S": rows}), VNEDU).tables)
    return told


def pupil(number: int) -> list[str | None]:
    return [{**ROW, "Mã học sinh": f"900{number}"}.get(c) for c in CAPTIONS]


def test_pupils_above_the_header_of_a_sheet_that_was_sorted_with_it_are_named() -> None:
    told = sheet(pupil(1), pupil(2), list(CAPTIONS), pupil(3))
    assert (told.rows, told.records, told.left_out) == (3, 1, {"FILE-257": [1, 2]})


def test_titles_are_no_pupils() -> None:
    told = sheet(["Trường", "6A1", "GVCN", "Mẫu"], [None, "a", "b", "c"], list(CAPTIONS), pupil(3))
    assert (told.rows, told.records, told.left_out) == (1, 1, {})


def test_rows_of_a_filter_and_hidden_rows_are_rows_as_the_program_numbers_them() -> None:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    page = book.add_worksheet("S")
    for at, row in ((2, CAPTIONS), (3, pupil(1)), (4, pupil(2)), (8, pupil(3))):
        page.write_row(at, 0, [text or "" for text in row])
    page.set_row(4, None, None, {"hidden": True})
    page.autofilter(2, 0, 8, 5)
    book.close()
    (found,) = read(out.getvalue(), VNEDU).tables
    assert found.records["_row"].to_list() == [4, 5, 9]


def test_a_list_in_two_files_counts_once_in_any_order() -> None:
    short, long = listing({}, {}), listing({}, {}, {})
    for first, second, refused in ((short, long, [0, 2]), (long, short, [0, 2])):
        told = accounting.told(read(first, VNEDU, second).tables)
        assert [t.refused for t in told] == refused
        assert sum(t.records - t.refused for t in told) == 3


def test_items_of_a_packet_are_counted_too() -> None:
    (told,) = accounting.told(read(pupils({}, {"TrangThai": 5, "GioiTinh": "?"}, {"ClientId": None})).tables)
    assert (told.rows, told.records, told.refused, told.left_out) == (3, 3, 2, {})


@pytest.mark.parametrize("fault", ["lost", "twice", "never read"])
def test_a_row_that_is_nothing_or_two_things_is_our_fault(fault: str) -> None:
    whole = table(read(pupils({}, {}, {}), SMAS))
    odd = {
        "lost": lambda: replace(whole, records=whole.records.head(2)),
        "twice": lambda: whole.leave_out(whole.records["_row"].tail(1), accounting.FOOTER),
        "never read": lambda: replace(whole, rows=pl.Series([1, 2], dtype=pl.Int32)),
    }[fault]()
    accounting.check([whole])
    with pytest.raises(ProblemList) as error:
        accounting.check([whole, odd])
    ((problem,),) = [error.value.problems]
    assert (problem.code, problem.place.row, problem.params["rows"]) == ("FILE-070", 3, "3")


def test_many_rows_are_told_as_spans() -> None:
    assert accounting.spans([9, 12, 13, 14, 20]) == "9, 12–14, 20"
    assert accounting.spans(range(1, 400, 2)).endswith("37, 39 …")
