"""Classes of a school: which grades it opens, how many pupils sit in each, who teaches what."""

from dataclasses import dataclass
from random import Random
from typing import Any, Final

import polars as pl

from producers.synthetic import shape
from producers.synthetic.province import SchoolPlan
from producers.synthetic.shape import LEVELS
from producers.synthetic.staff import Faculty

PRESCHOOL: Final = ("16", "17")
AGE_GROUP_NAMES: Final = {
    "02": "NT 13-24 tháng",
    "03": "NT 25-36 tháng",
    "04": "MG 3-4 tuổi",
    "05": "MG 4-5 tuổi",
    "06": "MG 5-6 tuổi",
}


@dataclass(frozen=True)
class ClassPlan:
    """A class: its vendor's id, name, grade (KHOI), age group (NHOM_TUOI_MN or "") and number of pupils."""

    client_id: str
    name: str
    grade: str
    age_group: str
    pupils: int


def plan(school: SchoolPlan, rng: Random) -> list[ClassPlan]:
    """The school's classes, from its first grade up, and its pupils spread over them."""
    offered = LEVELS[school.level].grades[: school.classes]
    each, more = divmod(school.classes, len(offered))
    slots = [(g, i + 1) for n, g in enumerate(offered) for i in range(each + (n < more))]
    weights = [(0.75 if g == "16" else 1.0) * rng.uniform(0.9, 1.1) for (g, _), _ in slots]
    sizes = _shares(school.pupils, weights)
    return [
        ClassPlan(f"{school.index + 1:04}L{i + 1:03}", _name(grade, group, k), grade, group, size)
        for i, (((grade, group), k), size) in enumerate(zip(slots, sizes, strict=True))
    ]


def frame(school: SchoolPlan, classes: list[ClassPlan], faculty: Faculty) -> pl.DataFrame:
    """LopHoc records in the ministry's codes; no MaLopHoc, which the province issues."""
    rows = [_record(school, c, i, faculty) for i, c in enumerate(classes)]
    return pl.DataFrame(rows, infer_schema_length=None)


def stage(grade: str) -> str:
    """primary, lower_secondary, upper_secondary or gdtx; "" for preschool."""
    number = int(grade)
    if grade in PRESCHOOL:
        return ""
    if number >= 13:
        return "gdtx"
    return "primary" if number <= 5 else "lower_secondary" if number <= 9 else "upper_secondary"


def year_of_study(grade: str) -> int:
    """1 to 12; continuing-education grades 13 to 15 are years 10 to 12."""
    return int(grade) - 3 if int(grade) >= 13 else int(grade)


def _name(grade: str, group: str, k: int) -> str:
    if grade in PRESCHOOL:
        return f"{AGE_GROUP_NAMES[group]} A{k}"
    return f"{year_of_study(grade)}A{k}"


def _shares(total: int, weights: list[float]) -> list[int]:
    """Whole numbers of at least 1, in proportion to weights, that add up to ``total``."""
    scale = total / sum(weights)
    sizes = [max(1, int(w * scale)) for w in weights]
    for i in range(abs(total - sum(sizes))):
        sizes[i % len(sizes)] += 1 if sum(sizes) < total else -1
    return sizes


def _record(school: SchoolPlan, c: ClassPlan, i: int, faculty: Faculty) -> dict[str, Any]:
    preschool = c.grade in PRESCHOOL
    language = not preschool and stage(c.grade) != "gdtx" and year_of_study(c.grade) >= 3
    full_day = preschool or stage(c.grade) == "primary"
    homeroom = faculty.homeroom(i)
    return {
        "ClientId": c.client_id,
        "TenLopHoc": c.name,
        "KhoiHoc": c.grade,
        "MaGvcnDn": homeroom,
        "MaGvcnCn": homeroom,
        "PhanBan": "03" if stage(c.grade) == "upper_secondary" else None,
        "LopGhep": False,
        "LopChuyen": False,
        "BuoiHoc": "4" if full_day else "1",
        "MaNn1": "01" if language else None,
        "LopVnen": False,
        "LopBanTru": preschool,
        "SoBuoiTrenTuan": "06" if full_day else "02",
        "LopGhepDoTuoi": "0",
        "DsMonHoc": _subjects(c, i, homeroom, faculty),
        "MaNhomTuoiMn": c.age_group or None,
        "ThuTu": i + 1,
        "IsCtCsgd": preschool or None,
        "IsCtgdmnMoi": preschool or None,
        "IsDaiDienChaMeLop": True,
        "IsDaiDienChaMeTruong": i == 0,
        "MaHocBanTru": "02" if preschool else None,
        "IsLopChuyenBiet": school.level == "preschool_to_upper_secondary",
        "IsLopGdtx": True if stage(c.grade) == "gdtx" else None,
        "MaSoTietNgoaiNgu1": ("03" if stage(c.grade) == "primary" else "02") if language else None,
        "MaChuongTrinhHocNn1": ("02" if school.index % 3 else "01") if language else None,
    }


def _subjects(c: ClassPlan, i: int, homeroom: str, faculty: Faculty) -> list[dict[str, Any]]:
    year = year_of_study(c.grade)
    taught = []
    for subject in shape.subjects().get(stage(c.grade), ()):
        if not subject.first_year <= year <= subject.last_year:
            continue
        teacher = faculty.of_subject(subject.taught_by, i) if subject.taught_by else homeroom
        taught.append(
            {
                "MaMonHoc": subject.code,
                "MaGiaoVien": teacher,
                "MonChuyen": False,
                "SoTietHk1": subject.periods * 18,
                "SoTietHk2": subject.periods * 17,
                "LoaiDanhGia": subject.assessed,
                "HsDiemHk1": 1,
                "HsDiemHk2": 1,
                "MonVnen": False,
                "DsGiaoVien": [{"HocKy": "1", "MaGiaoVien": teacher}, {"HocKy": "2", "MaGiaoVien": teacher}],
            }
        )
    return taught
