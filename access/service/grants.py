"""The department lets a vendor push for a school, or stops it."""

from typing import Final

from starlette.responses import Response

from access import grant_acts
from access.accounts.account import Role
from access.audit import Kind
from access.service.confirmation import NO_DOOR, answer
from access.service.door import Body, Request
from access.service.parts import CATCH_UP_S
from runtime import kafka
from schemas.days import today
from schemas.errors import Problem, ProblemList
from streams.grants.commands import Act

WHO: Final = frozenset({Role.DEPARTMENT_OFFICER})


class GrantAct(Body):
    """What is allowed beyond pushing; the sequence that was seen, or none: the current one."""

    rights: tuple[str, ...] = ()
    reason: str = ""
    sequence: int | None = None


def act(request: Request) -> Response:
    """Allow or revoke. Raises ProblemList: GRANT-VENDOR, GRANT-SCHOOL, ACC-033, 034, 043, SYS-001 …"""
    vendor, school = request.path["vendor"], request.path["school"]
    what = next((a for a in Act if a.value == request.path["act"]), None)
    if what is None:
        raise ProblemList([Problem(NO_DOOR)])
    subject = f"{vendor}/{school}"
    request.trying(what, subject)
    asked = request.body(GrantAct)
    role = request.acts_as(WHO)
    settings = request.parts.settings
    # A revocation asks for no school: one that has closed must be revocable.
    known = what is Act.REVOKE or _is_school(request, school)
    if problems := grant_acts.problems(settings, vendor, school, known=known):
        raise ProblemList(problems)
    if asked.sequence is None and not request.parts.granted.catch_up(CATCH_UP_S):
        raise kafka.away(settings)
    state = request.parts.granted.get(subject)
    current = state.sequence if state else 0
    command = grant_acts.grant(
        what,
        vendor,
        school,
        account=request.account.id,
        sequence=current if asked.sequence is None else asked.sequence,
        rights=asked.rights,
        unit=request.account.unit,
        role=role,
        reason=asked.reason,
    )
    request.trying(what, subject, role, command.command_id)
    request.record(Kind.ASKED)
    [outcome] = request.parts.grants.ask([command])
    return answer(request, outcome)


def _is_school(request: Request, code: str) -> bool:
    """Whether there is such a school today. Raises ProblemList (SYS-001) if nobody can say."""
    units, day = request.parts.units, today()
    if units.is_school(code, day):
        return True
    if not units.catch_up(CATCH_UP_S):
        raise kafka.away(request.parts.settings)
    return units.is_school(code, day)
