"""Staff of a school: a head, one or two deputies, teachers for its subjects, employees."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from random import Random
from typing import Final

import polars as pl

from producers.synthetic import shape
from producers.synthetic.names import SURNAMES, Draw, joined
from producers.synthetic.province import SchoolPlan
from producers.synthetic.shape import LEVELS


@dataclass(frozen=True)
class Profession:
    """Teachers of a level: CAP_HOC, rank (NGACH_CC), first and further salary coefficient, their subjects.

    ``subjects`` are (MON_DAY_GV, CHUYEN_MON) in the order of need.
    """

    level: str
    rank: str
    salary: tuple[float, float]
    subjects: tuple[tuple[str, str], ...]


_SECONDARY: Final = (
    ("22", "140209"), ("20", "140217"), ("07", "140231"), ("23", "140211"), ("21", "140213"),
    ("08", "140206"), ("06", "140219"), ("18", "140218"), ("17", "140212"), ("10", "140210"),
    ("16", "140204"), ("24", "140246"), ("22", "140209"), ("20", "140217"), ("05", "140221"),
    ("19", "140222"), ("07", "140231"),
)  # fmt: skip
PROFESSIONS: Final = {
    "01": Profession("01", "02", (2.10, 0.31), (("01", "140201"), ("01", "140201"), ("02", "140201"))),
    "02": Profession(
        "02",
        "05",
        (2.10, 0.31),
        (
            *[("09", "140202")] * 8,
            ("07", "140231"),
            ("08", "140206"),
            ("05", "140221"),
            ("19", "140222"),
            ("10", "140210"),
        ),
    ),
    "03": Profession("03", "09", (2.10, 0.31), _SECONDARY),
    "04": Profession("04", "12", (2.34, 0.33), (*_SECONDARY[:14], ("25", "140208"), ("07", "140231"))),
    "05": Profession("05", "12", (2.34, 0.33), _SECONDARY[:13]),
}
#: Levels (CAP_HOC) of a level group (NHOM_CAP_HOC).
LEVELS_OF_GROUP: Final = {
    "01": ("01",), "02": ("01",), "06": ("02",), "07": ("03",), "08": ("04",), "09": ("02", "03"),
    "10": ("03", "04"), "11": ("02", "03", "04"), "13": ("05",), "17": ("02", "03", "04", "01"),
}  # fmt: skip
#: Employees: LOAI_CAN_BO position, NGACH_CC rank, specialism is "other".
EMPLOYEES: Final = (("15", "16"), ("11", "36"), ("16", "22"), ("09", "33"), ("17", "25"), ("12", "66"))
COOKS: Final = (("15", "16"), ("20", "66"), ("20", "66"), ("11", "36"), ("17", "25"))


@dataclass
class Faculty:
    """Who may be named as a teacher: staff codes (MaCanBo) of teachers, all and by subject (MON_DAY_GV)."""

    teachers: list[str] = field(default_factory=list)
    by_subject: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def homeroom(self, i: int) -> str:
        """Homeroom teacher of the i-th class; nobody has two while there are enough teachers."""
        return self.teachers[i % len(self.teachers)]

    def of_subject(self, subject: str, i: int) -> str:
        """A teacher of the subject for the i-th class, or the homeroom teacher if the school has none."""
        group = self.by_subject.get(subject) or self.teachers
        return group[i % len(group)]


@dataclass(frozen=True)
class _Post:
    """A post before a person has it. ``group`` NHOM_CAN_BO, ``position`` LOAI_CAN_BO or ""."""

    group: str
    position: str
    profession: Profession
    subject: str
    specialism: str
    rank: str


def staff_code(school: SchoolPlan, i: int) -> str:
    """MaCanBo: ten digits, unique in the province."""
    return f"19{school.index:04}{i + 1:04}"


def make(school: SchoolPlan, rng: Random, year: int) -> tuple[pl.DataFrame, Faculty]:
    """CanBo records in the ministry's codes, and who can teach."""
    posts = _posts(school)
    faculty = Faculty()
    for i, post in enumerate(posts):
        if post.group == "03":
            faculty.teachers.append(staff_code(school, i))
            faculty.by_subject[post.subject].append(staff_code(school, i))
    return _frame(school, posts, rng, year), faculty


def _posts(school: SchoolPlan) -> list[_Post]:
    n = school.staff
    professions = [PROFESSIONS[c] for c in LEVELS_OF_GROUP[LEVELS[school.level].group]]
    deputies = 1 if n < 25 else 2
    employees = min(max(2, round(n * 0.12)), n - 1 - deputies - school.classes)
    teachers = n - 1 - deputies - employees
    centre = school.level == "gdtx"
    main = professions[-1] if len(professions) < 4 else professions[1]
    head = ["05" if centre else "01"] + ["06" if centre else "02"] * deputies
    posts = [_Post("01", position, main, "", main.subjects[0][1], main.rank) for position in head]
    for i in range(teachers):
        profession = professions[i % len(professions)]
        subject, specialism = profession.subjects[i // len(professions) % len(profession.subjects)]
        position = "03" if i % 12 == 0 else "04" if i % 12 == 6 else ""
        posts.append(_Post("03", position, profession, subject, specialism, profession.rank))
    kinds = COOKS if school.level in ("preschool", "kindergarten_only") else EMPLOYEES
    for i in range(employees):
        position, rank = kinds[i % len(kinds)]
        posts.append(_Post("02", position, main, "", "000000", rank))
    return posts


def _frame(school: SchoolPlan, posts: list[_Post], rng: Random, year: int) -> pl.DataFrame:
    n = len(posts)
    draw = Draw(rng, n)
    district = shape.districts()[school.district]
    women = 0.98 if school.level in ("preschool", "kindergarten_only") else 0.7
    gender = draw.of(["02", "01"], [women, 1 - women])
    codes, shares = zip(*district.ethnic_groups, strict=True)
    family = draw.of([s for s, _ in SURNAMES], [float(w) for _, w in SURNAMES])
    middle, given = draw.given_names(gender)
    birth_year = year - draw.between(24, 57)
    step = ((year - birth_year - 21) // 4).clip(1, 9)
    table = pl.DataFrame(
        {
            "ClientId": [f"{school.index + 1:04}C{i + 1:04}" for i in range(n)],
            "TenCanBo": joined(family, middle, given),
            "LoaiCanBo": [p.group for p in posts],
            "ChucVu": [p.position or None for p in posts],
            "MaCanBo": [staff_code(school, i) for i in range(n)],
            "GioiTinh": gender,
            "NgaySinh": draw.birth_date(birth_year),
            "step": step,
            "base": [p.profession.salary[0] if p.group != "02" else 1.86 for p in posts],
            "raise": [p.profession.salary[1] if p.group != "02" else 0.20 for p in posts],
            "teaches": [p.subject or None for p in posts],
            "MaNgach": [p.rank for p in posts],
            "CapHoc": [p.profession.level for p in posts],
            "ChuyenNganhDaoTaoChinh": [p.specialism for p in posts],
            "above": draw.yes(0.25),
            "MaDanToc": draw.of(list(codes), list(shares)),
            "DangVien": draw.yes(0.5),
            "rating": draw.of(["01", "02", "03"], [0.45, 0.45, 0.10]),
            "permanent": draw.yes(0.9),
            "number": pl.int_range(n, eager=True),
            "SoDienThoaiDiDong": draw.phone(),
            "TenTthonThtru": draw.hamlet(),
            "TinhTrangHonNhan": draw.of(["03", "04"], [0.15, 0.85]),
            "DanhGiaVienChuc": draw.of(["01", "02", "03"], [0.3, 0.55, 0.15]),
            "TrinhDoTinHoc": draw.of(["01", "02", "03"], [0.7, 0.2, 0.1]),
        }
    )
    return table.with_columns(*_derived(school, year)).drop(
        "step", "base", "raise", "teaches", "above", "rating", "permanent", "number"
    )


def _derived(school: SchoolPlan, year: int) -> list[pl.Expr]:
    """What follows from a person's post, age and gender."""
    district = shape.districts()[school.district]
    born, employee, head = (
        pl.col("NgaySinh").dt.year(),
        pl.col("LoaiCanBo") == "02",
        pl.col("LoaiCanBo") == "01",
    )
    hired = pl.date(born + 23, 9, 1)
    coefficient = (pl.col("base") + pl.col("raise") * (pl.col("step") - 1)).round(2)
    step = pl.col("step").cast(pl.String).str.zfill(2)
    qualification = (
        pl.when(employee).then(pl.lit("05")).when("above").then(pl.lit("02")).otherwise(pl.lit("03"))
    )
    century = pl.when(pl.col("GioiTinh") == "01").then(pl.lit("0")).otherwise(pl.lit("1"))
    commune, commune_name = school.commune
    salary = pl.struct(
        NgayThangNam=pl.date(year - 1, 1, 1),
        MaNgach=pl.col("MaNgach"),
        MaBacLuong=step,
        HeSoLuong=coefficient,
        PhanTramVuotKhung=pl.lit(0.0),
    )
    return [
        born.cast(pl.Int64).alias("NamSinh"),
        pl.when("permanent").then(pl.lit("07")).otherwise(pl.lit("03")).alias("LoaiHopDong"),
        step.alias("BacLuong"),
        coefficient.alias("HeSo"),
        pl.date(year - 1, 1, 1).alias("NgayHuong"),
        pl.when(head).then(35).otherwise(0).cast(pl.Int64).alias("MucPhuCapLanhDao"),
        pl.when(employee).then(0).otherwise(35).cast(pl.Int64).alias("MucPhuCapUuDai"),
        (pl.col("step") * 2).clip(5, 30).cast(pl.Int64).alias("MucPhuCapThamNien"),
        qualification.alias("TrinhDoChuyenMonNvCaoNhat"),
        qualification.alias("TrinhDoDaoTao"),
        pl.when(~employee)
        .then(pl.when("above").then(pl.lit("08")).otherwise(pl.lit("07")))
        .alias("TrinhDoDaoTaoCnChinh"),
        pl.when(~employee & ~head)
        .then(pl.when("above").then(pl.lit("02")).otherwise(pl.lit("01")))
        .alias("TrinhDoGvien"),
        pl.col("teaches").alias("MonDayChinh"),
        pl.col("teaches").alias("MaMonHoc"),
        pl.when(pl.col("teaches").is_in(["01", "02"])).then("teaches").alias("DayNhomLop"),
        pl.when(pl.col("teaches") == "07").then(pl.lit("01")).alias("MonNgoaiNguChinh"),
        pl.when(pl.col("teaches").is_not_null()).then(18).cast(pl.Int64).alias("SoTietThucDay1tuan"),
        pl.col("rating").alias("DanhGiaKqChuanNgheNghiep"),
        pl.col("rating").alias("TuDanhGiaKqChuanNgheNghiep"),
        pl.lit("01").alias("TrangThai"),
        pl.lit("01").alias("HinhThucDaoTao"),
        pl.concat_str(
            pl.lit("098"),
            century,
            (born % 100).cast(pl.String).str.zfill(2),
            pl.lit(f"{school.index:03}"),
            (pl.col("number") + 1).cast(pl.String).str.zfill(3),
        ).alias("SoCmnd"),
        pl.date(year - 3, 5, 20).alias("NgayCapCmnd"),
        pl.lit("Cục Cảnh sát QLHC về TTXH").alias("NoiCapCmnd"),
        hired.alias("NgayTuyenDung"),
        hired.alias("NgayVaoNghe"),
        pl.date(born + 24, 9, 1).alias("NgayVaoBienChe"),
        pl.lit(f"UBND {district.name}" if not school.direct else "Sở Giáo dục và Đào tạo").alias(
            "CoQuanTuyenDung"
        ),
        pl.when("DangVien").then(pl.date(born + 24, 5, 19)).alias("NgayVaoDang"),
        pl.lit("99").alias("MaTonGiao"),
        pl.format("cb{}@example.test", pl.col("ClientId")).alias("Email"),
        pl.format("{}, {}", pl.col("TenTthonThtru"), pl.lit(commune_name)).alias("DchiThtru"),
        pl.lit(commune).alias("MaPxaThtru"),
        pl.lit(school.district).alias("MaQhuyenThtru"),
        pl.lit(shape.department()).alias("MaTthanhThtru"),
        pl.lit(f"{district.name}, {shape.name()}").alias("QueQuan"),
        pl.lit(True).alias("ThamGiaBoiDuongThuongXuyen"),
        pl.lit(False).alias("IsTuyenMoi"),
        pl.lit(False).alias("ChuyenTrachDoi"),
        (born + 23).cast(pl.Int64).alias("NamVaoTruong"),
        pl.lit(date(year, 8, 1)).alias("NgayTrangThai"),
        pl.concat_list(salary).alias("LstQuaTrinhLuong"),
        pl.when(head)
        .then(pl.lit(["01"]))
        .otherwise(pl.lit([], dtype=pl.List(pl.String)))
        .alias("LstNhiemVuKiemNhiem"),
    ]
