"""Opening a reporting campaign: the commands of the department, a dataset a school, its route fixed."""

from collections.abc import Iterable
from datetime import date

from access import confirmation_acts
from schemas.datasets import dataset_id
from schemas.errors import Problem
from schemas.organisation.schools import Register
from streams.confirmation.commands import Command
from streams.confirmation.state import Window


def opening(
    known: Register,
    codes: Iterable[str],
    year: int,
    kind: str,
    day: date,
    *,
    account: str = "cli",
    window: Window | None = None,
) -> tuple[list[Command], list[Problem]]:
    """The commands that open the datasets, and the schools (CAMP-SCHOOL) that the register does not know."""
    commands, problems = [], []
    for code in codes:
        try:
            route = known.route(code, day)
        except KeyError:
            problems.append(Problem("CAMP-SCHOOL", params={"school": code, "day": day.isoformat()}))
            continue
        dataset = dataset_id(code, year, kind)
        commands.append(confirmation_acts.opening(dataset, route, account=account, window=window))
    return commands, problems
