"""All records of one school, in the ministry's codes."""

from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Final

import polars as pl

from producers.synthetic import classes, names, pupils, shape, staff
from producers.synthetic.province import SchoolPlan
from producers.synthetic.shape import LEVELS
from schemas.encoding import columnar

YEAR: Final = 2019


@dataclass(frozen=True)
class SchoolRecords:
    """A school and its records by type: TruongHoc (one row), LopHoc, HocSinh, CanBo."""

    plan: SchoolPlan
    year: int
    frames: dict[str, pl.DataFrame]


def make(school: SchoolPlan, seed: int, year: int = YEAR) -> SchoolRecords:
    """Records of a school. The same plan, seed and year give the same records."""
    rng = Random(f"{seed}/{school.index}")
    planned = classes.plan(school, rng)
    members, faculty = staff.make(school, rng, year)
    children = pupils.make(school, planned, rng, year)
    frames = {
        "TruongHoc": _school(school, members, planned, children, rng, year),
        "LopHoc": classes.frame(school, planned, faculty).with_columns(
            IsLopCoTreKhuyetTat=pl.col("ClientId").is_in(children.filter("KhuyetTat")["MaLopHocDn"].implode())
        ),
        "HocSinh": children,
        "CanBo": members,
    }
    return SchoolRecords(school, year, {name: _conform(name, frame) for name, frame in frames.items()})


def _conform(record_type: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The contract's types, also where a column holds nothing."""
    types = columnar.frame_schema(record_type)
    return frame.cast({name: types[name] for name in frame.columns})


def _school(
    school: SchoolPlan,
    members: pl.DataFrame,
    planned: list[classes.ClassPlan],
    children: pl.DataFrame,
    rng: Random,
    year: int,
) -> pl.DataFrame:
    """The school's own record, with the control totals of its other records."""
    level, district = LEVELS[school.level], shape.districts()[school.district]
    commune, commune_name = school.commune
    centre = school.level == "gdtx"
    hamlet = names.Draw(rng, 1).hamlet()[0]
    return pl.DataFrame(
        {
            "MaTruongHoc": school.code,
            "TenTruongHoc": school.name,
            "NamHoc": year,
            "CapHoc": level.group,
            "MaNhomCapHoc": level.group,
            "LoaiHinhDaoTao": "01",
            "LoaiHinhTruong": school.kind,
            "MaLoaiTruong": school.kind,
            "ChuanQuocGia": rng.choice(("02", "03", None)),
            "PbienKnsSkss": True,
            "ChuongTrinhGiaoDucCoBan": True,
            "CoChiBoDang": True,
            "CoHaTangTlhtPhuHopHskt": rng.random() < 0.6,
            "CongTrinhVeSinh": True,
            "CtGdvsDoiTay": True,
            "DatChatLuongToiThieu": True,
            "DiaChi": f"{hamlet}, {commune_name}, {district.name}",
            "DienLuoi": True,
            "DienThoai": f"{rng.randrange(10**7):010}",
            "DienTich": float(rng.randrange(2_000, 15_000)),
            "Email": f"truong{school.code.lower()}@example.test",
            "HieuTruong": members["TenCanBo"][0],
            "Hoc2BuoiNgay": any(int(c.grade) <= 5 or c.grade in classes.PRESCHOOL for c in planned),
            "HocSinhBanTru": bool(children["BanTru"].any()),
            "HocSinhKhuyetTat": bool(children["KhuyetTat"].any()),
            "HocSinhNoiTru": bool(children["NoiTru"].any()),
            "KhaiThacInternetDayHoc": True,
            "SuDungMayTinhDayHoc": True,
            "MaTinh": shape.department(),
            "MaHuyen": school.district,
            "MaXa": commune,
            "MaKhuVuc": district.area_kind,
            "MaVung": district.terrain,
            "NgayThanhLap": date(rng.randrange(1950, 2010), 9, 5),
            "NguonNuocSach": True,
            "SoDiemTruong": 1,
            "TruongQuocTe": False,
            "VungDacBietKhoKhan": False,
            "TtGdtxHuyen": True if centre else None,
            "TongSoCanBo": len(members),
            "TongSoHocSinh": len(children),
            "TongSoLopHoc": len(planned),
        }
    )
