"""Columns of a list → fields, where one column says two things or several say one."""

from typing import Any

import polars as pl
import pytest

from producers.codemaps import load
from producers.layouts import Column
from producers.lists.values import Read, read_columns
from producers.model import ROW, Target
from schemas.errors import SourceLocation

CODEMAP = load("vnedu|ministry")


def column(targets: str, form: str, rank: int = 1, codelist: str = "") -> Column:
    line = {"caption": f"{form} {rank}", "synonyms": "", "targets": targets, "format": form}
    return Column.of_row({**line, "codelist": codelist, "required": "no", "rank": str(rank)})


def read(
    record_type: str, *columns: tuple[Column, str | None], school: str = "19172355"
) -> tuple[dict[str, Any], set[str]]:
    """(values of a list of one row, codes of its faults)"""
    names = [str(i) for i in range(len(columns))]
    cells = {n: pl.Series([text], dtype=pl.String) for n, (_, text) in zip(names, columns, strict=True)}
    texts = pl.DataFrame({ROW: pl.Series([2], dtype=pl.Int32), **cells})
    reads = [Read(n, c.caption, c) for n, (c, _) in zip(names, columns, strict=True)]
    place = SourceLocation("list.xlsx", "Sheet1")
    values, faults, _ = read_columns(
        texts, reads, record_type, CODEMAP, place, push=Target("made", school, 2019, "1")
    )
    return values.row(0, named=True), set(faults["rule"])


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (
            [
                (column("DchiTmtru", "part:MaTthanhTmtru", 3, "TINH"), "Tỉnh Thái Nguyên"),
                (column("DchiTmtru", "part", 2), None),
                (column("DchiTmtru", "part:TenTthonTmtru", 1), "Xóm Mẫu"),
            ],
            {"DchiTmtru": "Xóm Mẫu, Tỉnh Thái Nguyên", "MaTthanhTmtru": "19", "TenTthonTmtru": "Xóm Mẫu"},
        ),
        (
            [
                (column("HoTen", "name_part:TenHocSinh", 2), "An"),
                (column("HoTen", "name_part", 1), "Nguyễn Văn"),
            ],
            {"HoTen": "Nguyễn Văn An", "TenHocSinh": "An"},
        ),
        ([(column("HoTen", "name_part:TenHocSinh", 2), "An")], {"HoTen": None, "TenHocSinh": "An"}),
        (
            [(column("MaHocSinh", "id:ClientId=moet."), "1900000001")],
            {"MaHocSinh": "1900000001", "ClientId": "moet.1900000001"},
        ),
        (
            [
                (column("MaHocSinh", "id:ClientId=moet."), "1900000001"),
                (column("ClientId", "id", 9), "V1"),
            ],
            {"MaHocSinh": "1900000001", "ClientId": "V1"},
        ),
        (
            [
                (column("MaLopHocDn|MaLopHocCn", "class:KhoiHoc"), "7A"),
                (column("KhoiHoc", "grade", 9, "KHOI"), "6"),
            ],
            {"MaLopHocDn": "7A", "MaLopHocCn": "7A", "KhoiHoc": "06"},
        ),
    ],
)
def test_columns_of_a_pupil(columns: list[tuple[Column, str | None]], expected: dict[str, Any]) -> None:
    values, _ = read("HocSinh", *columns)
    assert {f: values.get(f) for f in expected} == expected


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (("true", "true", "false"), "4"),
        (("false", "false", "true"), "3"),
        (("true", "true", "true"), "7"),
        (("false", None, None), None),
    ],
)
def test_three_flags_are_one_code(flags: tuple[str | None, ...], expected: str | None) -> None:
    words = [column("BuoiHoc", f"word:{w}", i, "BUOI_HOC") for i, w in enumerate(("Sáng", "Chiều", "Tối"))]
    values, faults = read("LopHoc", *zip(words, flags, strict=True))
    assert values["BuoiHoc"] == expected
    assert faults == {"CELL-110"}


def test_a_province_that_is_in_no_list_stays_in_the_text_without_its_code() -> None:
    values, faults = read(
        "HocSinh",
        (column("DchiTmtru", "part:MaTthanhTmtru", 2, "TINH"), "Tỉnh Mẫu"),
        (column("DchiTmtru", "part", 1), "Xóm Mẫu"),
        (column("ClientId", "id"), "1"),
    )
    assert (values["DchiTmtru"], values["MaTthanhTmtru"]) == ("Xóm Mẫu, Tỉnh Mẫu", None)
    assert not faults


@pytest.mark.parametrize(("own", "faults"), [("19172355", set()), ("19172356", {"CELL-130"})])
def test_a_row_of_another_school_is_refused(own: str, faults: set[str]) -> None:
    values, found = read("TruongHoc", (column("MaTruongHoc", "school"), own), school="19172355")
    assert (values["MaTruongHoc"], found) == (own, faults)


def test_a_school_code_that_goes_nowhere_is_compared_too() -> None:
    of_row, own_id = (column("", "school"), "19172356"), (column("ClientId", "id"), "1")
    assert read("HocSinh", of_row, own_id, school="19172355")[1] == {"CELL-130"}
