"""Pupils with nearly all 115 fields filled, made from the contract: codes from the lists, values that fit.

They are not a plausible school, they are a full load: every lane reads the same frame. As they come, each has
three findings in the check of its version: both its classes were never pushed (HS-502), and others of its
school share its name, birth date and mother (HS-509). ``clean`` ones push their class, have birth dates of
their own, and one in 25 is warned, for a name in capitals (HS-207).
"""

from datetime import date
from typing import Final

import polars as pl

from producers.synthetic.shape import department, districts
from schemas.codes import BOOLEAN, codelists
from schemas.contracts.contracts import Field, record
from schemas.encoding.columnar import frame_schema
from schemas.issued_codes import code

PUPILS_A_SCHOOL: Final = 230
YEAR: Final = 2019
CLASS: Final = "6A1"
DISTRICTS: Final = sorted(districts())[:2]
"""Whose schools they are, by turns."""

WARNED: Final = 25
"""One in so many clean pupils is warned."""

LEAVES_EMPTY: Final = frozenset(
    {
        "MaHocSinh",  # the first push
        # A pupil who studies has not moved or left.
        *("MaLyDoThoiHoc", "ThoiDiemRoiTruong", "NoiChuyenDi", "CoChuyenSangHocNghe"),
        *("ChuyenDenTuTinh", "ChuyenDenTuQuanHuyen", "ChuyenDiDenTinh", "ChuyenDiDenQuanHuyen"),
        "PdtdBanTru",  # withdrawn
    }
)


def schools(pupils: int, first: int = 0) -> list[str]:
    """School codes for so many pupils, the first of them the ``first`` of all: the first of its school."""
    numbers = range(first // PUPILS_A_SCHOOL, -(-(first + pupils) // PUPILS_A_SCHOOL))
    return [f"{department()}{DISTRICTS[i % 2]}{i // 2:05d}" for i in numbers]


def pupils(count: int, first: int = 0, *, clean: bool = False) -> pl.DataFrame:
    """``count`` pupils in the contract's columns and order, 230 to a school, schools one after another."""
    schema = frame_schema("HocSinh")
    numbers = pl.Series(range(first, first + count), dtype=pl.Int64)
    columns = {f.name: _column(f, schema[f.name], numbers, i) for i, f in enumerate(record("HocSinh").fields)}
    classes = pl.Series([_class_code(school) for school in schools(count, first)], dtype=pl.String)
    columns |= dict.fromkeys(CLASSES, classes.gather((numbers - first) // PUPILS_A_SCHOOL))
    made = pl.DataFrame(columns, schema=schema)
    return _cleaned(made, numbers) if clean else made


def class_of(school: str) -> pl.DataFrame:
    """The one class of a school, as its clean pupils name it."""
    values = {"ClientId": "LOP-1", "MaLopHoc": _class_code(school), "TenLopHoc": CLASS, "KhoiHoc": "06"}
    flags = dict.fromkeys(("LopGhep", "LopChuyen", "LopVnen", "LopBanTru"), False)
    row = {**dict.fromkeys(frame_schema("LopHoc")), **values, **flags, "LopGhepDoTuoi": "0"}
    return pl.DataFrame([row], schema=frame_schema("LopHoc"))


def _cleaned(made: pl.DataFrame, numbers: pl.Series) -> pl.DataFrame:
    """No two of a school are born on one day; one in WARNED has a name in capitals."""
    return made.with_columns(
        NgaySinh=pl.lit(date(2006, 1, 1)) + pl.duration(days=pl.lit(numbers % PUPILS_A_SCHOOL)),
        HoTen=pl.when(pl.lit(numbers % WARNED == 0))
        .then(pl.col("HoTen").str.to_uppercase())
        .otherwise("HoTen"),
    )


def _class_code(school: str) -> str | None:
    return code("LH", [school, YEAR, CLASS])


def _column(field: Field, dtype: pl.DataType, numbers: pl.Series, salt: int) -> pl.Series:
    numbers, count = numbers.alias(field.name), len(numbers)
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
        # Born in 2006 and male, however many there are: a province has a million such numbers.
        number = (numbers // 1_000_000 + 19) * 1_000_000_000 + 206_000_000 + numbers % 1_000_000
        return number.cast(pl.String).str.zfill(12)
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


CLASSES: Final = ("MaLopHocDn", "MaLopHocCn")

FIXED: Final[dict[str, object]] = {
    "GioiTinh": "01",
    "NgaySinh": date(2006, 5, 20),
    "KhoiHoc": "06",
    "TrangThai": "01",
    "NgayTrangThai": date(2019, 9, 5),
    **{
        f"{kind}{where}": code
        for where in ("Tmtru", "Thtru")
        for kind, code in (
            ("MaTthanh", department()),
            ("MaQhuyen", DISTRICTS[0]),
            ("MaPxa", districts()[DISTRICTS[0]].communes[0][0]),
        )
    },
    "BanTru": True,
    "NoiTru": False,
    "KhuyetTat": True,
    "AnhChanDung": "aW1hZ2U=",
}
