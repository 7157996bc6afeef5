"""What the forms say of schools and units, against the organisation of a day. Pure.

Of schools and units that the forms do not name rightly only codes and names are said: they are no person's.
"""

from datetime import date
from typing import Final

from access.documents.fields import LEVELS as ORDER
from access.documents.fields import names_area
from access.documents.form1 import CAPTIONS, Form1
from access.documents.form2 import CAPTIONS as FORM2_CAPTIONS
from access.documents.form2 import LINE_CAPTIONS, LIST, Form2, Line
from producers.text import fold
from schemas.errors import Problem, SourceLocation
from schemas.organisation.organisation import Held, Organisation
from schemas.organisation.units import Kind, Period

UNKNOWN: Final = "FORM-031"
OTHER_NAME: Final = "FORM-032"
RENAMED: Final = "FORM-033"
OTHER_LEVEL: Final = "FORM-034"
OTHER_UNIT: Final = "FORM-035"
DIRECT: Final = "FORM-036"
NO_MIDDLE: Final = "FORM-037"
NO_MANAGER: Final = "FORM-038"
OTHER_AREA: Final = "FORM-039"
NO_BATCHER: Final = "FORM-040"

LEVELS: Final = {
    "preschool": {"MN"},
    "kindergarten_only": {"MN"},
    "primary": {"TH"},
    "primary+lower_secondary": {"TH", "THCS"},
    "lower_secondary": {"THCS"},
    "lower+upper_secondary": {"THCS", "THPT"},
    "upper_secondary": {"THPT"},
    "primary_to_upper_secondary": {"TH", "THCS", "THPT"},
    "preschool_to_upper_secondary": {"MN", "TH", "THCS", "THPT"},
    "gdtx": {"GDTX"},
}
"""Level of a school in the register → levels that its form names. Of any other level all are taken."""

MIDDLE: Final = (Kind.DISTRICT, Kind.COMMUNE)
"""Kinds of units that batch their schools."""


def form1(form: Form1, organisation: Organisation, day: date, file: str = "") -> list[Problem]:
    """Whether the school, its name, levels and managing unit are those of that day."""
    place = SourceLocation(file)
    school = organisation.school(form.school, day)
    if school is None:
        return [_at(place, "school", UNKNOWN, school=form.school, day=day.isoformat())] if form.school else []
    found = _named(form.school_name, form.school, organisation, day, place, "school_name")
    found += _levels(form.levels, school, place)
    above = organisation.on(school.parent, day)
    if form.managing_unit and form.managing_unit != school.parent:
        found.append(_at(place, "managing_unit", NO_MANAGER, school=form.school, due=school.parent))
    elif above and form.managing_name.strip() and not _is(form.managing_name, above):
        found.append(_at(place, "managing_name", OTHER_AREA, due=above.period.name))
    if form.through.strip() and (above is None or above.kind not in MIDDLE):
        found.append(_at(place, "through", NO_MIDDLE, school=form.school))
    elif form.through.strip() and above and not _is(form.through, above):
        found.append(_at(place, "through", OTHER_AREA, due=above.period.name))
    return found


def form2(form: Form2, organisation: Organisation, day: date, file: str = "") -> list[Problem]:
    """Whether the unit is one that batches, and every school of its list one of its own on that day."""
    sender = organisation.on(form.unit, day)
    found = []
    if form.unit and (sender is None or sender.kind not in MIDDLE):
        place = SourceLocation(file, field="unit")
        found.append(Problem(NO_BATCHER, place, {"unit": form.unit, "day": day.isoformat()}))
    elif sender and form.area.strip() and not names_area(form.area, sender.period.name):
        found.append(
            Problem(
                OTHER_AREA,
                SourceLocation(file, field="area"),
                {"field": FORM2_CAPTIONS["area"], "due": sender.period.name},
            )
        )
    for row, line in enumerate(form.lines, 1):
        found += line_of(line, form.unit, organisation, day, SourceLocation(file, LIST, row))
    return found


def line_of(
    line: Line, unit: str, organisation: Organisation, day: date, place: SourceLocation
) -> list[Problem]:
    """Whether a line's school is one that the unit manages on that day, under the name it has then."""
    if not line.school:
        return []
    school = organisation.school(line.school, day)
    if school is None:
        return [_at(place, "school", UNKNOWN, school=line.school, day=day.isoformat())]
    found = []
    if school.parent != unit:
        above = organisation.on(school.parent, day)
        code = OTHER_UNIT if above and above.kind in MIDDLE else DIRECT
        found.append(_at(place, "school", code, school=line.school, due=school.parent))
    found += _named(line.name, line.school, organisation, day, place, "name")
    return found + _levels(line.levels, school, place)


def _named(
    name: str, code: str, organisation: Organisation, day: date, place: SourceLocation, field: str
) -> list[Problem]:
    """FORM-033 for a name that the school had, or gets, on other days; FORM-032 for any other."""
    unit, school = organisation.units[code], organisation.school(code, day)
    if school is None or not name.strip() or fold(name) == fold(school.name):
        return []
    other = any(fold(name) == fold(period.name) for period in unit.periods)
    return [_at(place, field, RENAMED if other else OTHER_NAME, school=code, due=school.name)]


def _levels(levels: tuple[str, ...], school: Period, place: SourceLocation) -> list[Problem]:
    due = LEVELS.get(school.level)
    if due is None or not levels or set(levels) == due:
        return []
    return [_at(place, "levels", OTHER_LEVEL, due="-".join(level for level in ORDER if level in due))]


def _is(name: str, unit: Held) -> bool:
    return names_area(name, unit.period.name)


def _at(place: SourceLocation, field: str, code: str, **params: str) -> Problem:
    at = SourceLocation(place.file, place.sheet, place.row, field)
    return Problem(code, at, {"field": CAPTIONS.get(field) or LINE_CAPTIONS.get(field, field), **params})
