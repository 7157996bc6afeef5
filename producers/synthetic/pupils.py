"""Pupils of a school's classes: ages that fit grades, families, addresses, what the school knows of them."""

from random import Random
from typing import Final

import polars as pl

from producers.synthetic import shape
from producers.synthetic.classes import PRESCHOOL, ClassPlan, year_of_study
from producers.synthetic.names import JOBS, Draw, joined
from producers.synthetic.province import SchoolPlan

#: Age in the calendar year of the school year's start, by preschool age group.
AGE_OF_GROUP: Final = {"02": 1, "03": 2, "04": 3, "05": 4, "06": 5}
FIRST_GRADES: Final = ("01", "06", "10", "13", "16", "17")
PRESENT, MOVED_IN, MOVED_OUT, LEFT = "01", "02", "04", "05"


def age(grade: str, age_group: str) -> int:
    """The age at which pupils are expected in a grade."""
    return AGE_OF_GROUP[age_group] if grade in PRESCHOOL else year_of_study(grade) + 5


def make(school: SchoolPlan, classes: list[ClassPlan], rng: Random, year: int) -> pl.DataFrame:
    """HocSinh records in the ministry's codes, in class order.

    No MaHocSinh (the ministry issues it). MaLopHocDn and MaLopHocCn hold the class's ClientId.
    """
    n = sum(c.pupils for c in classes)
    draw = Draw(rng, n)
    base = _who(school, classes, draw, year)
    return (
        base.with_columns(*_family(draw, base), *_home(school, draw), *_state(school, draw))
        .with_columns(*_derived(school, year))
        .drop(
            "late",
            "citizen",
            "boarder",
            "poverty",
            "move",
            "mother_years",
            "father_years",
            "by_father",
            "number",
            "roll",
        )
    )


def _each(classes: list[ClassPlan], values: list[str]) -> pl.Series:
    """One value a class, repeated for its pupils."""
    return pl.Series(
        [v for c, v in zip(classes, values, strict=True) for _ in range(c.pupils)], dtype=pl.String
    )


def _who(school: SchoolPlan, classes: list[ClassPlan], draw: Draw, year: int) -> pl.DataFrame:
    """Identity: ids, names, gender, birth, ethnic group, class."""
    adult = any(c.grade == "13" for c in classes)
    ages = pl.Series([age(c.grade, c.age_group) for c in classes for _ in range(c.pupils)], dtype=pl.Int64)
    late = draw.yes(0.5) if adult else draw.yes(0.03)
    older = late.cast(pl.Int64) * (draw.between(1, 6) if adult else 1)
    grade = _each(classes, [c.grade for c in classes])
    older = older.zip_with(~grade.is_in(PRESCHOOL), pl.Series([0], dtype=pl.Int64).new_from_index(0, draw.n))
    gender = draw.of(["01", "02"], [0.515, 0.485])
    codes, shares = zip(*shape.districts()[school.district].ethnic_groups, strict=True)
    if school.code[5] == "E":  # an ethnic boarding school takes minority pupils
        shares = tuple(s * (0.05 if c == "01" else 1) for c, s in zip(codes, shares, strict=True))
    group = draw.of(list(codes), list(shares))
    family = draw.family_name(group)
    middle, given = draw.given_names(gender)
    separator = "HS" if school.vendor == "smas" else "0"
    return pl.DataFrame(
        {
            "ClientId": [f"{school.index + 1:04}{separator}{i + 1:05}" for i in range(draw.n)],
            "HoTen": joined(family, middle, given),
            "TenHocSinh": given,
            "GioiTinh": gender,
            "NgaySinh": draw.birth_date(year - ages - older),
            "MaDanToc": group,
            "KhoiHoc": grade,
            "MaLopHocDn": _each(classes, [c.client_id for c in classes]),
            "MaLopHocCn": _each(classes, [c.client_id for c in classes]),
            "ThuTu": pl.Series([i + 1 for c in classes for i in range(c.pupils)], dtype=pl.Int64),
            "number": pl.int_range(school.first_pupil, school.first_pupil + draw.n, eager=True),
            "roll": pl.int_range(1, draw.n + 1, eager=True),
            "late": late,
        }
    )


def _family(draw: Draw, base: pl.DataFrame) -> list[pl.Series]:
    fathers = base["HoTen"].str.split(" ").list.first()
    return [
        draw.adult(fathers, "01").alias("HoTenBo"),
        draw.adult(draw.family_name(base["MaDanToc"]), "02").alias("HoTenMe"),
        draw.between(19, 38).alias("mother_years"),
        draw.between(21, 44).alias("father_years"),
        draw.of(JOBS).alias("NgheNghiepBo"),
        draw.of(JOBS).alias("NgheNghiepMe"),
        draw.phone().alias("SoDienThoaiBo"),
        draw.phone().alias("SoDienThoaiMe"),
        draw.yes(0.12).alias("by_father"),
        draw.of(["1", "2", "3"], [0.6, 0.25, 0.15]).alias("TphanGdinh"),
    ]


def _home(school: SchoolPlan, draw: Draw) -> list[pl.Series]:
    communes = shape.districts()[school.district].communes
    own = (6 if school.direct else 60) * len(communes) // 10
    codes = draw.of([c for c, _ in communes] + [school.commune[0]] * own)
    hamlet = draw.hamlet()
    place = joined(hamlet + ",", codes.replace_strict(dict(communes), return_dtype=pl.String))
    return [
        hamlet.alias("TenTthonThtru"),
        hamlet.alias("TenTthonTmtru"),
        place.alias("DchiThtru"),
        place.alias("DchiTmtru"),
        codes.alias("MaPxaThtru"),
        codes.alias("MaPxaTmtru"),
    ]


def _state(school: SchoolPlan, draw: Draw) -> list[pl.Series]:
    remote = shape.districts()[school.district].area_kind == "04"
    # A pupil list has no column for movements: its software reports pupils present.
    moving = [0.988, 0.006, 0.004, 0.002] if school.vendor == "smas" else [1.0, 0.0, 0.0, 0.0]
    special = school.level == "preschool_to_upper_secondary"
    return [
        draw.of([PRESENT, MOVED_IN, MOVED_OUT, LEFT], moving).alias("TrangThai"),
        draw.between(0, 24).alias("move"),
        draw.yes(1.0 if special else 0.006).alias("KhuyetTat"),
        draw.of(["01", "02", "03", "05", "06"], [0.2, 0.2, 0.1, 0.35, 0.15]).alias("MaLoaiKhuyetTat"),
        draw.of(["poor", "near", ""], [0.10, 0.07, 0.83] if remote else [0.03, 0.03, 0.94]).alias("poverty"),
        draw.yes(0.8).alias("citizen"),
        draw.yes(0.25).alias("boarder"),
        draw.of(["1", "2", "3", "4", "5"], [0.2, 0.25, 0.05, 0.4, 0.1]).alias("NhomMau"),
        draw.of(["00", "01", "02", "04"], [0.9, 0.04, 0.03, 0.03]).alias("TinhTrangDinhDuong"),
    ]


def _derived(school: SchoolPlan, year: int) -> list[pl.Expr]:
    """What follows from grade, age, group and state. Dates are days of the calendar years around ``year``."""
    preschool = pl.col("KhoiHoc").is_in(PRESCHOOL)
    young = school.level != "gdtx"
    study = pl.when(preschool).then(0).otherwise(pl.col("KhoiHoc").cast(pl.Int64, strict=False))
    born = pl.col("NgaySinh").dt.year()
    minority, poor = pl.col("MaDanToc") != "01", pl.col("poverty") == "poor"
    status = pl.col("TrangThai")
    moved_in, moved_out, left = status == MOVED_IN, status == MOVED_OUT, status == LEFT
    repeats = pl.col("late") & ~preschool & ~pl.col("KhoiHoc").is_in(FIRST_GRADES) & (pl.col("roll") % 3 == 0)
    district = shape.districts()[school.district]
    boards = school.code[5] == "E"
    semi_boards = preschool | (pl.col("boarder") & study.is_between(1, 5) & (not boards))
    century = (born // 100 - 19) * 2 + (pl.col("GioiTinh") == "02").cast(pl.Int32)
    citizen = pl.concat_str(
        pl.lit("099"),  # no province has this code
        century.cast(pl.String),
        (born % 100).cast(pl.String).str.zfill(2),
        pl.col("number").cast(pl.String).str.zfill(6),
    )
    with_card = pl.col("citizen") & ((study >= 9) & (born <= year - 14))
    mother_born = pl.date(born - pl.col("mother_years"), 1 + pl.col("move") % 12, 2 + pl.col("move"))
    father_born = pl.date(born - pl.col("father_years"), 12 - pl.col("move") % 12, 2 + pl.col("move"))
    pioneer = study.is_between(4, 9) if young else pl.lit(False)
    union = study.is_between(11, 12) & (pl.col("roll") % 4 != 0) if young else pl.lit(False)
    return [
        pl.when("citizen").then(citizen).alias("MaCongDan"),
        pl.when(with_card).then(citizen).alias("SoCmnd"),
        pl.when(with_card).then(pl.date(year, 6, 20)).alias("NgayCapCmnd"),
        pl.when(with_card).then(pl.lit("Cục Cảnh sát QLHC về TTXH")).alias("NoiCapCmnd"),
        pl.lit("99").alias("MaTonGiao"),
        pl.lit("704").alias("MaQuocTich"),
        pl.col("MaDanToc").alias("DanTocTheoGiayKhaiSinh"),
        pl.lit(shape.name()).alias("NoiSinh"),
        pl.lit(f"{district.name}, {shape.name()}").alias("QueQuan"),
        pl.lit(school.district).alias("MaQhuyenThtru"),
        pl.lit(school.district).alias("MaQhuyenTmtru"),
        pl.lit(shape.department()).alias("MaTthanhThtru"),
        pl.lit(shape.department()).alias("MaTthanhTmtru"),
        pl.lit(district.area_kind).alias("MaKhuVuc"),
        pl.col("SoDienThoaiMe").alias("SoDthoaiDdong"),
        pl.when(pl.col("roll") % 5 == 0).then(pl.format("ph{}@example.test", "ClientId")).alias("Email"),
        mother_born.alias("NgaySinhMe"),
        father_born.alias("NgaySinhBo"),
        pl.when("by_father").then("HoTenBo").otherwise("HoTenMe").alias("HoTenNguoiGiamHo"),
        pl.when("by_father").then(father_born).otherwise(mother_born).alias("NgaySinhNguoiGiamHo"),
        pl.when("by_father").then("SoDienThoaiBo").otherwise("SoDienThoaiMe").alias("SoDienThoaiNguoiGiamHo"),
        pl.when("KhuyetTat").then("MaLoaiKhuyetTat").alias("MaLoaiKhuyetTat"),
        pl.lit(False).alias("IsKhuyetTatKhongDanhGia"),
        pl.when("KhuyetTat")
        .then(pl.lit("06"))
        .when(poor)
        .then(pl.lit("08"))
        .when(pl.col("poverty") == "near")
        .then(pl.lit("09"))
        .alias("MaDtuongCsach"),
        poor.alias("IsHoNgheo"),
        poor.alias("IsHoTroChiPhiHocTap"),
        pl.when(poor).then(pl.lit("2")).alias("HtHoTro"),
        minority.alias("IsChaDt"),
        minority.alias("IsMeDt"),
        pl.when(moved_in)
        .then(pl.lit("1"))
        .when(repeats)
        .then(pl.lit("3"))
        .when(pl.col("KhoiHoc") == "10")
        .then(pl.lit("0"))
        .when(pl.col("KhoiHoc").is_in(FIRST_GRADES))
        .then(pl.lit("2"))
        .otherwise(pl.lit("4"))
        .alias("LoaiNhapHoc"),
        # A pupil present stands at the day the year's classes were made up; a movement at its own day.
        pl.when(status == PRESENT)
        .then(pl.date(year, 8, 20))
        .otherwise(pl.date(year, 9, 3 + pl.col("move")))
        .alias("NgayTrangThai"),
        pl.when(moved_in).then(pl.lit("01")).alias("ChuyenDenTuTinh"),
        pl.when(moved_in).then(pl.lit("001")).alias("ChuyenDenTuQuanHuyen"),
        pl.when(moved_out).then(pl.lit("01")).alias("NoiChuyenDi"),
        pl.when(moved_out).then(pl.lit(shape.department())).alias("ChuyenDiDenTinh"),
        pl.when(moved_out).then(pl.lit(school.district)).alias("ChuyenDiDenQuanHuyen"),
        pl.when(moved_out | left).then(pl.lit("1")).alias("ThoiDiemRoiTruong"),
        pl.when(left).then(pl.lit("01")).alias("MaLyDoThoiHoc"),
        pioneer.alias("DoiVien"),
        pl.when(pioneer).then(pl.date(born + 9, 5, 15)).alias("NgayVaoDoi"),
        pl.when(pioneer).then(pl.lit("Liên đội trường tiểu học")).alias("NoiVaoDoi"),
        union.alias("DoanVien"),
        pl.when(union).then(pl.date(born + 16, 3, 26)).alias("NgayVaoDoan"),
        semi_boards.alias("BanTru"),
        pl.when(semi_boards).then(pl.lit("02")).alias("MaHocBanTru"),
        pl.lit(boards).alias("NoiTru"),
        pl.lit(False).alias("PtdtBanTru"),
        (study >= 6).alias("HocKnsSkss"),
        pl.lit(True).alias("IsHocCtgdCuaBo"),
        pl.when(study == 1).then(True).alias("IsHocLopMg5T"),
        (minority & (study <= 3)).alias("IsTangCuongTviet"),
        pl.lit(False).alias("IsHocSinhTiengDanToc"),
        pl.lit(False).alias("IsHocSongNgu"),
        pl.lit(False).alias("IsHocSinhDtTroGiang"),
        pl.when(preschool).then(True).alias("KiemTraSucKhoeDinhDuong"),
        pl.when(preschool).then("TinhTrangDinhDuong").alias("TinhTrangDinhDuong"),
        pl.when(preschool).then(pl.col("roll") % 3 == 0).alias("IsTuyenMoiMn"),
    ]
