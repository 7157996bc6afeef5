"""The department changes the organisation: a file is checked as a whole, then each of its units recorded."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

from starlette.responses import Response

from access import organisation_imports
from access.accounts.account import READS_ALL, Role
from access.audit import AuditEvent, Kind
from access.organisation_imports import Planned
from access.service.bodies import Body
from access.service.door import Request, as_told, said
from schemas.days import today
from schemas.errors import Problem, ProblemList
from schemas.organisation.importing import Change
from schemas.organisation.units import Kind as UnitKind
from streams.machines.commands_client import CommandOutcome
from streams.organisation.commands import Act

WHO: Final = frozenset({Role.DEPARTMENT_OFFICER})
TRIES: Final = READS_ALL
"""Who may ask what an import would do: it changes nothing, but it is work."""

MAX_BODY: Final = 8 * 1024 * 1024
"""A file with the periods of 40,000 schools has some 5 MB."""

ABOUT: Final = "organisation"
NO_DEPARTMENT: Final = "ORG-OFFICE"
UNDER_WAY: Final = "ORG-BUSY"
WAIT_S: Final = 10.0


class Import(Body):
    """The text of a file and its name, for the places of what is wrong; the command line's other options."""

    name: str
    text: str
    whole: bool = False
    clear_ends: bool = False
    dry_run: bool = False
    reason: str = ""


def import_units(request: Request) -> Response:
    """Say what would change, all of it; then change it, unless it is a dry run.

    Raises ProblemList: all that is wrong with the file (ORG-…), ORG-OFFICE, ORG-BUSY, ACC-033, 034, 041,
    SYS-001, CMD-SILENT.
    """
    asked = request.body(Import)
    request.trying(Act.RECORD, ABOUT)
    role = request.acts_as(TRIES if asked.dry_run else WHO)
    request.trying(Act.RECORD, ABOUT, role)
    with _alone(request):
        found = organisation_imports.planned(
            request.parts.settings, asked.text, asked.name, whole=asked.whole, clear_ends=asked.clear_ends
        )
        if not asked.dry_run:
            _of_a_department(request, found)
        if found.problems:
            raise ProblemList(list(found.problems))
        outcomes = [] if asked.dry_run else _carry_out(request, found, asked.reason)
    refused = [o for o in outcomes if o.code]
    warnings = [*found.warnings, *(outcomes[0].warnings if outcomes else ())]
    return said(
        {
            "dry_run": asked.dry_run,
            "changes": [_told(change) for change in found.plan.changes],
            "unchanged": found.plan.known,
            "absent_columns": sorted(found.plan.absent),
            "warnings": [as_told(w) for w in warnings],
            "refused": Counter(o.code for o in refused),
            "messages": {o.code: o.messages() for o in refused},
        }
    )


@contextmanager
def _alone(request: Request) -> Iterator[None]:
    """Parents and circles need all units at once: no two imports are planned on the same ones.

    Raises ProblemList (ORG-BUSY).
    """
    if not request.parts.importing.acquire(timeout=WAIT_S):
        raise ProblemList([Problem(UNDER_WAY)])
    try:
        yield
    finally:
        request.parts.importing.release()


def _of_a_department(request: Request, found: Planned) -> None:
    """Raises ProblemList (ORG-OFFICE) unless the account's unit is a department today, as it stands."""
    unit, day = request.account.unit, today()
    state = found.states.get(unit)
    if state is None or state.kind is not UnitKind.DEPARTMENT or state.as_unit().on(day) is None:
        raise ProblemList([Problem(NO_DEPARTMENT, params={"unit": unit, "day": day.isoformat()})])


def _carry_out(request: Request, found: Planned, reason: str) -> list[CommandOutcome]:
    """Ask the machine for each unit; on record before and after."""
    account = request.account
    commands = organisation_imports.commands(found, acting=account.unit, account=account.id, reason=reason)
    if not commands:
        return []
    each: dict[str, AuditEvent] = {
        c.command_id: replace(request.about, subject=c.unit_code, command_id=c.command_id) for c in commands
    }
    request.records([replace(event, kind=Kind.ASKED) for event in each.values()])
    outcomes = request.parts.organisation.ask(commands)
    request.records(
        [
            replace(each[o.command_id], kind=Kind.REFUSED if o.code else Kind.DONE, code=o.code)
            for o in outcomes
        ]
    )
    return outcomes


def _told(change: Change) -> dict[str, Any]:
    fields = [
        {
            "since": d.since,
            "field": d.field,
            "before": d.before,
            "after": d.after,
            "cleared": d.cleared,
        }
        for d in change.differences()
    ]
    return {"unit": change.code, "kind": change.after.kind, "new": change.before is None, "fields": fields}
