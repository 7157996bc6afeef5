"""Rules about classes and their subjects that the contract cannot say."""

from typing import Final

import polars as pl

from schemas.rules.expressions import among, given
from schemas.rules.rule import INDEX, PERIOD, Lookup, block, warn

PRESCHOOL: Final = ["16", "17"]
PRIMARY: Final = ["01", "02", "03", "04", "05", "24", "25", "26", "27", "28"]
UPPER_SECONDARY: Final = ["10", "11", "12"]
NURSERY_GROUPS: Final = ["01", "02", "03"]
KINDERGARTEN_GROUPS: Final = ["04", "05", "06"]

RULES: Final = [
    block(
        "LH-402",
        "LopHoc",
        "MaNhomTuoiMn KhoiHoc",
        "Nhóm tuổi không khớp nhóm trẻ hoặc mẫu giáo. Chọn lại.",
        "Age group does not fit nursery or kindergarten. Choose again.",
        given("MaNhomTuoiMn")
        & ~((pl.col("KhoiHoc") == "16") & among("MaNhomTuoiMn", NURSERY_GROUPS))
        & ~((pl.col("KhoiHoc") == "17") & among("MaNhomTuoiMn", KINDERGARTEN_GROUPS)),
        needs="MaNhomTuoiMn KhoiHoc",
        condition="01, 02, 03 only with KhoiHoc 16; 04, 05, 06 only with 17; empty for other grades",
    ),
    block(
        "LH-403",
        "LopHoc",
        "LopGhepDoTuoi KhoiHoc",
        "Chỉ lớp mầm non mới ghép độ tuổi. Đặt 0.",
        "Only preschool classes mix ages. Set 0.",
        given("LopGhepDoTuoi") & (pl.col("LopGhepDoTuoi") != "0") & ~among("KhoiHoc", PRESCHOOL),
        needs="LopGhepDoTuoi KhoiHoc",
        condition="0 unless KhoiHoc is 16 or 17",
    ),
    block(
        "LH-405",
        "LopHoc",
        "LopChuyen KhoiHoc",
        "Lớp chuyên chỉ có ở THPT. Đặt 0 hoặc sửa khối.",
        "Specialised classes exist in upper secondary only. Set 0 or fix the grade.",
        pl.col("LopChuyen") & ~among("KhoiHoc", UPPER_SECONDARY),
        needs="LopChuyen KhoiHoc",
        condition="1 only for KhoiHoc 10 to 12",
    ),
    warn(
        "LH-404",
        "LopHoc",
        "LopGhep KhoiHoc",
        "Lớp ghép thường chỉ có ở tiểu học. Kiểm tra lại.",
        "Multi-grade classes usually exist in primary only. Check it.",
        pl.col("LopGhep") & ~among("KhoiHoc", PRIMARY),
        needs="LopGhep KhoiHoc",
        condition="1 only for primary grades",
    ),
    warn(
        "LH-408",
        "LopHoc",
        "MaNn1 MaNn2",
        "Ngoại ngữ 2 phải khác và đi cùng ngoại ngữ 1. Sửa lại.",
        "The second language must differ from the first and come with it. Fix it.",
        given("MaNn2") & (~given("MaNn1") | (pl.col("MaNn1") == pl.col("MaNn2"))),
        needs="MaNn2",
        condition="MaNn2 only with MaNn1, and different",
    ),
    block(
        "LH-501",
        "LopHoc",
        "MaLopHoc",
        "Trùng mã lớp trong năm học. Đổi mã hoặc gộp.",
        "Class code is used twice in the year. Change the code or merge.",
        (pl.len().over("dataset_id", "MaLopHoc") > 1) & given("MaLopHoc"),
        needs="MaLopHoc",
        tier=2,
        condition="unique in school and year",
    ),
    block(
        "LH-502",
        "LopHoc",
        "ClientId",
        "Trùng ClientId của lớp. Mỗi lớp một ClientId.",
        "ClientId is repeated. One per class.",
        pl.len().over("dataset_id", "ClientId") > 1,
        tier=2,
        condition="unique in the dataset",
    ),
    warn(
        "LH-505",
        "LopHoc",
        "MaLopHoc",
        "Lớp không có học sinh. Xếp học sinh hoặc xóa lớp.",
        "The class has no pupil. Assign pupils or delete it.",
        (pl.col(PERIOD) == "start") & ~pl.col("_has_pupil"),
        needs="MaLopHoc",
        lookups=(Lookup("HocSinh", "MaLopHoc", "MaLopHocCn", exists="_has_pupil"),),
        tier=2,
        condition="at least one pupil is in the class at the start of the year",
    ),
    block(
        "LM-501",
        "LopMon",
        "MaMonHoc",
        "Trùng môn học trong lớp. Xóa bản ghi thừa.",
        "The subject stands twice in the class. Delete one.",
        pl.len().over(INDEX, "MaMonHoc") > 1,
        path=("DsMonHoc",),
        needs="MaMonHoc",
        tier=2,
        condition="unique in the class",
    ),
]
