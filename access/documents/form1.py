"""Form 1 (Mẫu số 1): a school asks for the connection. Pure data, and what is wrong with it."""

from datetime import date
from typing import Final

import msgspec

from access.documents.fields import Checks, Person
from schemas.datasets import PERIODS
from schemas.errors import Problem, SourceLocation

CAPTIONS: Final = {
    "managing_unit": "Mã đơn vị chủ quản",
    "managing_name": "Đơn vị chủ quản",
    "school": "Mã trường",
    "school_name": "Trường",
    "number": "Số",
    "place": "Nơi lập",
    "day": "Ngày tháng",
    "department": "Kính gửi (Sở)",
    "through": "Kính gửi (Phòng)",
    "levels": "Cấp học",
    "software": "Tên phần mềm đang sử dụng",
    "vendor": "Đơn vị cung cấp và hỗ trợ",
    "account": "Tài khoản phần mềm",
    "officer.name": "Cán bộ phụ trách",
    "officer.phone": "Số điện thoại",
    "officer.email": "Email",
    "record_types": "Loại dữ liệu đề nghị",
    "periods": "Đợt đề nghị",
    "contract_number": "Số hợp đồng",
    "contract_day": "Ngày hợp đồng",
    "contract_until": "Hợp đồng đến hết ngày",
    "clause_confirmed": "Điều khoản bảo mật",
    "signer_title": "Chức danh người ký",
}
"""Field → how the form calls it."""

NO_TYPE: Final = "FORM-012"
NO_CONTRACT: Final = "FORM-013"
ENDS_BEFORE: Final = "FORM-014"


class Form1(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in it; a field that is blank is not filled in.

    ``managing_unit``, ``school``: codes, which the printed form has not. ``department`` and ``through``: the
    names that it is addressed to, the second only of a school under a district or commune. ``record_types``
    and ``periods``: what is asked for. The contract may be told here; it must be told before the connection
    is handed to the vendor. ``contract_until``: its last day, None if it names none.
    """

    managing_unit: str = ""
    managing_name: str = ""
    school: str = ""
    school_name: str = ""
    number: str = ""
    place: str = ""
    day: date | None = None
    department: str = ""
    through: str = ""
    levels: tuple[str, ...] = ()
    software: str = ""
    vendor: str = ""
    account: str = ""
    officer: Person = Person()
    record_types: tuple[str, ...] = ()
    periods: tuple[str, ...] = ()
    contract_number: str = ""
    contract_day: date | None = None
    contract_until: date | None = None
    clause_confirmed: bool = False
    signer_title: str = "HIỆU TRƯỞNG"

    def problems(self, today: date, record_types: tuple[str, ...] = (), file: str = "") -> list[Problem]:
        """All that is wrong with it by itself; ``record_types``: those that there are, () to take any."""
        checks = Checks(CAPTIONS, SourceLocation(file))
        checks.code("managing_unit", self.managing_unit)
        checks.text("managing_name", self.managing_name)
        checks.code("school", self.school)
        checks.text("school_name", self.school_name)
        checks.number("number", self.number)
        checks.text("place", self.place)
        checks.day("day", self.day, today)
        checks.text("department", self.department)
        checks.text("through", self.through, needed=False)
        checks.levels("levels", self.levels)
        checks.text("software", self.software)
        checks.text("vendor", self.vendor)
        checks.fits("vendor", self.software, self.vendor)
        checks.account("account", self.account)
        checks.person("officer", self.officer)
        checks.text("signer_title", self.signer_title)
        self._scope(checks, record_types)
        self._contract(checks, today)
        return checks.problems

    def _scope(self, checks: Checks, record_types: tuple[str, ...]) -> None:
        known = {"record_types": record_types, "periods": tuple(PERIODS.values())}
        for name in known:
            asked: tuple[str, ...] = getattr(self, name)
            if not asked:
                checks.add("FORM-001", name)
            if known[name] and not set(asked) <= set(known[name]):
                checks.add(NO_TYPE, name, known=", ".join(known[name]))
            if len(set(asked)) < len(asked):
                checks.add("FORM-007", name)

    def _contract(self, checks: Checks, today: date) -> None:
        told = {
            "contract_number": bool(self.contract_number.strip()),
            "contract_day": bool(self.contract_day),
        }
        if not any(told.values()):
            for name in ("contract_until", "clause_confirmed"):
                if getattr(self, name):
                    checks.add(NO_CONTRACT, name)
            return
        for name in (name for name, there in told.items() if not there):
            checks.add("FORM-001", name)
        checks.text("contract_number", self.contract_number, needed=False)
        if self.contract_day:
            checks.day("contract_day", self.contract_day, today)
            if self.contract_until and self.contract_until < self.contract_day:
                checks.add(ENDS_BEFORE, "contract_until")
