"""A school's pupils as vnEdu's list of 38 columns: title rows, captions in row 7, labels, day-first dates."""

from datetime import datetime
from io import BytesIO
from typing import Any, Final

import polars as pl
import xlsxwriter

from producers import layouts
from producers.synthetic.school import SchoolRecords

HEADER_ROW: Final = 7
FIRST_ROW: Final = 8
SHEET: Final = "Sheet1"

GENDERS: Final = {"01": "Nam", "02": "Nữ"}
ETHNIC_GROUPS: Final = {
    "01": "Kinh", "02": "Tày", "04": "Hoa", "06": "Mường", "07": "Nùng", "08": "Hmông", "09": "Dao",
    "15": "Sán Chay", "18": "Sán Dìu",
}  # fmt: skip
POLICY_GROUPS: Final = {
    "06": "Bị tàn tật, khuyết tật",
    "08": "Có cha mẹ thuộc diện hộ nghèo theo quy định",
}
DISABILITIES: Final = {
    "01": "Khuyết tật vận động",
    "02": "Khuyết tật nghe nói",
    "03": "Khuyết tật nhìn",
    "05": "Khuyết tật trí tuệ",
    "06": "Khuyết tật khác",
}
_MADE: Final = datetime(2019, 9, 5)
"""Fixed, so that the same records give the same bytes."""


def columns(school: SchoolRecords) -> pl.DataFrame:
    """The list's cells by caption, all text, null where the cell is empty."""
    pupils = school.frames["HocSinh"]
    names = school.frames["LopHoc"].select("ClientId", "TenLopHoc")
    cells: dict[str, pl.Expr] = {
        "STT": pl.int_range(1, pl.len() + 1).cast(pl.String),
        "Lớp học": pl.col("MaLopHocDn").replace_strict(names["ClientId"], names["TenLopHoc"]),
        "Mã học sinh": pl.col("ClientId"),
        "Sổ định danh cá nhân": pl.col("MaCongDan"),
        "Họ tên": pl.col("HoTen"),
        "Ngày sinh": _day("NgaySinh"),
        "Giới tính": _label("GioiTinh", GENDERS),
        "Chỗ ở hiện nay": pl.col("DchiTmtru"),
        "Hộ khẩu thường trú": pl.col("DchiThtru"),
        "Nơi sinh": pl.col("NoiSinh"),
        "Quê quán": pl.col("QueQuan"),
        "Chứng minh thư": pl.col("SoCmnd"),
        "Ngày cấp CMT": _day("NgayCapCmnd"),
        "Nơi cấp CMT": pl.col("NoiCapCmnd"),
        "Dân tộc": _label("MaDanToc", ETHNIC_GROUPS),
        "Tôn giáo": pl.lit("Không"),
        "Diện chính sách": _label("MaDtuongCsach", POLICY_GROUPS),
        "Diện khuyết tật": _label("MaLoaiKhuyetTat", DISABILITIES),
        "Cận nghèo": _tick(pl.col("MaDtuongCsach") == "09"),
        "Đoàn viên": _tick(pl.col("DoanVien")),
        "Đội viên": _tick(pl.col("DoiVien")),
        "Tên cha": pl.col("HoTenBo"),
        "Nghề nghiệp cha": pl.col("NgheNghiepBo"),
        "Năm sinh cha": pl.col("NgaySinhBo").dt.year().cast(pl.String),
        "Tên mẹ": pl.col("HoTenMe"),
        "Nghề nghiệp mẹ": pl.col("NgheNghiepMe"),
        "Năm sinh mẹ": pl.col("NgaySinhMe").dt.year().cast(pl.String),
        "Điện thoại DĐ": pl.col("SoDthoaiDdong"),
        "Email": pl.col("Email"),
        "Điện thoại bố": pl.col("SoDienThoaiBo"),
        "Điện thoại mẹ": pl.col("SoDienThoaiMe"),
        "Ngày vào trường": _day("NgayTrangThai"),
    }
    empty = pl.lit(None, dtype=pl.String)
    captions = [c.caption for c in layouts.vnedu_student_list().columns]
    return pupils.select(cells.get(caption, empty).alias(caption) for caption in captions)


def workbook(school: SchoolRecords, table: pl.DataFrame | None = None) -> bytes:
    """The list as an ``.xlsx`` file. ``table`` replaces the cells (a dirty variant)."""
    table = columns(school) if table is None else table
    out = BytesIO()
    book = xlsxwriter.Workbook(out, {"constant_memory": True, "in_memory": True})
    book.set_properties({"created": _MADE})
    sheet = book.add_worksheet(SHEET)
    _titles(book, sheet, school.plan.name)
    for column, caption in enumerate(table.columns):
        sheet.write_string(HEADER_ROW - 1, column, caption)
    for row, values in enumerate(table.iter_rows(), FIRST_ROW - 1):
        for column, value in enumerate(values):
            if value is not None:
                sheet.write_string(row, column, value)
    book.close()
    return out.getvalue()


def _titles(book: Any, sheet: Any, school: str) -> None:
    """Office, school, motto and title above the table; rows 4 to 6 stay empty."""
    bold = book.add_format({"bold": True, "align": "center"})
    sheet.merge_range("A1:H1", "SỞ GIÁO DỤC VÀ ĐÀO TẠO THÁI NGUYÊN", bold)
    sheet.merge_range("I1:V1", "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", bold)
    sheet.merge_range("A2:H2", school, bold)
    sheet.merge_range("I2:V2", "Độc lập - Tự do - Hạnh phúc", bold)
    sheet.merge_range("A3:V3", "DANH SÁCH HỌC SINH", bold)


def _day(field: str) -> pl.Expr:
    return pl.col(field).dt.strftime("%d/%m/%Y")


def _label(field: str, labels: dict[str, str]) -> pl.Expr:
    return pl.col(field).replace_strict(labels, default=None, return_dtype=pl.String)


def _tick(holds: pl.Expr) -> pl.Expr:
    return pl.when(holds).then(pl.lit("x"))
