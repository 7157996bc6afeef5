"""An import of units by the department: checked as a whole against what is known, then asked for."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from access import organisation_acts
from runtime.settings import Settings
from schemas.days import today
from schemas.errors import Problem
from schemas.organisation import files, province, unit_files
from schemas.organisation.importing import Change, Plan, plan
from schemas.organisation.province import Province
from schemas.organisation.unit_files import Rows
from schemas.organisation.units import Kind, Unit
from streams.confirmation.machine import MACHINE as CONFIRMATION
from streams.confirmation.state import Stage
from streams.confirmation.state import State as Dataset
from streams.machines import topic_log
from streams.machines.commands_client import CommandOutcome, CommandsClient
from streams.organisation import units
from streams.organisation.commands import Command
from streams.organisation.machine import MACHINE
from streams.organisation.state import State

HOLDS_CLAIMS: Final = "ORG-CLAIMS"
ORDER: Final = (Kind.MINISTRY, Kind.DEPARTMENT, Kind.DISTRICT, Kind.COMMUNE, Kind.SCHOOL)
"""Those above first: a reader in between meets no school whose units are still on their way."""


@dataclass(frozen=True)
class Planned:
    """What an import would do, and the states that it was planned on. ``warnings`` hinder nothing."""

    plan: Plan
    states: Mapping[str, State]
    problems: Sequence[Problem]
    warnings: Sequence[Problem]


def planned(settings: Settings, path: Path, *, whole: bool = False, clear_ends: bool = False) -> Planned:
    """What comes of a province's folder, of a file of units, or of a register of releases up to 0.4.0.

    Raises ProblemList for what cannot be read at all, or if Kafka is away (SYS-001).
    """
    its_province = province.load(str(path) if path.is_dir() else settings.province)
    rows = its_province.rows if path.is_dir() else _rows(path, its_province)
    states = units.states(settings)
    present = {code: state.as_unit() for code, state in states.items() if state.periods}
    made = plan(present, rows, whole=whole, clear_ends=clear_ends)
    problems = [*made.problems, *_claims(settings, made.changes, today())]
    return Planned(made, states, problems, its_province.unlike(rows.rows))


def _rows(path: Path, its_province: Province) -> Rows:
    return files.parse(unit_files.text_of(path), path.name, its_province)


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


def carry_out(settings: Settings, asked: Sequence[Command]) -> list[CommandOutcome]:
    """Ask it, and wait for what comes of it. Raises ProblemList: SYS-001, CMD-SILENT."""
    if not asked:
        return []
    with CommandsClient(MACHINE, settings) as client:
        return client.send_many(asked)


def _claims(settings: Settings, changes: Iterable[Change], day: date) -> list[Problem]:
    """ORG-CLAIMS for each unit that would be no more today while it holds datasets that it has claimed."""
    ending = {c.code: c.after for c in changes if c.before and c.before.on(day) and not c.after.on(day)}
    if not any(unit.kind is not Kind.SCHOOL for unit in ending.values()):
        return []
    return claims(ending, topic_log.read_states(CONFIRMATION, settings).values())


def claims(ending: Mapping[str, Unit], datasets: Iterable[Dataset]) -> list[Problem]:
    """The same, of units that end and of all datasets. Pure."""
    held: dict[str, list[str]] = {}
    for dataset in datasets:
        if dataset.state is Stage.CLAIMED and dataset.turn in ending:
            held.setdefault(dataset.turn, []).append(dataset.dataset_id)
    return [
        Problem(
            HOLDS_CLAIMS,
            params={
                "unit": code,
                "day": max(p.until for p in ending[code].periods).isoformat(),
                "count": len(found),
                "dataset": min(found),
            },
        )
        for code, found in sorted(held.items())
    ]
