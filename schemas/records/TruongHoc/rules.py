"""Rules about the school's own record that the contract cannot say."""

from typing import Final

import polars as pl

from schemas.rules.expressions import among, given, places_belong_together
from schemas.rules.rule import COUNT, NAM_HOC, PERIOD, REFUSED, block, warn

CENTRES: Final = ["12", "13", "14", "15"]
"""Level groups of continuing-education centres."""

CONTROL_TOTALS: Final = (
    ("TR-501", "TongSoHocSinh", "HocSinh", "học sinh", "pupils"),
    ("TR-502", "TongSoLopHoc", "LopHoc", "lớp", "classes"),
    ("TR-503", "TongSoCanBo", "CanBo", "cán bộ", "staff"),
)

RULES: Final = [
    block(
        "ENV-305",
        "TruongHoc",
        "NamHoc",
        "Năm học của gói khác năm học của hồ sơ trường. Sửa cho khớp.",
        "School year of the packet differs from the school profile. Make them agree.",
        pl.col("NamHoc") != pl.col(NAM_HOC),
        needs="NamHoc",
        condition="equals the school year of the push",
    ),
    block(
        "TR-401",
        "TruongHoc",
        "CapHoc MaNhomCapHoc",
        "Cấp học và nhóm cấp học mâu thuẫn. Chọn cùng một mã.",
        "The two level fields disagree. Use the same code.",
        pl.col("CapHoc") != pl.col("MaNhomCapHoc"),
        needs="CapHoc MaNhomCapHoc",
        condition="CapHoc = MaNhomCapHoc",
    ),
    block(
        "TR-408",
        "TruongHoc",
        "MaLoaiTrungTam MaTrungTam TtGdtxHuongNghiep TtGdtxHuyen",
        "Thông tin trung tâm chỉ khai cho cơ sở GDTX. Xóa ở trường này.",
        "Centre data is for continuing-education centres only. Clear it for this school.",
        ~among("MaNhomCapHoc", CENTRES)
        & (
            given("MaLoaiTrungTam")
            | given("MaTrungTam")
            | pl.col("TtGdtxHuongNghiep").fill_null(False)
            | pl.col("TtGdtxHuyen").fill_null(False)
        ),
        needs="MaNhomCapHoc",
        condition="centre fields only for MaNhomCapHoc 12 to 15",
    ),
    *(
        warn(
            "TR-204",
            "TruongHoc",
            total,
            "Tổng số phải là số nguyên không âm và khác 0. Kiểm tra lại tổng.",
            "Totals must be whole numbers above zero. Check them.",
            (pl.col(total) < 0) | ((pl.col(total) == 0) & (pl.col(PERIOD) == "start")),
            needs=total,
            condition="not negative, and above zero at the start of the year",
        )
        for _, total, *_ in CONTROL_TOTALS
    ),
    warn(
        "TR-407",
        "TruongHoc",
        "KhaiThacInternetDayHoc SuDungMayTinhDayHoc",
        "Có khai thác internet nhưng không có máy tính dạy học. Kiểm tra lại.",
        "Internet is used but computers are not. Check it.",
        pl.col("KhaiThacInternetDayHoc") & ~pl.col("SuDungMayTinhDayHoc"),
        needs="KhaiThacInternetDayHoc SuDungMayTinhDayHoc",
        condition="KhaiThacInternetDayHoc implies SuDungMayTinhDayHoc",
    ),
    *places_belong_together("TR-191", "TruongHoc", "MaTinh", "MaHuyen", "MaXa"),
    *(
        block(
            rule_id,
            "TruongHoc",
            total,
            f"Tổng số {label} khai khác số bản ghi nhận được. Đẩy đủ danh sách hoặc sửa tổng.",
            f"The declared number of {english} differs from the records received. Push the whole list or fix "
            "the total.",
            among(PERIOD, ["start", "end"])
            & ~pl.col(total).is_between(
                pl.col(f"{COUNT}{record_type}"),
                pl.col(f"{COUNT}{record_type}") + pl.col(f"{REFUSED}{record_type}"),
            ),
            needs=total,
            tier=2,
            condition=f"the number of {record_type} that the push brought, with or without the refused ones",
        )
        for rule_id, total, record_type, label, english in CONTROL_TOTALS
    ),
]
