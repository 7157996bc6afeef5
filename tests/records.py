"""Records that violate no rule, and frames of them with one thing changed."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

import polars as pl

from schemas.encoding import columnar
from schemas.rules.catalogue import in_context

START_OF_2019: Final = {"NamHoc": 2019, "LoaiDongBo": "1"}
SCHOOL: Final = "19164301"

CHUNK_HEADER: Final[dict[str, Any]] = {
    "PushId": "p",
    "Vendor": "smas",
    "MaTruongHoc": SCHOOL,
    "Chunk": 0,
    "Source": "",
    "Sheet": "",
    "Rows": [1],
    "Refused": [],
    **START_OF_2019,
}
"""Of a chunk with one record, of a clean push."""

SUBJECT: Final = {"MaMonHoc": "01", "MonChuyen": False, "LoaiDanhGia": "0", "MonVnen": False}

VALID: Final[dict[str, dict[str, Any]]] = {
    "TruongHoc": {
        "MaTruongHoc": SCHOOL,
        "TenTruongHoc": "Trường THCS Mẫu",
        "NamHoc": 2019,
        "CapHoc": "07",
        "LoaiHinhDaoTao": "01",
        "LoaiHinhTruong": "01",
        "MaNhomCapHoc": "07",
        "TongSoHocSinh": 1,
        "TongSoLopHoc": 1,
        "TongSoCanBo": 1,
    },
    "CanBo": {
        "ClientId": "CB-1",
        "TenCanBo": "Phạm Thị Mẫu",
        "LoaiCanBo": "03",
        "MaCanBo": "1900000001",
        "LoaiHopDong": "07",
        "GioiTinh": "02",
        "NgaySinh": date(1985, 5, 20),
        "MaNgach": "01",
        "BacLuong": "01",
        "HeSo": 2.34,
        "MucPhuCapUuDai": 30,
        "TrinhDoChuyenMonNvCaoNhat": "01",
        "ChuyenNganhDaoTaoChinh": "140201",
        "TrinhDoDaoTaoCnChinh": "07",
        "DanhGiaKqChuanNgheNghiep": "01",
        "TuDanhGiaKqChuanNgheNghiep": "01",
        "SoCmnd": "019185000001",
        "TrangThai": "01",
    },
    "LopHoc": {
        "ClientId": "LH-1",
        "MaLopHoc": "LH0000001",
        "TenLopHoc": "6A1",
        "KhoiHoc": "06",
        "LopGhep": False,
        "LopChuyen": False,
        "LopVnen": False,
        "LopBanTru": False,
        "LopGhepDoTuoi": "0",
        "MaGvcnDn": "1900000001",
        "DsMonHoc": [{**SUBJECT, "DsGiaoVien": [{"HocKy": "1", "MaGiaoVien": "1900000001"}]}],
    },
    "HocSinh": {
        "ClientId": "HS-1",
        "HoTen": "Nguyễn Văn Mẫu",
        "MaDanToc": "01",
        "GioiTinh": "01",
        "NgaySinh": date(2008, 5, 20),
        "HoTenMe": "Trần Thị Mẫu",
        "NgaySinhMe": date(1985, 3, 2),
        "MaLopHocDn": "LH0000001",
        "MaLopHocCn": "LH0000001",
        "KhoiHoc": "06",
        "TrangThai": "01",
        "NgayTrangThai": date(2019, 9, 5),
        "MaCongDan": "019208000001",
    },
}


def records(record_type: str, *rows: Mapping[str, Any]) -> pl.DataFrame:
    """One record a row: a valid one with the row's changes."""
    whole = [{**VALID[record_type], **row} for row in rows or ({},)]
    schema = columnar.frame_schema(record_type)
    return pl.DataFrame(
        {name: [row.get(name) for row in whole] for name in schema}, schema=schema, strict=True
    )


def frame(
    record_type: str, *rows: Mapping[str, Any], header: Mapping[str, Any] = START_OF_2019
) -> pl.DataFrame:
    """The same with the context that rules ask for."""
    of_rows = records(record_type, *rows)
    return in_context(of_rows, [header], [of_rows.height])


def version(
    changed: Mapping[str, list[dict[str, Any]]] | None = None, dataset: str = f"{SCHOOL}.2019.start"
) -> dict[str, pl.DataFrame]:
    """One dataset as the check sees it: a valid record of each type, or the rows given for a type."""
    rows = changed or {}
    return {
        record_type: records(record_type, *rows.get(record_type, [{}])).with_columns(
            pl.lit(dataset).alias("dataset_id")
        )
        for record_type in VALID
    }
