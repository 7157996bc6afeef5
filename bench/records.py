"""Pupils with nearly all 115 fields filled, made from the contract: codes from the lists, values that fit.

They are not a plausible school, they are a full load: every lane reads the same frame.
"""

from datetime import date
from typing import Final

import polars as pl

from schemas.codes import BOOLEAN, codelists
from schemas.contracts.contracts import Field, record
from schemas.encoding.codec import frame_schema
from schemas.issued_codes import code

PUPILS_A_SCHOOL: Final = 230
YEAR: Final = 2019
LEAVES_EMPTY: Final = frozenset(
    {
        "MaHocSinh",  # the first push
        # A pupil who studies has not moved or left.
        *("MaLyDoThoiHoc", "ThoiDiemRoiTruong", "NoiChuyenDi", "CoChuyenSangHocNghe"),
        *("ChuyenDenTuTinh", "ChuyenDenTuQuanHuyen", "ChuyenDiDenTinh", "ChuyenDiDenQuanHuyen"),
        "PdtdBanTru",  # withdrawn
    }
)


def schools(pupils: int) -> list[str]:
    """School codes for so many pupils."""
    return [f"19{164 + i % 2:03d}{i // 2:05d}" for i in range(-(-pupils // PUPILS_A_SCHOOL))]


def pupils(count: int) -> pl.DataFrame:
    """``count`` pupils in the contract's columns and order, 230 to a school, schools one after another."""
    schema = frame_schema("HocSinh")
    columns = {f.name: _column(f, schema[f.name], count, i) for i, f in enumerate(record("HocSinh").fields)}
    return pl.DataFrame(columns, schema=frame_schema("HocSinh"))


def _column(field: Field, dtype: pl.DataType, count: int, salt: int) -> pl.Series:
    numbers = pl.Series(field.name, range(count), dtype=pl.Int64)
    mixed = (numbers * 2_654_435_761 + salt * 40_503) % 1_000_003  # scattered, the same every time
    if field.name in LEAVES_EMPTY:
        return pl.Series(field.name, [None] * count, dtype=dtype)
    if field.name in FIXED:
        return pl.Series(field.name, [FIXED[field.name]] * count, dtype=dtype)
    if field.codelist and field.codelist != BOOLEAN:
        known = list(codelists().get(field.codelists[0], ["704"]))
        codes = pl.Series(field.name, known)
        return codes.gather(mixed % len(known))
    match dtype:
        case pl.Boolean:
            return mixed % 5 == 0
        case pl.Date:
            return (mixed % 3650 + 3650).cast(pl.Int32).cast(pl.Date)
        case pl.Int32:
            return (mixed % 44 + 1).cast(pl.Int32)
        case _:
            return _text(field, numbers)


def _text(field: Field, numbers: pl.Series) -> pl.Series:
    if field.name == "ClientId":
        return "CL-" + numbers.cast(pl.String)
    if field.name in ("MaCongDan", "SoCmnd"):
        return (numbers + 19_206_000_000).cast(pl.String).str.zfill(12)
    if field.format == "phone":
        return ("09" + (numbers + 10_000_000).cast(pl.String).str.zfill(8)).alias(field.name)
    if field.format == "email":
        return "mau" + numbers.cast(pl.String) + "@example.test"
    if field.format and field.format.startswith("digits:"):
        width = int(field.format.removeprefix("digits:").split("|")[0])
        digits: pl.Series = numbers % 10**width
        return digits.cast(pl.String).str.zfill(width)
    names = pl.Series(["Nguyễn Văn Mẫu", "Trần Thị Thử", "Lê Văn Nghiệm", "Hoàng Thị Ví Dụ", "Phạm Mẫu Mực"])
    return names.gather(numbers % 5).alias(field.name)


CLASS: Final = code("LH", ["bench", YEAR, "6A1"])

FIXED: Final[dict[str, object]] = {
    "GioiTinh": "01",
    "NgaySinh": date(2006, 5, 20),
    "KhoiHoc": "06",
    "TrangThai": "01",
    "NgayTrangThai": date(2019, 9, 5),
    "MaLopHocDn": CLASS,
    "MaLopHocCn": CLASS,
    **{
        f"{kind}{where}": code
        for where in ("Tmtru", "Thtru")
        for kind, code in (("MaTthanh", "19"), ("MaQhuyen", "164"), ("MaPxa", "05431"))
    },
    "BanTru": True,
    "NoiTru": False,
    "KhuyetTat": True,
    "AnhChanDung": "aW1hZ2U=",
}
