"""Rules about pupils that the contract cannot say."""

from typing import Final

import polars as pl

from schemas.rules.expressions import age, among, given, places_belong_together, year_start
from schemas.rules.rule import PERIOD, PROVINCE, Lookup, block, warn

GENERAL: Final = [f"{grade:02d}" for grade in range(1, 13)]
PRESCHOOL: Final = ["16", "17"]
MOVED_IN: Final = ["02", "06", "10"]
MOVED_OUT: Final = ["04", "08", "11"]
LEFT: Final = ["05", "09", "12"]

NAME: Final = r"^\p{L}[\p{L}\p{M}'’.-]*(?:\s+\p{L}[\p{L}\p{M}'’.-]*)+$"
"""Two words or more, letters only."""

GRADE: Final = pl.col("KhoiHoc").cast(pl.Int32, strict=False)
citizen: Final = pl.col("MaCongDan")
twelve_digits: Final = citizen.str.contains(r"^[0-9]{12}$")
century_and_gender: Final = citizen.str.slice(3, 1).cast(pl.Int32, strict=False)
CLASS: Final = Lookup(
    "LopHoc", "MaLopHocCn", "MaLopHoc", columns={"KhoiHoc": "_Lop_KhoiHoc", "LopGhep": "_Lop_LopGhep"}
)


RULES: Final = [
    block(
        "HS-206",
        "HocSinh",
        "HoTen",
        "Họ tên không hợp lệ (thiếu họ, có số hoặc là dòng tiêu đề). Kiểm tra dòng này.",
        "Name is not valid (one word, digits, or a title row). Check the row.",
        ~pl.col("HoTen").str.strip_chars().str.contains(NAME),
        needs="HoTen",
        condition="2 words or more, letters only",
    ),
    block(
        "HS-307",
        "HocSinh",
        "MaLyDoThoiHoc NoiChuyenDi ChuyenDiDenTinh ChuyenDenTuTinh",
        "Có thông tin chuyển hoặc thôi học nhưng trạng thái không phải vậy. "
        "Sửa trạng thái hoặc xóa thông tin.",
        "Transfer or leaving data without that status. Fix the status or clear the data.",
        (given("MaLyDoThoiHoc") & ~among("TrangThai", LEFT))
        | ((given("NoiChuyenDi") | given("ChuyenDiDenTinh")) & ~among("TrangThai", MOVED_OUT))
        | (given("ChuyenDenTuTinh") & ~among("TrangThai", MOVED_IN)),
        condition="empty when the status does not call for it",
    ),
    block(
        "HS-308",
        "HocSinh",
        "NoiChuyenDi ChuyenDiDenTinh",
        "Nơi chuyển đi không khớp tỉnh đến (01 trong tỉnh, 02 ngoài tỉnh, 03 nước ngoài). Sửa lại.",
        "Destination kind and province disagree (01 inside, 02 outside, 03 abroad). Fix it.",
        ((pl.col("NoiChuyenDi") == "01") & (pl.col("ChuyenDiDenTinh") != pl.col(PROVINCE)))
        | ((pl.col("NoiChuyenDi") == "02") & (pl.col("ChuyenDiDenTinh") == pl.col(PROVINCE)))
        | ((pl.col("NoiChuyenDi") == "03") & given("ChuyenDiDenTinh")),
        needs="NoiChuyenDi",
        condition="01 with this province as ChuyenDiDenTinh; 02 with another; 03 with none",
    ),
    block(
        "HS-311",
        "HocSinh",
        "NgayTrangThai",
        "Ngày trạng thái nằm ngoài năm học. Kiểm tra ngày hoặc năm học.",
        "Status date is outside the school year. Check the date or the year.",
        (pl.col("NgayTrangThai") > year_start(8, 31, years_later=1))
        | ((pl.col("NgayTrangThai") < year_start(6, 1)) & (pl.col("TrangThai") != "01")),
        needs="NgayTrangThai",
        condition="01/06/NamHoc .. 31/08/NamHoc+1; an earlier entry date is allowed with status 01",
    ),
    block(
        "HS-313",
        "HocSinh",
        "NgaySinh NgayTrangThai",
        "Ngày trạng thái trước ngày sinh. Sửa lại.",
        "Status date is before birth. Fix it.",
        pl.col("NgayTrangThai") <= pl.col("NgaySinh"),
        needs="NgaySinh NgayTrangThai",
        condition="NgayTrangThai > NgaySinh",
    ),
    block(
        "HS-315",
        "HocSinh",
        "NgaySinh KhoiHoc",
        "Ngày sinh sai rõ ràng so với khối. Sửa ngày sinh.",
        "Birth date is clearly wrong for the grade. Fix it.",
        among("KhoiHoc", GENERAL) & ~age("NgaySinh").is_between(5, 25),
        needs="NgaySinh KhoiHoc",
        condition="5 to 25 years old in grades 01 to 12",
    ),
    warn(
        "HS-207",
        "HocSinh",
        "HoTen",
        "Họ tên viết toàn chữ hoa hoặc chữ thường. Nên sửa tại nguồn.",
        "Name is all upper or lower case. Better fix it at the source.",
        (pl.col("HoTen").str.to_uppercase() == pl.col("HoTen"))
        | (pl.col("HoTen").str.to_lowercase() == pl.col("HoTen")),
        needs="HoTen",
        condition="not all capitals and not all lower case",
    ),
    warn(
        "HS-305",
        "HocSinh",
        "BanTru NoiTru",
        "Không thể vừa bán trú vừa nội trú. Chọn một.",
        "A pupil cannot be semi-boarding and boarding. Choose one.",
        pl.col("BanTru") & pl.col("NoiTru"),
        needs="BanTru NoiTru",
        condition="not both",
    ),
    warn(
        "HS-314",
        "HocSinh",
        "NgaySinh KhoiHoc",
        "Tuổi không phù hợp khối. Kiểm tra ngày sinh; nếu đúng, ghi lý do.",
        "Age does not fit the grade. Check the birth date; if right, give the reason.",
        among("KhoiHoc", GENERAL) & ~age("NgaySinh").is_between(GRADE + 4, GRADE + 8),
        needs="NgaySinh KhoiHoc",
        condition="age between grade + 4 and grade + 8 in grades 01 to 12",
    ),
    warn(
        "HS-316",
        "HocSinh",
        "NgaySinh KhoiHoc",
        "Tuổi trẻ không phù hợp nhóm trẻ hoặc mẫu giáo. Kiểm tra ngày sinh.",
        "Child's age does not fit nursery or kindergarten. Check the birth date.",
        ((pl.col("KhoiHoc") == "16") & ~age("NgaySinh").is_between(0, 4))
        | ((pl.col("KhoiHoc") == "17") & ~age("NgaySinh").is_between(2, 7)),
        needs="NgaySinh KhoiHoc",
        condition="0 to 4 years in nursery (16), 2 to 7 in kindergarten (17)",
    ),
    warn(
        "HS-318",
        "HocSinh",
        "MaCongDan GioiTinh",
        "Số định danh không khớp giới tính. Kiểm tra cả hai.",
        "Citizen number does not fit the gender. Check both.",
        twelve_digits & (((century_and_gender % 2) == 0) != (pl.col("GioiTinh") == "01")),
        needs="MaCongDan GioiTinh",
        condition="4th digit even for male, odd for female",
    ),
    warn(
        "HS-319",
        "HocSinh",
        "MaCongDan NgaySinh",
        "Số định danh không khớp năm sinh. Kiểm tra cả hai.",
        "Citizen number does not fit the birth year. Check both.",
        twelve_digits
        & (
            (century_and_gender // 2 != pl.col("NgaySinh").dt.year() // 100 - 19)
            | (citizen.str.slice(4, 2).cast(pl.Int32, strict=False) != pl.col("NgaySinh").dt.year() % 100)
        ),
        needs="MaCongDan NgaySinh",
        condition="4th digit 0, 1 with 19xx and 2, 3 with 20xx; digits 5-6 are the birth year",
    ),
    warn(
        "HS-320",
        "HocSinh",
        "MaCongDan SoCmnd",
        "Hai số định danh khác nhau. Sửa cho khớp.",
        "Two identity numbers differ. Make them agree.",
        twelve_digits & pl.col("SoCmnd").str.contains(r"^[0-9]{12}$") & (citizen != pl.col("SoCmnd")),
        needs="MaCongDan SoCmnd",
        condition="equal when both have 12 digits",
    ),
    *places_belong_together("HS-191", "HocSinh", "MaTthanhThtru", "MaQhuyenThtru", "MaPxaThtru"),
    *places_belong_together("HS-191", "HocSinh", "MaTthanhTmtru", "MaQhuyenTmtru", "MaPxaTmtru"),
    block(
        "HS-501",
        "HocSinh",
        "ClientId",
        "Trùng ClientId của học sinh. Mỗi học sinh một ClientId.",
        "ClientId is repeated. One per pupil.",
        pl.len().over("dataset_id", "ClientId") > 1,
        tier=2,
        condition="unique in the dataset",
    ),
    block(
        "HS-503",
        "HocSinh",
        "KhoiHoc MaLopHocCn",
        "Khối của học sinh khác khối của lớp. Sửa một trong hai.",
        "Pupil's grade differs from the class grade. Fix one.",
        (pl.col("KhoiHoc") != pl.col("_Lop_KhoiHoc")) & ~pl.col("_Lop_LopGhep").fill_null(False),
        needs="KhoiHoc MaLopHocCn",
        lookups=(CLASS,),
        tier=2,
        condition="KhoiHoc = LopHoc.KhoiHoc of MaLopHocCn, unless the class is multi-grade",
    ),
    warn(
        "HS-505",
        "HocSinh",
        "MaLopHocDn MaLopHocCn",
        "Đầu năm hai lớp phải giống nhau. Sửa lại.",
        "At start of year both classes must be equal. Fix it.",
        (pl.col(PERIOD) == "start") & (pl.col("MaLopHocDn") != pl.col("MaLopHocCn")),
        needs="MaLopHocDn MaLopHocCn",
        tier=2,
        condition="equal in a start-of-year push",
    ),
    warn(
        "HS-509",
        "HocSinh",
        "HoTen NgaySinh HoTenMe",
        "Có thể trùng học sinh trong trường (cùng tên, ngày sinh, mẹ). Xác nhận hoặc xóa bản trùng.",
        "Possible duplicate in the school (same name, birth date, mother). Confirm or remove one.",
        (pl.len().over("dataset_id", "HoTen", "NgaySinh", "HoTenMe") > 1) & given("HoTenMe"),
        needs="HoTen NgaySinh HoTenMe",
        tier=2,
        condition="no other pupil of the school with the same name, birth date and mother",
    ),
]
