"""An import of units by the department: checked as a whole against what is known, then asked for.

The first units of a stack come from setup (``access.handing_over``), the department among them; what comes
after is an act of one of its officers.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from access import organisation_acts
from runtime.settings import Settings
from schemas.days import today
from schemas.errors import Problem, SourceLocation
from schemas.organisation import files, province
from schemas.organisation.importing import Change, Plan, plan
from schemas.organisation.unit_files import Row
from schemas.organisation.units import Kind, Unit
from streams.confirmation.machine import MACHINE as CONFIRMATION
from streams.confirmation.state import Stage
from streams.confirmation.state import State as Dataset
from streams.machines import topic_log
from streams.organisation import units
from streams.organisation.commands import Command
from streams.organisation.state import State

HOLDS_CLAIMS: Final = "ORG-CLAIMS"
LAST: Final = "ORG-LAST"
ORDER: Final = (Kind.MINISTRY, Kind.DEPARTMENT, Kind.DISTRICT, Kind.COMMUNE, Kind.SCHOOL)
"""Those above first: a reader in between meets no school whose units are still on their way."""


@dataclass(frozen=True)
class Planned:
    """What an import would do, and the states that it was planned on. ``warnings`` hinder nothing."""

    plan: Plan
    states: Mapping[str, State]
    problems: Sequence[Problem]
    warnings: Sequence[Problem]


def planned(
    settings: Settings, text: str, name: str, *, whole: bool = False, clear_ends: bool = False
) -> Planned:
    """What comes of a file of units, or of a register of releases up to 0.4.0, that is called so.

    Raises ProblemList for what cannot be read at all, or if Kafka is away (SYS-001).
    """
    its_province = province.load(settings.province)
    rows = files.parse(text, name, its_province)
    states = units.states(settings)
    present = {code: state.as_unit() for code, state in states.items() if state.periods}
    made = plan(present, rows, whole=whole, clear_ends=clear_ends)
    day = today()
    places = {row.code: _end_of(row) for row in rows.rows}
    problems = [
        *made.problems,
        *_claims(settings, made.changes, day, places),
        *_nobody_left(made, day, places),
    ]
    return Planned(made, states, problems, its_province.unlike(rows.rows))


def commands(found: Planned, *, acting: str, account: str, reason: str = "") -> list[Command]:
    """What is asked of the machine, units above first."""
    none = State("", Kind.SCHOOL)
    return [
        organisation_acts.record(
            change.after,
            acting=acting,
            account=account,
            sequence=found.states.get(change.code, none).sequence,
            reason=reason,
        )
        for change in sorted(found.plan.changes, key=lambda c: (ORDER.index(c.after.kind), c.code))
    ]


def _end_of(row: Row) -> SourceLocation:
    return replace(row.place, field="valid_to")


def _nobody_left(made: Plan, day: date, places: Mapping[str, SourceLocation]) -> list[Problem]:
    """ORG-LAST if no department would be left today or in the end: nobody could import anything any more."""
    departments = [unit for unit in made.units.values() if unit.kind is Kind.DEPARTMENT]
    lasts = any(period.valid_to is None for unit in departments for period in unit.periods)
    if lasts and any(unit.on(day) for unit in departments):
        return []
    place = next((places[unit.code] for unit in departments if unit.code in places), SourceLocation())
    return [Problem(LAST, place)]


def _claims(
    settings: Settings, changes: Iterable[Change], day: date, places: Mapping[str, SourceLocation]
) -> list[Problem]:
    """ORG-CLAIMS for each unit that would be no more today while it holds datasets that it has claimed."""
    ending = {c.code: c.after for c in changes if c.before and c.before.on(day) and not c.after.on(day)}
    if not any(unit.kind is not Kind.SCHOOL for unit in ending.values()):
        return []
    return claims(ending, topic_log.read_states(CONFIRMATION, settings).values(), places)


def claims(
    ending: Mapping[str, Unit], datasets: Iterable[Dataset], places: Mapping[str, SourceLocation]
) -> list[Problem]:
    """The same, of units that end, of all datasets, and where the file ends each unit. Pure."""
    held: dict[str, list[str]] = {}
    for dataset in datasets:
        if dataset.state is Stage.CLAIMED and dataset.turn in ending:
            held.setdefault(dataset.turn, []).append(dataset.dataset_id)
    return [
        Problem(
            HOLDS_CLAIMS,
            places.get(code, SourceLocation()),
            params={
                "unit": code,
                "day": max(p.until for p in ending[code].periods).isoformat(),
                "count": len(found),
                "dataset": min(found),
            },
        )
        for code, found in sorted(held.items())
    ]
