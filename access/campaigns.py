"""Opening a reporting campaign: the commands of the department, a dataset a school, its route fixed."""

from collections.abc import Iterable
from datetime import date

from access import confirmation_acts
from schemas.datasets import dataset_id
from schemas.errors import Problem
from schemas.organisation.organisation import NOT_THAT_DAY, NoRoute, Organisation
from streams.confirmation.commands import Command
from streams.confirmation.state import Window


def opening(
    known: Organisation,
    codes: Iterable[str],
    year: int,
    kind: str,
    day: date,
    *,
    unit: str = "",
    account: str = "cli",
    window: Window | None = None,
) -> tuple[list[Command], list[Problem]]:
    """The commands that open the datasets, and why other schools have no route (CAMP-SCHOOL, ORG-ROUTE)."""
    commands, problems = [], []
    for code in codes:
        try:
            route = [unit.code for unit in known.route(code, day)]
        except NoRoute as fault:
            unknown = Problem("CAMP-SCHOOL", params={"school": code, "day": day.isoformat()})
            problems.append(unknown if fault.problem.code == NOT_THAT_DAY else fault.problem)
            continue
        dataset = dataset_id(code, year, kind)
        commands.append(confirmation_acts.opening(dataset, route, unit=unit, account=account, window=window))
    return commands, problems
