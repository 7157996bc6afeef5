"""A school removes records that its last whole list lacked; above a share its head consents: another."""

from typing import Any, Final

from starlette.responses import Response

from access import removal_acts
from access.accounts import persons, store
from access.accounts.account import Role
from access.audit import Kind
from access.service.bodies import Body, Nothing
from access.service.confirmation import ANOTHERS, dataset_of
from access.service.door import Request, as_told, said
from readings import records as readings
from schemas.contracts import bounds
from schemas.datasets import split
from schemas.errors import Problem, ProblemList, message

ASKS: Final = frozenset({Role.SCHOOL_OFFICER})
CONSENTS: Final = frozenset({Role.SCHOOL_HEAD})
NO_SUCH: Final = "REM-009"

TOLD: Final = {
    "removal_id": "PushId",
    "dataset": "DatasetId",
    "outcome": "Outcome",
    "code": "Code",
    "version": "Version",
    "removed": "Removed",
    "waiting": "Waiting",
}
"""What is told of an answer."""


class RemovalAct(Body):
    """Records of one type that leave: those named, or all that are absent; the version that was seen, or
    none: the current one."""

    record_type: str
    reason: str
    identities: tuple[str, ...] = ()
    version: int | None = None


def ask(request: Request) -> Response:
    """The school's officer asks. Raises ProblemList: ACC-033 to 035, MSG-005/006, SYS-001, REM-008."""
    dataset = dataset_of(request)
    request.trying("remove", dataset)
    asked = request.body(RemovalAct)
    role = _own(request, dataset, ASKS)
    with request.parts.connections.borrowed() as conn:
        seen = readings.version(conn, dataset) if asked.version is None else asked.version
    return _carry_out(
        request,
        removal_acts.removal(
            dataset,
            asked.record_type,
            seen,
            role=role,
            account=request.account.id,
            reason=asked.reason,
            identities=asked.identities,
        ),
    )


def consent(request: Request) -> Response:
    """Its head agrees to one that waits: another person than asked.

    Raises ProblemList as above; ACC-031, ACC-032, REM-009.
    """
    dataset, removal_id = dataset_of(request), request.path["removal"]
    request.trying("consent", dataset)
    request.body(Nothing)
    role = _own(request, dataset, CONSENTS)
    with request.parts.connections.borrowed() as conn:
        waits = {row["removal_id"]: row for row in readings.waiting(conn, dataset)}
        seen = readings.version(conn, dataset)
        waiting = waits.get(removal_id)
        if waiting is None:
            raise ProblemList([Problem(NO_SUCH, params={"removal_id": removal_id})])
        if waiting["vendor"] == removal_acts.SCHOOL:
            authors = [waiting["account"]]
            with conn, conn.cursor() as cur:
                known = store.persons(cur, persons.numbers(authors))
            if code := persons.fault(request.account, authors, known):
                raise ProblemList([Problem(code)])
    return _carry_out(
        request,
        removal_acts.removal(
            dataset,
            waiting["record_type"],
            seen,
            role=role,
            account=request.account.id,
            removal_id=removal_id,
        ),
    )


def _own(request: Request, dataset: str, roles: frozenset[Role]) -> Role:
    """The role, of an account of the dataset's own school. Raises ProblemList (ACC-034, ACC-035)."""
    school, _, _ = split(dataset)
    role = request.acts_as(roles)
    if request.account.unit != school:
        raise ProblemList([Problem(ANOTHERS)])
    return role


def _carry_out(request: Request, asked: dict[str, Any]) -> Response:
    if unfit := bounds.asked("RemovalAsked", asked):
        raise ProblemList([Problem(unfit)])
    act, dataset = request.about.act, asked["DatasetId"]
    request.trying(act, dataset, asked["Role"], asked["RemovalId"])
    request.record(Kind.ASKED)
    answered, warnings = removal_acts.ask(request.parts.settings, asked)
    refused = answered["Outcome"] == "refused"
    request.record(Kind.REFUSED if refused else Kind.DONE, code=answered["Code"] if refused else "")
    vi, en = message(answered["Code"]) if answered["Code"] else ("", "")
    told = {name: answered[key] for name, key in TOLD.items()}
    told |= {"seen": asked["Version"], "message_vi": vi, "message_en": en}
    return said(told | {"warnings": [as_told(w) for w in warnings]}, 409 if refused else 200)
