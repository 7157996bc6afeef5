"""Schools of the closed stack, by what attacks need of them, and the papers of those that ask for a grant."""

from typing import Final

from producers.synthetic.province import SchoolPlan

UNIT: Final = "164"

OPENED: Final = [f"1916{n}" for n in range(4101, 4116)]
"""Whose datasets attacks open, one each."""

OF_SMAS: Final = "19164121"
"""What smas may push for: classes of the beginning of the year."""
OF_VNEDU: Final = "19164122"
"""What vnedu may push for."""
REVOKED: Final = "19164123"
REPLAYED: Final = "19164124"
"""Whose grants are taken back by an attack."""
ASKS: Final = "19164125"
BATCHED: Final = "19164126"
WAITS: Final = "19164127"
BOTH: Final = "19164128"
"""Which ask for a grant."""
ELSEWHERE: Final = "19165101"
"""Of another unit; asks."""
DIRECT: Final = "19000101"
"""Of the department itself; asks."""

_DISTRICTS: Final = {ELSEWHERE: "165"}
_UNITS: Final = {ELSEWHERE: "165", DIRECT: "19"}
ALL: Final = (
    *OPENED, OF_SMAS, OF_VNEDU, REVOKED, REPLAYED, ASKS, BATCHED, WAITS, BOTH, ELSEWHERE, DIRECT,
)  # fmt: skip


def name(code: str) -> str:
    """As the register has it."""
    return f"Trường {code}"


REGISTER: Final = "code,name,level,district,managing_unit,valid_from,valid_to,active\n" + "".join(
    f"{code},{name(code)},primary,{_DISTRICTS.get(code, UNIT)},{_UNITS.get(code, UNIT)},2010-01-01,,1\n"
    for code in ALL
)


def plan(code: str) -> SchoolPlan:
    """A school, for whoever writes its papers."""
    return SchoolPlan(
        index=ALL.index(code),
        code=code,
        name=name(code),
        level="primary",
        kind="03",
        district=_DISTRICTS.get(code, UNIT),
        managing_unit=_UNITS.get(code, UNIT),
        commune=("", ""),
        vendor="smas",
        pupils=0,
        classes=0,
        staff=0,
    )
