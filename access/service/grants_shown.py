"""What people see of grants: those of a school, and what waits for their own unit."""

from typing import Final

from starlette.responses import Response

from access.accounts.account import READS_ALL
from access.grants import shown
from access.service.confirmation import ANOTHERS
from access.service.door import Request, said
from schemas.errors import Problem, ProblemList
from streams.grants.state import State

MOST: Final = 2_000
"""Grants that are shown at once."""


def of_school(request: Request) -> Response:
    """The grants of a school, to itself, the units of its requests and who reads all (ACC-035)."""
    school = request.path["school"]
    request.trying("read", f"*/{school}"[:200])
    own = [state for state in _all(request) if state.ma_truong_hoc == school]
    units = {school, *(unit for state in own for unit in state.route)}
    if request.account.unit not in units and not request.account.roles & READS_ALL:
        raise ProblemList([Problem(ANOTHERS)])
    return said({"school": school, "grants": [shown.row(state) for state in own]})


def waiting(request: Request) -> Response:
    """What waits for the account's unit, the longest first."""
    request.trying("read", "grants")
    own = [state for state in _all(request) if state.turn == request.account.unit]
    own.sort(key=lambda state: (state.since.isoformat() if state.since else "", state.grant_id))
    return said({"unit": request.account.unit, "grants": [shown.row(state) for state in own[:MOST]]})


def _all(request: Request) -> list[State]:
    request.parts.catch_up(request.parts.granted)
    return request.parts.granted.all()
