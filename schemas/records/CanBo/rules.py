"""Rules about staff that the contract cannot say."""

from typing import Final

import polars as pl

from schemas.rules.expressions import age, among, given, places_belong_together
from schemas.rules.rule import block, warn

NAME: Final = r"^\p{L}[\p{L}\p{M}'’.-]*(?:\s+\p{L}[\p{L}\p{M}'’.-]*)+$"
"""Two words or more, letters only."""

ALLOWANCES: Final = (
    "VuotKhung",
    "MucPhuCapThuHut",
    "MucPhuCapThamNien",
    "MucPhuCapLanhDao",
    "MucPhuCapUuDai",
)
LEADERS: Final = ["01", "07", "08"]

RULES: Final = [
    block(
        "CB-205",
        "CanBo",
        "HeSo",
        "Hệ số lương phải từ 1,00 đến 10,00. Kiểm tra dấu thập phân.",
        "Salary coefficient must be 1.00 to 10.00. Check the decimal point.",
        ~pl.col("HeSo").is_between(1, 10),
        needs="HeSo",
        condition="1.00 to 10.00; a whole number above 10 means that the point was lost",
    ),
    block(
        "CB-210",
        "CanBo",
        "TenCanBo",
        "Họ tên cán bộ không hợp lệ. Kiểm tra lại.",
        "Staff name is not valid. Check it.",
        ~pl.col("TenCanBo").str.strip_chars().str.contains(NAME),
        needs="TenCanBo",
        condition="2 words or more, letters only",
    ),
    block(
        "CB-401",
        "CanBo",
        "NgaySinh",
        "Tuổi cán bộ ngoài khoảng 18-70. Kiểm tra ngày sinh.",
        "Staff age is outside 18-70. Check the birth date.",
        ~age("NgaySinh").is_between(18, 70),
        needs="NgaySinh",
        condition="18 to 70 years old",
    ),
    *(
        warn(
            "CB-206",
            "CanBo",
            name,
            "Tỷ lệ phụ cấp phải từ 0 đến 100. Kiểm tra đơn vị.",
            "Allowance must be 0 to 100 per cent. Check the unit.",
            ~pl.col(name).is_between(0, 100),
            needs=name,
            condition="0 to 100",
        )
        for name in ALLOWANCES
    ),
    warn(
        "CB-209",
        "CanBo",
        "NamSinh NgaySinh",
        "Năm sinh khác ngày sinh. Sửa lại.",
        "Birth year differs from the birth date. Fix it.",
        pl.col("NamSinh") != pl.col("NgaySinh").dt.year(),
        needs="NamSinh NgaySinh",
        condition="equals the year of NgaySinh",
    ),
    warn(
        "CB-402",
        "CanBo",
        "NgaySinh TrangThai",
        "Cán bộ quá tuổi nghỉ hưu nhưng đang làm việc. Cập nhật trạng thái.",
        "Past retirement age but working. Update the status.",
        (age("NgaySinh") > 62) & (pl.col("TrangThai") == "01"),
        needs="NgaySinh TrangThai",
        condition="at most 62 years old while TrangThai = 01",
    ),
    warn(
        "CB-412",
        "CanBo",
        "MucPhuCapLanhDao LoaiCanBo",
        "Phụ cấp lãnh đạo chỉ dành cho quản lý. Kiểm tra lại.",
        "Leadership allowance is for managers only. Check it.",
        (pl.col("MucPhuCapLanhDao") > 0) & ~among("LoaiCanBo", LEADERS),
        needs="MucPhuCapLanhDao LoaiCanBo",
        condition="0 or empty when LoaiCanBo is not 01, 07, 08",
    ),
    warn(
        "CB-416",
        "CanBo",
        "NgayBatDauDaoTao NgayKetThucDaoTao",
        "Ngày kết thúc đào tạo trước ngày bắt đầu. Sửa lại.",
        "Training ends before it starts. Fix it.",
        pl.col("NgayKetThucDaoTao") < pl.col("NgayBatDauDaoTao"),
        needs="NgayBatDauDaoTao NgayKetThucDaoTao",
        condition="end >= start",
    ),
    *places_belong_together("CB-191", "CanBo", "MaTthanhThtru", "MaQhuyenThtru", "MaPxaThtru"),
    *places_belong_together("CB-191", "CanBo", "MaTthanhTmtru", "MaQhuyenTmtru", "MaPxaTmtru"),
    block(
        "CB-501",
        "CanBo",
        "MaCanBo",
        "Trùng mã cán bộ. Sửa mã hoặc gộp hồ sơ.",
        "Staff code is used twice. Fix the code or merge the records.",
        (pl.len().over("dataset_id", "MaCanBo") > 1) & given("MaCanBo"),
        needs="MaCanBo",
        tier=2,
        condition="unique in the school",
    ),
    block(
        "CB-502",
        "CanBo",
        "ClientId",
        "Trùng ClientId của cán bộ. Mỗi người một ClientId.",
        "ClientId is repeated. One per person.",
        pl.len().over("dataset_id", "ClientId") > 1,
        tier=2,
        condition="unique in the dataset",
    ),
]
