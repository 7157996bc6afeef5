"""What is wrong with units: each alone, and all together on every day. Pure.

Invariant: **the same units give the same findings in the same order, whatever the order of rows.**
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from schemas.organisation.names import CODE, strange
from schemas.organisation.units import ROOTS, Ended, Kind, Period, Unit, in_order

WRONG_CODE: Final = "ORG-CODE"
WRONG_NAME: Final = "ORG-NAME"
WRONG_DAYS: Final = "ORG-DAYS"
WRONG_END: Final = "ORG-END"
NO_PERIOD: Final = "ORG-EMPTY"
OVERLAP: Final = "ORG-OVERLAP"
TWO_PARENTS: Final = "ORG-PARENTS"
GAP: Final = "ORG-GAP"
NO_PARENT: Final = "ORG-PARENT-NONE"
UNKNOWN_PARENT: Final = "ORG-PARENT"
PARENT_AWAY: Final = "ORG-PARENT-DAYS"
WRONG_PARENT: Final = "ORG-PARENT-KIND"
CIRCLE: Final = "ORG-CIRCLE"
UNKNOWN_SUCCESSOR: Final = "ORG-SUCCESSOR"


@dataclass(frozen=True)
class Finding:
    """Of the period of ``unit`` that begins with ``since``; None: of the unit."""

    code: str
    unit: str
    since: date | None = None
    column: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def order(self) -> tuple[Any, ...]:
        """Findings stand by unit, then by day."""
        return self.unit, self.since or date.min, self.code, repr(sorted(self.params.items()))


def check(units: Mapping[str, Unit]) -> list[Finding]:
    """All findings on an organisation, by unit and day."""
    found = [finding for unit in units.values() for finding in of_unit(unit)]
    found += [finding for unit in units.values() for finding in _above(unit, units)]
    found += _circles(units)
    return sorted(found, key=lambda f: f.order)


def of_unit(unit: Unit) -> list[Finding]:
    """What is wrong with a unit by itself, whatever others there are."""
    found = []
    if not re.fullmatch(CODE, unit.code):
        found.append(Finding(WRONG_CODE, unit.code, column="code", params={"unit": unit.code}))
    if not unit.periods:
        found.append(Finding(NO_PERIOD, unit.code, params={"unit": unit.code}))
    last: Period | None = None
    for period in in_order(unit.periods):
        found += _of_period(unit, period)
        if last is not None:
            found += _between(unit.code, last, period)
        if last is None or period.until > last.until:
            last = period
    return found


def _of_period(unit: Unit, period: Period) -> Iterator[Finding]:
    about: dict[str, Any] = {"unit": unit.code, "day": period.valid_from.isoformat()}
    if period.until <= period.valid_from:
        until = period.until.isoformat()
        yield Finding(WRONG_DAYS, unit.code, period.valid_from, "valid_to", about | {"until": until})
    signs = strange(period.name)
    if signs or not period.name:
        yield Finding(WRONG_NAME, unit.code, period.valid_from, "name", about | {"signs": signs or "–"})
    if period.valid_to is None and (period.ended is not Ended.CHANGED or period.successors):
        yield Finding(WRONG_END, unit.code, period.valid_from, "ended", about)


def _between(code: str, before: Period, after: Period) -> Iterator[Finding]:
    """``before``: of all periods before, the one that lasts longest."""
    about = {"unit": code, "day": after.valid_from.isoformat()}
    if after.valid_from < before.until:
        if before.parent != after.parent:
            parents = {"first": before.parent or "–", "second": after.parent or "–"}
            yield Finding(TWO_PARENTS, code, after.valid_from, "parent", about | parents)
        else:
            since = before.valid_from.isoformat()
            yield Finding(OVERLAP, code, after.valid_from, "valid_from", about | {"since": since})
    elif after.valid_from > before.until and before.ended is not Ended.CLOSED:
        yield Finding(GAP, code, after.valid_from, "valid_from", about | {"until": before.until.isoformat()})


def _above(unit: Unit, units: Mapping[str, Unit]) -> Iterator[Finding]:
    """What is wrong with the units that it names."""
    for period in unit.periods:
        about: dict[str, Any] = {"unit": unit.code, "day": period.valid_from.isoformat()}
        for name in period.successors:
            if name not in units:
                params = about | {"successor": name}
                yield Finding(UNKNOWN_SUCCESSOR, unit.code, period.valid_from, "successors", params)
        if not period.parent:
            if unit.kind not in ROOTS:
                params = about | {"kind": unit.kind.value}
                yield Finding(NO_PARENT, unit.code, period.valid_from, "parent", params)
            continue
        about["parent"] = period.parent
        parent = units.get(period.parent)
        if parent is None:
            yield Finding(UNKNOWN_PARENT, unit.code, period.valid_from, "parent", about)
        elif parent.kind is Kind.SCHOOL:
            yield Finding(WRONG_PARENT, unit.code, period.valid_from, "parent", about)
        elif (missing := _first_missing(period, parent.periods)) is not None:
            params = about | {"missing": missing.isoformat()}
            yield Finding(PARENT_AWAY, unit.code, period.valid_from, "parent", params)


def _first_missing(period: Period, others: Iterable[Period]) -> date | None:
    """The first day of the period on which none of the others holds."""
    day = period.valid_from
    for other in in_order(others):
        if other.valid_from > day:
            break
        day = max(day, other.until)
    return day if day < period.until else None


def _circles(units: Mapping[str, Unit]) -> Iterator[Finding]:
    """Each circle once, with the first day on which it is closed.

    A circle closes on the first day of one of its periods, and only of units that something is under.
    """
    above = {p.parent for unit in units.values() for p in unit.periods}
    inner = {code: unit for code, unit in units.items() if code in above}
    told: set[tuple[str, ...]] = set()
    for day in sorted({p.valid_from for unit in inner.values() for p in unit.periods}):
        up = {code: period.parent for code, unit in inner.items() if (period := unit.on(day))}
        for circle in _closed(up):
            if circle not in told:
                told.add(circle)
                since = next(p.valid_from for p in [inner[circle[0]].on(day)] if p)
                params = {
                    "unit": circle[0], "circle": " → ".join((*circle, circle[0])), "day": day.isoformat(),
                }  # fmt: skip
                yield Finding(CIRCLE, circle[0], since, "parent", params)


def _closed(up: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    """Circles of a map from each to the one above, beginning with their smallest code."""
    seen: set[str] = set()
    for start in sorted(up):
        path: dict[str, int] = {}
        code = start
        while code in up and code not in seen:
            if code in path:
                circle = list(path)[path[code] :]
                least = circle.index(min(circle))
                yield (*circle[least:], *circle[:least])
                break
            path[code] = len(path)
            code = up[code]
        seen |= path.keys()
