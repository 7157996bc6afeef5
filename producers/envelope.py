"""Whether a push may begin: the school, the year and the kind that its sender names."""

from dataclasses import replace
from datetime import date
from typing import Final

from producers.model import Target
from schemas.datasets import PERIODS
from schemas.errors import Problem, SourceLocation
from schemas.organisation.organisation import Organisation

SCHOOL_CODE_LENGTHS: Final = (8, 10)
OLD_DATA: Final = "4"


def problems(
    target: Target, known: Organisation, school_years: list[int], vendors: list[str]
) -> list[Problem]:
    """All that is wrong with the target of a push; empty if it may begin."""
    found = []
    if target.vendor not in vendors:
        found.append(Problem("FILE-018", SourceLocation(field="--vendor"), {"vendor": target.vendor}))
    if len(target.school) not in SCHOOL_CODE_LENGTHS:
        params = {"found": target.school, "length": len(target.school)}
        found.append(Problem("FILE-010", SourceLocation(field="MaTruongHoc"), params))
    elif known.school(target.school, school_year_starts(target.year)) is None:
        found.append(Problem("ENV-301", SourceLocation(field="MaTruongHoc")))
    if target.year not in school_years:
        found.append(Problem("ENV-303", SourceLocation(field="NamHoc")))
    if target.kind == OLD_DATA:
        found.append(Problem("ENV-311", SourceLocation(field="LoaiDongBo")))
    elif target.kind not in PERIODS:
        found.append(Problem("ENV-101", SourceLocation(field="LoaiDongBo")))
    return found


def of_level(known: Organisation, target: Target) -> Target:
    """The same, with the level that the school has on the first day of the school year."""
    school = known.school(target.school, school_year_starts(target.year))
    return replace(target, level=school.level) if school else target


def school_year_starts(year: int) -> date:
    """5 September, the day school years open: the day on which a school must exist."""
    return date(min(max(year, 1), 9999), 9, 5)
