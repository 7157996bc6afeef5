"""The department opens a reporting campaign: a dataset a school, its route fixed."""

from collections import Counter
from dataclasses import replace
from datetime import date
from typing import Final

from starlette.responses import Response

from access import campaigns
from access.accounts.account import Role
from access.audit import Kind
from access.service.bodies import Body
from access.service.door import Request, as_told, said
from runtime.settings import Settings
from schemas.datasets import PERIODS, reference_day
from schemas.errors import Problem, ProblemList
from schemas.organisation import province
from streams.confirmation.commands import Act
from streams.confirmation.conditions import ALREADY
from streams.confirmation.state import Window
from streams.organisation import units

WHO: Final = frozenset({Role.DEPARTMENT_OFFICER})
MOST: Final = 20_000
"""Schools in one request."""


class Campaign(Body):
    """A period of a school year, for these schools, or for all of the day ``on``; the days to submit."""

    year: int
    kind: str
    schools: list[str] | None = None
    on: date | None = None
    opens: date | None = None
    closes: date | None = None
    calendar: bool = False
    """Days to submit as the province's calendar has them, where none is named."""


def open_campaign(request: Request) -> Response:
    """Open what is not open yet: how many, by which routes, what was refused.

    Raises ProblemList: CAMP-YEAR, CAMP-CALENDAR, ACC-033, 034, 041, SYS-001, SYS-003, CMD-SILENT.
    """
    asked = request.body(Campaign)
    request.trying(Act.OPEN, f"{asked.year}.{asked.kind}"[:100])
    role = request.acts_as(WHO)
    settings = request.parts.settings
    if not settings.has_year(asked.year) or asked.kind not in PERIODS:
        years = ", ".join(map(str, settings.school_years))
        raise ProblemList([Problem("CAMP-YEAR", params={"year": asked.year, "years": years})])
    day = asked.on or reference_day(asked.year, PERIODS[asked.kind])
    known = units.organisation(settings)
    codes = known.schools(day) if asked.schools is None else asked.schools[:MOST]
    window = Window(asked.opens, asked.closes)
    if asked.calendar and window == Window():
        window = _in_calendar(settings, asked.year, asked.kind)
    commands, not_sent = campaigns.opening(
        known,
        codes,
        asked.year,
        asked.kind,
        day,
        unit=request.account.unit,
        account=request.account.id,
        window=window if window != Window() else None,
    )
    about = replace(request.about, role=role)
    each = {c.command_id: replace(about, subject=c.dataset_id, command_id=c.command_id) for c in commands}
    request.records([replace(event, kind=Kind.ASKED) for event in (each.values() if each else [about])])
    outcomes = request.parts.confirmation.ask(commands) if commands else []
    request.records(
        [
            replace(each[o.command_id], kind=Kind.REFUSED if o.code else Kind.DONE, code=o.code)
            for o in outcomes
        ]
    )
    refused = Counter(o.code for o in outcomes if o.code)
    told = {o.code: o.messages() for o in outcomes if o.code}
    return said(
        {
            "opened": sum(not o.code for o in outcomes),
            "open_already": refused.pop(ALREADY, 0),
            "refused": dict(refused),
            "messages": {code: texts for code, texts in told.items() if code != ALREADY},
            "not_sent": [p.as_dict() for p in not_sent],
            "on": day,
            "routes": dict(Counter(" → ".join(c.route) for c in commands)),
            "warnings": [as_told(w) for w in (outcomes[0].warnings if outcomes else ())],
        }
    )


def _in_calendar(settings: Settings, year: int, kind: str) -> Window:
    """Raises ProblemList (CAMP-CALENDAR) if the province's calendar says nothing of that period."""
    its_province = province.load(settings.province)
    days = its_province.window(year, PERIODS[kind])
    if days is None:
        params = {"year": year, "period": PERIODS[kind], "path": str(its_province.folder / province.CALENDAR)}
        raise ProblemList([Problem("CAMP-CALENDAR", params=params)])
    return Window(*days)
