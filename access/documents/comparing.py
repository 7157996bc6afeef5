"""A list as it was sent against the batch that it should be: difference by difference. Pure.

Values are not repeated: an account or an officer's name may be among them.
"""

from datetime import date
from typing import Final

from access.documents import against
from access.documents.form2 import LINE_CAPTIONS, Form2, Line, repeated
from access.documents.list_reading import ListRead
from producers.text import fold
from schemas.errors import Problem, SourceLocation
from schemas.organisation.organisation import Organisation

ABSENT: Final = "FORM-051"
EXTRA: Final = "FORM-052"
OTHER: Final = "FORM-053"
OTHER_COUNT: Final = "FORM-054"
WHOSE: Final = frozenset({against.UNKNOWN, against.OTHER_UNIT, against.DIRECT})
"""Why a school cannot stand in this list at all."""


def differences(batch: Form2, sent: ListRead, organisation: Organisation, file: str = "") -> list[Problem]:
    """All differences, those of the file's lines in their order and then what it lacks; none if the file is
    the batch's list. Schools and names are those of the batch's day."""
    day = batch.day or date.max
    due = {line.school: line for line in batch.lines}
    found: list[Problem] = []
    for line, place in zip(sent.lines, sent.places, strict=True):
        own = line.problems(place)
        whose = [p for p in against.line_of(line, batch.unit, organisation, day, place) if p.code in WHOSE]
        found += own + whose
        if line.school in due:
            wrong = {problem.place.field for problem in own}
            found += _others(line, due[line.school], wrong, organisation, day, place)
        elif line.school and not whose:
            found.append(_at(place, "school", EXTRA, line.school))
    rows = tuple(place.row for place in sent.places)
    found += repeated(sent.lines, SourceLocation(file, sent.places[0].sheet if sent.places else ""), rows)
    there = {line.school for line in sent.lines}
    found += [
        Problem(ABSENT, SourceLocation(file), {"school": school}) for school in due if school not in there
    ]
    if sent.count is not None and sent.count != len(sent.lines):
        params = {"said": sent.count, "found": len(sent.lines)}
        found.append(Problem(OTHER_COUNT, SourceLocation(file), params))
    return found


def _others(
    line: Line, due: Line, wrong: set[str], organisation: Organisation, day: date, place: SourceLocation
) -> list[Problem]:
    """Fields that the batch has otherwise; ``wrong``: those of which something is said already."""
    found = []
    for name in LINE_CAPTIONS:
        if name in wrong or _same(name, getattr(line, name), getattr(due, name)):
            continue
        renamed = (
            [p for p in against.line_of(line, "", organisation, day, place) if p.code == against.RENAMED]
            if name == "name"
            else []
        )
        found += renamed or [_at(place, name, OTHER, line.school)]
    return found


def _same(name: str, one: object, other: object) -> bool:
    if name in ("account", "school", "form1_number") or not isinstance(one, str):
        return one == other if name != "levels" else set(one) == set(other)  # type: ignore[call-overload]
    return fold(one) == fold(str(other))


def _at(place: SourceLocation, name: str, code: str, school: str) -> Problem:
    at = SourceLocation(place.file, place.sheet, place.row, name)
    return Problem(code, at, {"field": LINE_CAPTIONS[name], "school": school})
