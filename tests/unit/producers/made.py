"""Vendors' files made by hand for tests: invented pupils, one fault at a time."""

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import xlsxwriter

from producers import files, layouts
from producers.model import Reading, SourceTable, Target
from schemas.errors import Problem, ProblemList

SCHOOL = "19164999"
YEAR = 2019
SMAS = Target("smas", SCHOOL, YEAR, "1")
VNEDU = Target("vnedu", SCHOOL, YEAR, "1")
CAPTIONS = [c.caption for c in layouts.vnedu_student_list().columns]

PUPIL: Mapping[str, Any] = {
    "ClientId": "HS-1",
    "HoTen": "Nguyễn Văn Mẫu",
    "MaDanToc": "01",
    "GioiTinh": 1,
    "NgaySinh": "2008-05-20T00:00:00.0",
    "HoTenMe": "Trần Thị Mẹ",
    "KhoiHoc": 6,
    "TrangThai": 1,
    "MaLopHocDn": "L-1",
    "MaLopHocCn": "L-1",
}
CLASS: Mapping[str, Any] = {
    "ClientId": "L-1",
    "TenLopHoc": "6A1",
    "KhoiHoc": "06",
    "LopGhep": 0,
    "LopChuyen": 0,
    "LopVnen": 0,
    "LopBanTru": 0,
    "LopGhepDoTuoi": 0,
}
ROW: Mapping[str, str] = {
    "STT": "1",
    "Lớp học": "6A1",
    "Mã học sinh": "2000000001",
    "Họ tên": "Nguyễn Văn Mẫu",
    "Ngày sinh": "05/09/2008",
    "Giới tính": "Nam",
    "Dân tộc": "Kinh",
    "Tên mẹ": "Trần Thị Mẹ",
}


def packet(**members: Any) -> bytes:
    """A packet of the school; members replace or add to the header."""
    header = {"MaTruongHoc": SCHOOL, "NamHoc": YEAR, "LoaiDongBo": 1}
    return json.dumps(header | members, ensure_ascii=False).encode()


def pupils(*changes: Mapping[str, Any]) -> bytes:
    """A packet of pupils, each PUPIL with some fields changed."""
    rows = [{**PUPIL, "ClientId": f"HS-{i}", **change} for i, change in enumerate(changes, 1)]
    return packet(LstHocSinh=rows)


def listing(*rows: Mapping[str, str], captions: Sequence[str] = CAPTIONS) -> bytes:
    """vnEdu's list as a workbook: titles, captions in row 7, rows from 8, each ROW with some changes."""
    body = [
        [{**ROW, "Mã học sinh": f"20000000{i:02d}", **row}.get(c) for c in captions]
        for i, row in enumerate(rows, 1)
    ]
    titles: list[list[str | None]] = [
        ["SỞ GIÁO DỤC VÀ ĐÀO TẠO"],
        ["Trường mẫu"],
        ["DANH SÁCH HỌC SINH"],
        ["Năm học 2019 - 2020"],
        [],
        [],
    ]
    return workbook({"Sheet1": [*titles, list(captions), *body]})


def workbook(sheets: Mapping[str, Iterable[Sequence[Any]]]) -> bytes:
    """An .xlsx file of text cells."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        for r, row in enumerate(rows):
            for c, value in enumerate(row):
                if value is not None:
                    sheet.write_string(r, c, value)
    book.close()
    return out.getvalue()


def read(data: bytes, target: Target = SMAS, *more: bytes) -> Reading:
    """The reading of one file, or of several."""
    return files.read_contents([(f"file{i}", d) for i, d in enumerate((data, *more), 1)], target)


def table(reading: Reading, record_type: str = "HocSinh") -> SourceTable:
    """The one table of a type."""
    (found,) = [t for t in reading.tables if t.record_type == record_type]
    return found


def problems(data: bytes, target: Target = SMAS, *more: bytes) -> list[Problem]:
    """What is wrong with files that cannot be read."""
    try:
        read(data, target, *more)
    except ProblemList as error:
        return error.problems
    raise AssertionError("nothing was wrong")


def typed_listing(rows: Sequence[Sequence[Any]], *, since_1904: bool = False) -> bytes:
    """An .xlsx list of texts and ``Number`` cells (``made_xls``), captions in row 1."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"date_1904": since_1904})
    sheet = book.add_worksheet("S")
    sheet.write_row(0, 0, CAPTIONS)
    for r, row in enumerate(rows, 1):
        for c, value in enumerate(row):
            if hasattr(value, "shown"):
                sheet.write_number(r, c, value.value, book.add_format({"num_format": value.shown}))
            elif value is not None:
                sheet.write_string(r, c, value)
    book.close()
    return out.getvalue()
