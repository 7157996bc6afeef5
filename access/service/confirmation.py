"""The units' acts on a dataset, and what a dataset's own units see of it."""

import re
import time
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from starlette.responses import JSONResponse, Response

from access import confirmation_acts
from access.accounts import persons, store
from access.accounts.account import READS_ALL, Role
from access.audit import Kind
from access.service.bodies import NOT_ITS_FORM, Body, field_problem
from access.service.door import REFUSED, Request, as_told, said
from runtime import metrics
from schemas.contracts import bounds
from schemas.datasets import split
from schemas.days import today
from schemas.errors import Problem, ProblemList
from schemas.organisation.organisation import NoRoute
from streams.confirmation.commands import DEPARTMENTS_ACTS, OFFICERS_ACTS, Act
from streams.confirmation.state import Window
from streams.machines import wire
from streams.machines.commands_client import CommandOutcome
from streams.machines.state_cache import CATCH_UP_S
from streams.organisation import units

NO_DOOR: Final = "ACC-043"
ANOTHERS: Final = "ACC-035"
BEHIND: Final = "ACC-036"

_SCHOOL: Final = frozenset({Role.SCHOOL_HEAD})
_DEPARTMENT: Final = frozenset({Role.DEPARTMENT_OFFICER})
_REVIEWERS: Final = frozenset({Role.DISTRICT_OFFICER, Role.DEPARTMENT_OFFICER})
WHO: Final[Mapping[Act, frozenset[Role]]] = {
    **dict.fromkeys(OFFICERS_ACTS, _REVIEWERS),
    **dict.fromkeys(DEPARTMENTS_ACTS, _DEPARTMENT),
    Act.SUBMIT: _SCHOOL,
    Act.RECALL: _SCHOOL,
}
"""Act → the accounts' roles that may ask for it; whose turn it is, the machine says."""

LOOK_S: Final = 0.05


class ConfirmationAct(Body):
    """What the actor saw, and says."""

    sequence: int
    version: int = 0
    digest: str = ""
    reason_code: str = ""
    reason: str = ""
    closes: date | None = None
    on: date | None = None
    """reroute: the day whose organisation confirms from now on; today if none is named."""


def act(request: Request) -> Response:
    """One act: what became of it. Raises ProblemList: ACC-031 to 036, 043, MSG-…, SYS-001, CMD-SILENT."""
    dataset = dataset_of(request)
    what = next((a for a in WHO if a.value == request.path["act"]), None)
    if what is None:
        raise ProblemList([Problem(NO_DOOR)])
    request.trying(what, dataset)
    said_of_it = request.body(ConfirmationAct)
    role = request.acts_as(WHO[what])
    request.trying(what, dataset, role)
    if what in persons.APPROVES:
        _by_another(request, dataset, said_of_it)
    command = confirmation_acts.act(
        dataset,
        what,
        request.account.unit,
        role=role,
        account=request.account.id,
        version=said_of_it.version,
        digest=said_of_it.digest,
        sequence=said_of_it.sequence,
        reason_code=said_of_it.reason_code,
        reason=said_of_it.reason,
        window=Window(closes=said_of_it.closes) if said_of_it.closes else None,
        to=_route(request, dataset, said_of_it.on) if what is Act.REROUTE else (),
    )
    request.trying(what, dataset, role, command.command_id)
    request.record(Kind.ASKED)
    [outcome] = request.parts.confirmation.ask([command])
    return answer(request, outcome)


def dataset_of(request: Request) -> str:
    """The dataset that the path names. Raises ProblemList (ACC-041) for what cannot be one."""
    dataset = request.path["dataset"]
    if re.fullmatch(bounds.DATASET, dataset) is None:
        raise ProblemList([field_problem(NOT_ITS_FORM, "dataset")])
    return dataset


def answer(request: Request, outcome: CommandOutcome) -> Response:
    """What became of a command, on record: 200, or 409 with the machine's code."""
    request.record(Kind.REFUSED if outcome.code else Kind.DONE, code=outcome.code)
    vi, en = outcome.messages() if outcome.refusal else ("", "")
    told = {
        "command_id": outcome.command_id,
        "code": outcome.code,
        "state": outcome.state,
        "message_vi": vi,
        "message_en": en,
        "warnings": [as_told(w) for w in outcome.warnings],
    }
    if not outcome.code:
        return said(told)
    metrics.ACCESS_REFUSED.labels(outcome.code).inc()
    about = {"type": f"urn:csdl:{outcome.code}", "title": en, "status": REFUSED}
    return JSONResponse(about | told, REFUSED, media_type="application/problem+json")


def show(request: Request) -> Response:
    """The state of a dataset, to its school, the units of its route and who reads all (ACC-035)."""
    dataset = dataset_of(request)
    request.trying("read", dataset)
    request.parts.catch_up(request.parts.datasets)
    state = request.parts.datasets.get(dataset)
    account = request.account
    units = {state.ma_truong_hoc, *state.route} if state else {dataset.split(".")[0]}
    if account.unit not in units and not account.roles & READS_ALL:
        raise ProblemList([Problem(ANOTHERS)])
    return said({"state": wire.to_record(state) if state else None})


def _route(request: Request, dataset: str, on: date | None) -> tuple[str, ...]:
    """The school's units on a day. Raises ProblemList (ORG-UNKNOWN, ORG-ROUTE, SYS-001)."""
    school, _, _ = split(dataset)
    try:
        found = units.organisation(request.parts.settings).route(school, on or today())
    except NoRoute as fault:
        raise ProblemList([fault.problem]) from None
    return tuple(unit.code for unit in found)


def _by_another(request: Request, dataset: str, act: ConfirmationAct) -> None:
    """Who corrected this version is another person. The machine takes the act only at the sequence that it
    names, so every event up to there is all that counts. Raises ProblemList (ACC-031, 032, 036)."""
    authors = _correctors(request, dataset, act)
    if not authors:
        return
    with request.parts.connections.borrowed() as conn, conn, conn.cursor() as cur:
        known = store.persons(cur, persons.numbers(authors))
    if code := persons.fault(request.account, authors, known):
        raise ProblemList([Problem(code)])


def _correctors(request: Request, dataset: str, act: ConfirmationAct) -> list[str]:
    deadline = time.monotonic() + CATCH_UP_S
    params: dict[str, Any] = {"dataset": dataset, "version": act.version, "up_to": act.sequence}
    params["facts"] = [fact.value for fact in persons.CORRECTIONS]
    while True:
        with request.parts.connections.borrowed() as conn, conn, conn.cursor() as cur:
            cur.execute(
                "SELECT coalesce(max(sequence), 0) >= %(up_to)s, coalesce(array_agg(DISTINCT account)"
                " FILTER (WHERE event = ANY(%(facts)s) AND version = %(version)s AND sequence <= %(up_to)s),"
                " '{}') FROM confirmation_event WHERE dataset_id = %(dataset)s",
                params,
            )
            whole, authors = cur.fetchone()
        if whole:
            return list(authors)
        if time.monotonic() > deadline:
            raise ProblemList([Problem(BEHIND)])
        time.sleep(LOOK_S)
