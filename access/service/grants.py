"""Acts on grants: of the units that decide, of the school that hands over, of the department."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Final

from starlette.responses import Response

from access import grant_acts
from access.accounts import persons, store
from access.accounts.account import Role
from access.audit import Kind
from access.grants import contract
from access.grants.papers import ContractForm
from access.service import approvals, signatures
from access.service.bodies import NOT_ITS_FORM, Body, field_problem
from access.service.confirmation import NO_DOOR, answer
from access.service.door import Request, as_told, said
from runtime import metrics
from schemas.days import today
from schemas.errors import Problem, ProblemList
from streams.grants.commands import Act, Command
from streams.grants.state import Scope, State, level
from streams.machines.commands_client import CommandOutcome

_DEPARTMENT: Final = frozenset({Role.DEPARTMENT_OFFICER})
_MANAGING: Final = frozenset({Role.DISTRICT_OFFICER})
_HEAD: Final = frozenset({Role.SCHOOL_HEAD})
WHO: Final[Mapping[Act, frozenset[Role]]] = {
    Act.ALLOW: _DEPARTMENT,
    Act.CHECK: _MANAGING,
    Act.APPROVE: _DEPARTMENT,
    Act.RETURN: _MANAGING | _DEPARTMENT,
    Act.ISSUE: _DEPARTMENT,
    Act.HAND_OVER: _HEAD,
    Act.ROTATE: _HEAD | _DEPARTMENT,
    Act.AMEND: _DEPARTMENT,
    Act.SUSPEND: _DEPARTMENT,
    Act.RESUME: _DEPARTMENT,
    Act.REVOKE: _DEPARTMENT,
}
"""Act → the accounts' roles that may ask for it; which unit's, the machine says."""

OF_LEVELS: Final = (Act.SUSPEND, Act.RESUME)
"""Acts on a vendor, or a version of its product, as a whole."""
OF_MANY: Final = (Act.CHECK, Act.APPROVE, Act.ISSUE)
"""Acts that a batch goes through: on many grants at once."""
NOWHERE: Final = -1
"""A sequence that no grant has."""
MOST: Final = 2_000
"""Grants in one request."""


class GrantAct(Body):
    """What is said of an act. ``sequence``: that was seen, or none: the current one. ``types``, ``periods``,
    ``rights``, ``valid_until``: what is given; none: as asked, or as it is."""

    sequence: int | None = None
    reason_code: str = ""
    reason: str = ""
    types: tuple[str, ...] | None = None
    periods: tuple[str, ...] | None = None
    rights: tuple[str, ...] | None = None
    valid_until: date | None = None
    product_version: str = ""
    contract: ContractForm | None = None


class ManyGrants(Body):
    """An act on these grants (``vendor/school``), each as it stands."""

    grants: tuple[str, ...]
    valid_until: date | None = None


def act(request: Request) -> Response:
    """One act on one grant.

    Raises ProblemList: GRANT-VENDOR, GRANT-SCHOOL, GRT-…, ACC-031 to 034, 043, SYS-001; of an approval what
    speaks against its document (FORM-063, 064, SIG-…).
    """
    vendor, school = request.path["vendor"], request.path["school"]
    what = _named(request, tuple(WHO))
    asked = request.body(GrantAct)
    subject = f"{vendor}/{school}"
    request.trying(what, subject)
    role = request.acts_as(WHO[what])
    if problems := _problems(request, what, vendor, school, asked):
        raise ProblemList(problems)
    state = standing(request, vendor, school, asked.sequence)
    by_another(request, what, [state])
    found = approvals.checked(request, [state]) if what is Act.APPROVE else {}
    command = _command(request, what, role, state, asked, signatures.together(found, state.paper))
    request.trying(what, subject, role, command.command_id)
    request.record(Kind.ASKED)
    [outcome] = request.parts.grants.ask([command])
    return answer(request, replace(outcome, warnings=(*outcome.warnings, *signatures.doubts(found))))


def many(request: Request) -> Response:
    """The same act on many grants at once: what became of each. Raises ProblemList as above."""
    what = _named(request, OF_MANY)
    asked = request.body(ManyGrants)
    request.trying(what, "grants")
    role = request.acts_as(WHO[what])
    named = [subject.partition("/")[::2] for subject in dict.fromkeys(asked.grants)]
    if not named or len(named) > MOST or not all(all(pair) for pair in named):
        raise ProblemList([field_problem(NOT_ITS_FORM, "grants")])
    request.parts.catch_up(request.parts.granted)
    states = [_known(request, vendor, school) for vendor, school in named]
    by_another(request, what, states)
    found = approvals.checked(request, states) if what is Act.APPROVE else {}
    said_of_each = GrantAct(valid_until=asked.valid_until)
    commands = [
        _command(request, what, role, s, said_of_each, signatures.together(found, s.paper)) for s in states
    ]
    return carry_out(request, commands, signatures.doubts(found))


def of_level(request: Request) -> Response:
    """The department suspends or resumes a vendor, or a version of its product. Raises as above."""
    vendor = request.path["vendor"]
    what = _named(request, OF_LEVELS)
    asked = request.body(GrantAct)
    about = level(asked.product_version)
    request.trying(what, f"{vendor}/{about}"[:200])
    role = request.acts_as(WHO[what])
    if problems := grant_acts.problems(request.parts.settings, vendor, "", known=True):
        raise ProblemList(problems)
    command = _command(request, what, role, standing(request, vendor, about), asked)
    request.trying(what, command.grant_id, role, command.command_id)
    request.record(Kind.ASKED)
    [outcome] = request.parts.grants.ask([command])
    return answer(request, outcome)


def carry_out(request: Request, commands: Sequence[Command], doubts: Sequence[Problem] = ()) -> Response:
    """Send commands together; what became of each, on record. Nothing is sent that is not. ``doubts`` are
    told with the answer."""
    about = {
        c.command_id: replace(
            request.about, act=c.command, subject=c.grant_id, role=c.role, command_id=c.command_id
        )
        for c in commands
    }
    request.records([replace(event, kind=Kind.ASKED) for event in about.values()])
    outcomes = request.parts.grants.ask(commands)
    for refused in filter(None, (outcome.code for outcome in outcomes)):
        metrics.ACCESS_REFUSED.labels(refused).inc()
    request.records(
        [
            replace(about[o.command_id], kind=Kind.REFUSED if o.code else Kind.DONE, code=o.code)
            for o in outcomes
        ]
    )
    return said(
        {
            "done": sum(not o.code for o in outcomes),
            "refused": sum(bool(o.code) for o in outcomes),
            "grants": [_told(c, o) for c, o in zip(commands, outcomes, strict=True)],
            "warnings": [as_told(w) for w in (*outcomes[0].warnings, *doubts)],
        }
    )


def standing(request: Request, vendor: str, school: str, seen: int | None = None) -> State:
    """The grant as it stands now; one that stands where it was seen is not asked for again, for the machine
    takes an act on it there alone. Raises ProblemList (SYS-001)."""
    if seen is None or _known(request, vendor, school).sequence != seen:
        request.parts.catch_up(request.parts.granted)
    return _known(request, vendor, school)


def sequence_of(state: State, seen: int | None) -> int:
    """Where the machine must find a grant that was judged by this state. What is said to be seen beyond it
    was not judged by: no state has that sequence."""
    return state.sequence if seen is None else seen if seen <= state.sequence else NOWHERE


def by_another(request: Request, what: Act, states: Sequence[State]) -> None:
    """Who checks is not who asked; who approves is neither who asked nor who checked or batched.

    The machine takes the act only at the sequence of these states. Raises ProblemList (ACC-031, ACC-032).
    """
    authors: set[str] = set()
    for state in states:
        match what:
            case Act.APPROVE:
                authors.update(state.authors)
            case Act.CHECK | Act.BATCH:
                authors.update(state.authors[:1])
            case _:
                return
    with request.parts.connections.borrowed() as conn, conn, conn.cursor() as cur:
        known = store.persons(cur, persons.numbers(sorted(authors)))
    if code := persons.fault(request.account, sorted(authors), known):
        raise ProblemList([Problem(code)])


def _command(
    request: Request, what: Act, role: Role, state: State, asked: GrantAct, signature: str = ""
) -> Command:
    scope = _scope(what, state, asked)
    return grant_acts.grant(
        what,
        state.vendor,
        state.ma_truong_hoc,
        unit=request.account.unit,
        account=request.account.id,
        role=role,
        sequence=sequence_of(state, asked.sequence),
        reason_code=asked.reason_code,
        reason=asked.reason,
        rights=scope.rights,
        types=scope.types,
        periods=scope.periods,
        valid_until=scope.valid_until,
        product_version="" if state.is_level else asked.product_version,
        contract=contract.of(asked.contract) if asked.contract else None,
        document=state.paper if what is Act.APPROVE else None,
        signature=signature if what is Act.APPROVE else "",
    )


def _scope(what: Act, state: State, asked: GrantAct) -> Scope:
    """What is given: as said, else as asked or as it is."""
    match what:
        case Act.APPROVE:
            before = state.pending or Scope()
        case Act.AMEND:
            before = state.scope
        case Act.ALLOW:
            before = Scope()
        case _:
            return Scope()
    return Scope(
        before.types if asked.types is None else asked.types,
        before.periods if asked.periods is None else asked.periods,
        before.rights if asked.rights is None else asked.rights,
        before.valid_until if asked.valid_until is None else asked.valid_until,
    )


def _problems(request: Request, what: Act, vendor: str, school: str, asked: GrantAct) -> list[Problem]:
    match what:
        case Act.ALLOW:
            known = _is_school(request, school)
        case Act.HAND_OVER:
            form = asked.contract or ContractForm()
            return contract.problems(form, vendor, school, today())
        case _:
            # What has closed must be revocable.
            known = True
    return grant_acts.problems(request.parts.settings, vendor, school, known=known)


def _named(request: Request, acts: Sequence[Act]) -> Act:
    """The act that the path names. Raises ProblemList (ACC-043)."""
    named = request.path["act"].replace("-", "_")
    what = next((a for a in acts if a.value == named), None)
    if what is None:
        raise ProblemList([Problem(NO_DOOR)])
    return what


def _known(request: Request, vendor: str, school: str) -> State:
    return request.parts.granted.get(f"{vendor}/{school}") or State(vendor, school)


def _told(command: Command, outcome: CommandOutcome) -> dict[str, Any]:
    vi, en = outcome.messages() if outcome.refusal else ("", "")
    return {
        "grant": command.grant_id,
        "command_id": outcome.command_id,
        "code": outcome.code,
        "state": outcome.state,
        "message_vi": vi,
        "message_en": en,
    }


def _is_school(request: Request, code: str) -> bool:
    """Whether there is such a school today. Raises ProblemList (SYS-001) if nobody can say."""
    units, day = request.parts.units, today()
    if units.is_school(code, day):
        return True
    request.parts.catch_up(units)
    return units.is_school(code, day)
