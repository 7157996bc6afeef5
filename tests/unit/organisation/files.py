"""Files of units, made up."""

from datetime import date

from schemas.organisation import unit_files
from schemas.organisation.importing import Plan, plan
from schemas.organisation.organisation import Organisation
from schemas.organisation.unit_files import COLUMNS
from schemas.organisation.units import Unit

SCHOOL = "19164999"
ABOVE = (
    "19,department,Sở,,,,2000-01-01,,,",
    "164,district,Huyện A,19,,,2000-01-01,,,",
    "165,district,Huyện B,19,,,2000-01-01,,,",
)
HEADER = ",".join(COLUMNS)


def school(code=SCHOOL, parent="164", start="2010-01-01", end="", ended="", name="Trường Mẫu"):
    return f"{code},school,{name},{parent},primary,164,{start},{end},{ended},"


def imported(*lines: str, present: dict[str, Unit] | None = None, header: str = HEADER, **how) -> Plan:
    """What comes of importing these lines."""
    text = "\n".join([header, *lines]) + "\n"
    return plan(present or {}, unit_files.parse(text, "units.csv"), **how)


def known(*lines: str) -> dict[str, Unit]:
    """Units of these lines, which are in order."""
    made = imported(*lines)
    assert not made.problems, [str(p) for p in made.problems]
    return dict(made.units)


def organisation(*lines: str) -> Organisation:
    return Organisation(known(*lines).values())


def codes(made: Plan) -> list[str]:
    return [p.code for p in made.problems]


def day(text: str) -> date:
    return date.fromisoformat(text)
