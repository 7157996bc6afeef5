"""Form 1 from a school, Form 2 from the unit that manages it: checked as a whole, then sent."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from functools import lru_cache
from typing import Any, Final, TypeVar

from starlette.responses import Response

from access import grant_acts
from access.accounts.account import OF_SCHOOLS, Role
from access.audit import Kind
from access.documents import data_files, kept, list_file
from access.documents.form1 import Form1
from access.documents.form2 import LIST, Form2
from access.grants import form_1, form_2, sent_list, used
from access.grants.papers import Request1, Request2
from access.grants.sent_list import SentList
from access.service import officers, signatures
from access.service.bodies import NOT_ITS_FORM, Body, field_problem
from access.service.confirmation import answer
from access.service.door import Request
from access.service.grants import MOST, by_another, carry_out, sequence_of, standing
from access.service.signatures import Paper
from schemas.days import today
from schemas.errors import ProblemList, SourceLocation
from schemas.organisation import province
from streams.grants.commands import Act, Right
from streams.grants.state import Document, State

Form = TypeVar("Form", Form1, Form2)

MAX_BODY: Final = 4 * 1024 * 1024
"""Of a batch: its list goes with it, as data and as a file."""
PERIOD: Final = "start"
"""The letter's: schools are connected before the year's first report."""


class RequestBody(Body):
    """The school's request; ``sequence`` that was seen, or none: the current one."""

    request: Request1
    sequence: int | None = None


class BatchBody(Body):
    """A unit's batch."""

    batch: Request2


def ask(request: Request) -> Response:
    """The account's school asks with Form 1.

    Raises ProblemList: all that is wrong (FORM-…, GRT-1…), FORM-063, 064 for a document that was not handed
    in, GRT-115, 116 for one that stands behind another request, ACC-033, 034, SYS-001.
    """
    school = request.account.unit
    request.trying(Act.REQUEST, school)
    body = request.body(RequestBody)
    asked = body.request
    request.trying(Act.REQUEST, f"{asked.vendor}/{school}"[:200])
    role = request.acts_as(OF_SCHOOLS)
    form = _form(asked.form, Form1)
    state = standing(request, asked.vendor, school)
    numbers = {number for other in _of_school(request, school) for number in other.numbers}
    known = request.parts.units_of([school])
    request.parts.settings.has_vendor(asked.vendor)  # one that was added a moment ago is known then
    read = form_1.read(asked, form, school, known, request.parts.settings.vendors, numbers, today())
    officer = (school, form.officer.name, SourceLocation(field="officer.name"))
    strangers, unknown = officers.problems(request, [officer])
    if problems := read.problems + strangers:
        raise ProblemList(problems)
    document = form_1.document(asked, form)
    signatures.handed_in(request, document)
    command = grant_acts.grant(
        Act.REQUEST,
        asked.vendor,
        school,
        unit=school,
        account=request.account.id,
        role=role,
        sequence=sequence_of(state, body.sequence),
        rights=[Right.REMOVE] if asked.remove else [],
        types=tuple(sorted(form.record_types)),
        periods=tuple(sorted(form.periods)),
        valid_until=asked.valid_until,
        route=read.route,
        software=form.software.strip(),
        product_version=asked.product_version,
        document=document,
        due=None if len(read.route) > 1 else last_day(request, "form_1", asked.year),
    )
    request.trying(Act.REQUEST, command.grant_id, role, command.command_id)
    with signatures.alone(request, document):
        request.parts.catch_up(request.parts.granted)
        if problems := used.requested(document, school, request.parts.granted.all()):
            raise ProblemList(problems)
        request.record(Kind.ASKED)
        [outcome] = request.parts.grants.ask([command])
    return answer(request, replace(outcome, warnings=(*outcome.warnings, *unknown)))


def batch(request: Request) -> Response:
    """The account's unit batches its schools with Form 2: what became of each.

    Raises ProblemList: all that is wrong (FORM-…, GRT-115, 116, GRT-2…, the list's differences, SIG-… of Form
    2 and of each school's Form 1), ACC-031 to 034, SYS-001; then nothing was sent.
    """
    request.trying(Act.BATCH, request.account.unit)
    asked = request.body(BatchBody).batch
    role = request.acts_as(frozenset({Role.DISTRICT_OFFICER}))
    unit = request.account.unit
    form = _form(asked.form, Form2)
    if len(form.lines) > MOST:
        raise ProblemList([field_problem(NOT_ITS_FORM, "lines")])
    listed = sent_list.read(asked, list_file.read, needed=not signatures.by_hand(request))
    known = request.parts.units_of([unit, *(line.school for line in form.lines), *listed.schools])
    request.parts.catch_up(request.parts.granted)
    read = form_2.read(
        asked, form, unit, known, lambda school: _of_school(request, school), today(), listed.sha256
    )
    in_charge = [
        (line.school, line.officer, SourceLocation(sheet=LIST, row=row, field="officer"))
        for row, line in enumerate(form.lines, 1)
    ]
    strangers, _ = officers.problems(request, in_charge)
    if problems := read.problems + strangers + listed.against(form, known):
        raise ProblemList(problems)
    assert read.document is not None
    by_another(request, Act.BATCH, read.states)
    with signatures.alone(request, read.document):
        return _batched(request, role, asked, form, read.document, read.states, listed)


def _batched(
    request: Request,
    role: Role,
    asked: Request2,
    form: Form2,
    document: Document,
    states: Sequence[State],
    listed: SentList,
) -> Response:
    """A batch that nothing speaks against but, maybe, its documents."""
    request.parts.catch_up(request.parts.granted)
    unit = request.account.unit
    if problems := used.batched(document, unit, request.parts.granted.all()):
        raise ProblemList(problems)
    schools = tuple(line.school for line in form.lines)
    own = [Paper(s.ma_truong_hoc, s.request, (s.ma_truong_hoc,)) for s in states if s.request]
    found = signatures.checked(request, [Paper(unit, document, schools, form.area, whole=True), *own])
    if listed.data:
        kept.keep(request.parts.settings.documents_dir, listed.data)
    due = last_day(request, "form_2", asked.year)
    commands = [
        grant_acts.grant(
            Act.BATCH,
            state.vendor,
            state.ma_truong_hoc,
            unit=unit,
            account=request.account.id,
            role=role,
            sequence=state.sequence,
            document=document,
            due=due,
            signature=signatures.together(found, document, state.request),
        )
        for state in states
    ]
    return carry_out(request, commands, signatures.doubts(found))


def _form(said: dict[str, Any], kind: type[Form]) -> Form:
    """Raises ProblemList: FORM-072, FORM-073 for every field that is none of the form's."""
    return data_files.parse(json.dumps(said).encode("utf-8"), kind, "")


def _of_school(request: Request, school: str) -> list[State]:
    found = (request.parts.granted.get(f"{vendor}/{school}") for vendor in request.parts.settings.vendors)
    return [state for state in found if state is not None]


def last_day(request: Request, form: str, year: int) -> date | None:
    """As the province's calendar has it for the campaign of a school year; 0: the newest."""
    settings = request.parts.settings
    return _last_day(settings.province, form, year or max(settings.school_years))


@lru_cache(maxsize=64)
def _last_day(named: str, form: str, year: int) -> date | None:
    return province.load(named).last_day(form, year, PERIOD)
