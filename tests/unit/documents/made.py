"""Made-up forms without a fault, and the organisation that they are about."""

from datetime import date
from typing import Any

import msgspec

from access.documents.fields import Person
from access.documents.form1 import Form1
from access.documents.form2 import Form2, Line
from schemas.organisation.organisation import Organisation
from schemas.organisation.units import Ended, Kind, Period, Unit

TODAY = date(2020, 3, 10)
DAY = date(2020, 3, 2)
SCHOOL = "19167301"
NAMES = ("Đồng Xuân", "Bình Yên", "Phú Tiến", "Lam Vỹ", "Kim Phượng", "Quy Kỳ")

FORM1 = Form1(
    managing_unit="167",
    managing_name="UBND huyện Định Hóa",
    school=SCHOOL,
    school_name="Trường THCS Đồng Xuân",
    number="12/THCS-ĐX",
    place="Định Hóa",
    day=DAY,
    department="Sở Giáo dục và Đào tạo Thái Nguyên",
    through="Phòng Giáo dục và Đào tạo huyện Định Hoá",
    levels=("THCS",),
    software="SMAS",
    vendor="Viettel Thái Nguyên",
    account="thcsdongxuan",
    officer=Person("Nguyễn Thị Mẫu", "0912345678", "mau@truong.example.vn"),
    record_types=("HocSinh",),
    periods=("start",),
    contract_number="05/HĐ-VT",
    contract_day=date(2020, 1, 5),
    contract_until=date(2020, 12, 31),
    clause_confirmed=True,
)


def line(n: int, **other: Any) -> Line:
    """The n-th school of the unit, from 1."""
    made = Line(
        school=f"191673{n:02}",
        name=f"Trường THCS {NAMES[n - 1]}",
        levels=("THCS",),
        software="SMAS" if n % 2 else "VNEDU",
        vendor="Viettel" if n % 2 else "VNPT",
        account=f"thcs{n}",
        officer="Nguyễn Văn Mẫu",
        form1_number=f"{n}/THCS",
        contract_confirmed=bool(n % 3),
    )
    return msgspec.structs.replace(made, **other)


def form2(*lines: Line, **other: Any) -> Form2:
    """Form 2 with these lines; with three, if none is named."""
    listed = lines or tuple(line(n) for n in (1, 2, 3))
    made = Form2(
        unit="167",
        managing_name="UBND huyện Định Hóa",
        unit_name="Phòng GDĐT huyện Định Hóa",
        number="31/PGDĐT",
        place="Định Hóa",
        day=DAY,
        department="Sở Giáo dục và Đào tạo Thái Nguyên",
        area="Huyện Định Hóa",
        contact=Person("Trần Thị Mẫu", "0912345679", "cntt@phong.example.vn"),
        recipients=("Như trên", "Lưu: VT"),
        count=len(listed),
        lines=listed,
    )
    return msgspec.structs.replace(made, **other)


def organisation() -> Organisation:
    """Units 167 and 164 under 19; three schools of 167, of which the third has another name from April on;
    19164301 of 164, 19000401 direct to the department. Since 1/7/2025 the schools of 167 are a commune's."""
    first, merged = date(1997, 1, 1), date(2025, 7, 1)

    def school(code: str, *periods: Period) -> Unit:
        return Unit(code, Kind.SCHOOL, periods)

    def of_167(n: int) -> Unit:
        name = line(n).name
        until = Period(first, merged, name, "167", "lower_secondary", ended=Ended.MOVED)
        return school(line(n).school, until, Period(merged, None, name, "05548", "lower_secondary"))

    renamed = date(2020, 4, 1)
    third = school(
        line(3).school,
        Period(first, renamed, line(3).name, "167", "lower_secondary", ended=Ended.RENAMED),
        Period(renamed, None, "Trường THCS Bộc Nhiêu", "167", "lower_secondary"),
    )
    return Organisation(
        [
            Unit("19", Kind.DEPARTMENT, (Period(first, None, "Sở Giáo dục và Đào tạo Thái Nguyên"),)),
            Unit("167", Kind.DISTRICT, (Period(first, merged, "Huyện Định Hóa", "19"),)),
            Unit("164", Kind.DISTRICT, (Period(first, merged, "Thành phố Thái Nguyên", "19"),)),
            Unit("05548", Kind.COMMUNE, (Period(merged, None, "Xã Định Hóa", "19"),)),
            of_167(1),
            of_167(2),
            third,
            school("19164301", Period(first, None, "Trường THCS Nha Trang", "164", "lower_secondary")),
            school("19000401", Period(first, None, "Trường THPT Lương Ngọc", "19", "upper_secondary")),
        ]
    )
