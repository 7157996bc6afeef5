"""A school's request: Form 1 by itself, against the register of its day, and against what stands. Pure."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from access.documents import against
from access.documents.form1 import Form1
from access.grants.papers import Request1, fault, products, signed
from access.grants.used import number_used
from schemas.contracts.contracts import record_types
from schemas.errors import Problem
from schemas.organisation.organisation import NoRoute, Organisation
from streams.grants.events import number_of
from streams.grants.state import Document


@dataclass(frozen=True)
class Read:
    """What a request comes to: the units that decide on it, or all that is wrong."""

    route: tuple[str, ...]
    problems: list[Problem]


def read(
    asked: Request1,
    form: Form1,
    school: str,
    known: Organisation,
    vendors: Sequence[str],
    used: Collection[str],
    today: date,
) -> Read:
    """The request of a school, by the organisation on the form's day. ``used``: year/number of its requests
    before."""
    problems = [*form.problems(today, tuple(record_types())), *_beside(asked, form, school, vendors, today)]
    if form.day is None or form.school != school:
        return Read((), problems)
    if form.number and number_of(document(asked, form)) in used:
        problems.append(number_used(document(asked, form)))
    try:
        route = tuple(unit.code for unit in known.route(school, form.day))
    except NoRoute as no_route:
        return Read((), [*problems, no_route.problem])
    return Read(route, [*problems, *against.form1(form, known, form.day)])


def document(asked: Request1, form: Form1) -> Document:
    """What of it goes on record; of a form that has its day."""
    assert form.day is not None
    return Document("form_1", form.number.strip(), form.day, asked.sha256)


def _beside(
    asked: Request1, form: Form1, school: str, vendors: Sequence[str], today: date
) -> Iterator[Problem]:
    yield from signed(asked.sha256)
    if form.school and form.school != school:
        yield fault("GRT-101", "school", school=school)
    if asked.vendor not in vendors:
        yield fault("GRT-113", "vendor", value=asked.vendor[:40], known=", ".join(vendors))
    elif products().get(form.software.strip().upper(), asked.vendor) != asked.vendor:
        owner = products()[form.software.strip().upper()]
        yield fault("GRT-108", "software", software=form.software[:40], expected=owner)
    last = asked.valid_until
    if last is not None and last < max(today, form.day or today):
        yield fault("GRT-114", "valid_until", day=last.isoformat())
