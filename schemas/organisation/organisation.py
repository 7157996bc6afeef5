"""The organisation on a day: which units there are, who manages whom, who confirms a school's data.

A route is the chain of units above a school on the day that is asked for, read by one function (``route``):
never a prefix of a code, never a date in the code.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final, NamedTuple

from schemas.errors import Problem
from schemas.organisation.units import Kind, Period, Unit

NOT_THAT_DAY: Final = "ORG-UNKNOWN"
NO_WAY_UP: Final = "ORG-ROUTE"


class Held(NamedTuple):
    """A unit as it was on the day that was asked for."""

    code: str
    kind: Kind
    period: Period


class NoRoute(Exception):
    """A school without a route on that day; ``problem`` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


class Organisation:
    """Units, found by code and day. Whatever they are like, every answer comes to an end."""

    def __init__(self, units: Iterable[Unit]) -> None:
        self.units: Mapping[str, Unit] = {unit.code: unit for unit in units}

    def on(self, code: str, day: date) -> Held | None:
        """The unit of that code on that day; None if there was none."""
        unit = self.units.get(code)
        period = unit.on(day) if unit else None
        return Held(code, unit.kind, period) if unit and period else None

    def held(self, day: date, kind: Kind | None = None) -> list[Held]:
        """The units of that day, by code: none that did not exist."""
        found = (self.on(code, day) for code in sorted(self.units))
        return [h for h in found if h is not None and kind in (None, h.kind)]

    def school(self, code: str, day: date) -> Period | None:
        """The school of that code on that day, or None."""
        found = self.on(code, day)
        return found.period if found and found.kind is Kind.SCHOOL else None

    def schools(self, day: date) -> list[str]:
        """Codes of all schools on that day."""
        return [h.code for h in self.held(day, Kind.SCHOOL)]

    def route(self, code: str, day: date) -> list[Held]:
        """Units that must confirm the school's data, in order: those above it, up to the department.

        Raises NoRoute: ORG-UNKNOWN for what is no school on that day, ORG-ROUTE if the chain breaks off or
        goes in a circle.
        """
        school = self.on(code, day)
        if school is None or school.kind is not Kind.SCHOOL:
            raise NoRoute(Problem(NOT_THAT_DAY, params={"unit": code, "day": day.isoformat()}))
        route: list[Held] = []
        above = school.period.parent
        while above:
            unit = self.on(above, day)
            if unit is None or unit.code in {h.code for h in route}:
                params = {"unit": code, "day": day.isoformat(), "at": above}
                raise NoRoute(Problem(NO_WAY_UP, params=params))
            if unit.kind is Kind.MINISTRY:
                break
            route.append(unit)
            above = unit.period.parent
        if not route or route[-1].kind is not Kind.DEPARTMENT:
            at = route[-1].code if route else code
            raise NoRoute(Problem(NO_WAY_UP, params={"unit": code, "day": day.isoformat(), "at": at}))
        return route

    def department(self, day: date) -> str:
        """Code of the department; "" unless there is exactly one on that day."""
        found = [h.code for h in self.held(day, Kind.DEPARTMENT)]
        return found[0] if len(found) == 1 else ""

    def totals(self, day: date) -> dict[str, dict[str, int]]:
        """Managing unit → level → its schools on that day. Every school of the day is counted once."""
        found: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for school in self.held(day, Kind.SCHOOL):
            found[school.period.parent][school.period.level] += 1
        return {unit: dict(sorted(levels.items())) for unit, levels in sorted(found.items())}
