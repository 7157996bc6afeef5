"""Form 2 (Mẫu số 2): a managing unit asks for its schools, with their list. Pure data, and what is wrong."""

from collections import Counter
from datetime import date
from typing import Final

import msgspec

from access.documents.fields import Checks, Person, names_area
from schemas.errors import Problem, SourceLocation

CAPTIONS: Final = {
    "unit": "Mã đơn vị",
    "managing_name": "Đơn vị chủ quản",
    "unit_name": "Phòng",
    "number": "Số",
    "place": "Nơi lập",
    "day": "Ngày tháng",
    "department": "Kính gửi",
    "area": "Huyện/TP/TX",
    "contact.name": "Đầu mối phụ trách",
    "contact.phone": "Số điện thoại",
    "contact.email": "Email",
    "recipients": "Nơi nhận",
    "signer_title": "Chức danh người ký",
    "count": "Tổng số đơn vị",
    "lines": "Danh sách đơn vị",
}
LINE_CAPTIONS: Final = {
    "school": "Mã trường",
    "name": "Tên trường",
    "levels": "Cấp học",
    "software": "Phần mềm",
    "vendor": "Nhà cung cấp",
    "account": "Tài khoản phần mềm",
    "officer": "Cán bộ phụ trách",
    "form1_number": "Số Mẫu 1",
    "contract_confirmed": "Đã ký hợp đồng",
}
"""Columns of the list, in their order: the form has no table for it, so they are ours."""

LIST: Final = "Danh sách đơn vị"
SCHOOL_TWICE: Final = "FORM-021"
OTHER_COUNT: Final = "FORM-022"
OTHER_AREA: Final = "FORM-023"
NO_LINES: Final = "FORM-024"
MOST_LINES: Final = 2000
LATE: Final = "FORM-201"


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One school of the list; ``officer``: the name alone. ``contract_confirmed`` None: nothing is said."""

    school: str = ""
    name: str = ""
    levels: tuple[str, ...] = ()
    software: str = ""
    vendor: str = ""
    account: str = ""
    officer: str = ""
    form1_number: str = ""
    contract_confirmed: bool | None = None

    def __repr__(self) -> str:
        return f"Line({self.school!r}, …)"

    def problems(self, place: SourceLocation) -> list[Problem]:
        """All that is wrong with the line by itself."""
        checks = Checks(LINE_CAPTIONS, place)
        checks.code("school", self.school)
        checks.text("name", self.name)
        checks.levels("levels", self.levels)
        checks.text("software", self.software)
        checks.text("vendor", self.vendor)
        checks.fits("vendor", self.software, self.vendor)
        checks.account("account", self.account)
        checks.text("officer", self.officer)
        checks.number("form1_number", self.form1_number)
        if self.contract_confirmed is None:
            checks.add("FORM-001", "contract_confirmed")
        return checks.problems


class Form2(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in it. ``unit``: code of the managing unit; ``area``: the district, town or commune that it
    names; ``count``: how many schools it says that there are, None if it says nothing."""

    unit: str = ""
    managing_name: str = ""
    unit_name: str = ""
    number: str = ""
    place: str = ""
    day: date | None = None
    department: str = ""
    area: str = ""
    contact: Person = Person()
    recipients: tuple[str, ...] = ()
    signer_title: str = "TRƯỞNG PHÒNG"
    count: int | None = None
    lines: tuple[Line, ...] = ()

    def problems(self, today: date, file: str = "") -> list[Problem]:
        """All that is wrong with it by itself; a line's place is its number in the list, from 1."""
        checks = Checks(CAPTIONS, SourceLocation(file))
        checks.code("unit", self.unit)
        for name in ("managing_name", "unit_name", "place", "department", "area", "signer_title"):
            checks.text(name, getattr(self, name))
        checks.number("number", self.number)
        checks.day("day", self.day, today)
        checks.person("contact", self.contact)
        for recipient in self.recipients:
            checks.text("recipients", recipient)
        if self.area.strip() and self.unit_name.strip() and not names_area(self.unit_name, self.area):
            checks.add(OTHER_AREA, "area")
        if not self.lines:
            checks.add(NO_LINES, "lines")
        if self.count is None:
            checks.add("FORM-001", "count")
        elif self.count != len(self.lines):
            checks.add(OTHER_COUNT, "count", said=self.count, found=len(self.lines))
        found = checks.problems
        for row, line in enumerate(self.lines, 1):
            found += line.problems(SourceLocation(file, LIST, row))
        return found + repeated(self.lines, SourceLocation(file, LIST))

    def doubts(self, last_day: date | None) -> list[Problem]:
        """FORM-201 if it came after the last day of the campaign: it is taken, and marked as late."""
        if last_day is None or self.day is None or self.day <= last_day:
            return []
        return [Problem(LATE, SourceLocation(field="day"), {"day": f"{last_day:%d/%m/%Y}"})]


def repeated(lines: tuple[Line, ...], place: SourceLocation, rows: tuple[int, ...] = ()) -> list[Problem]:
    """FORM-021 for each school that stands in a list more than once. ``rows``: where the lines stand, if not
    1, 2, 3 …"""
    times = Counter(line.school for line in lines if line.school)
    found = []
    for school, count in times.items():
        if count > 1:
            at = [str(rows[i] if rows else i + 1) for i, line in enumerate(lines) if line.school == school]
            params = {"school": school, "rows": ", ".join(at)}
            found.append(
                Problem(SCHOOL_TWICE, SourceLocation(place.file, place.sheet, int(at[-1]), "school"), params)
            )
    return found
