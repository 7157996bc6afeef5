"""The names by which offices sign: a certificate has the office ("Phòng GDĐT …"), the register the area.

A province's data, a row a name and its days; nothing is made of a name here.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from schemas.errors import Problem, SourceLocation
from schemas.organisation.units import Unit

COLUMNS: Final = ("unit", "name", "valid_from", "valid_to")
WRONG: Final = "ORG-SIGNING"
ANOTHERS: Final = "ORG-SIGNING-TWICE"


@dataclass(frozen=True)
class SigningName:
    """A name in a unit's certificates from ``valid_from`` to the day before ``valid_to`` (None: no end)."""

    unit: str
    name: str
    valid_from: date
    valid_to: date | None

    def holds_on(self, day: date) -> bool:
        """Whether the day is one of its days."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)

    def meets(self, other: "SigningName") -> bool:
        """Whether both hold on some day."""
        mine, others = (name.valid_to or date.max for name in (self, other))
        return self.valid_from < others and other.valid_from < mine


def read(
    rows: Iterable[tuple[int, Mapping[str, str]]], units: Mapping[str, Unit], file: str
) -> tuple[list[SigningName], list[Problem]]:
    """The names of a file's rows, and all that is wrong with them: ORG-SIGNING for a row that is none or of a
    unit that there is not, ORG-SIGNING-TWICE for a name by which two units would sign on one day."""
    found: list[SigningName] = []
    problems: list[Problem] = []
    taken: dict[str, list[SigningName]] = {}
    for unit in units.values():
        for period in unit.periods:
            own = SigningName(unit.code, period.name, period.valid_from, period.valid_to)
            taken.setdefault(_plain(period.name), []).append(own)
    for line, row in rows:
        place = SourceLocation(file=file, row=line)
        name = _name(row)
        if name is None or name.unit not in units:
            problems.append(Problem(WRONG, place, {"row": line}))
            continue
        beside = taken.setdefault(_plain(name.name), [])
        others = sorted({other.unit for other in beside if other.unit != name.unit and other.meets(name)})
        if others:
            params = {"row": line, "unit": name.unit, "others": ", ".join(others)}
            problems.append(Problem(ANOTHERS, place, params))
        beside.append(name)
        found.append(name)
    return found, problems


def _name(row: Mapping[str, str]) -> SigningName | None:
    try:
        since = date.fromisoformat(row["valid_from"])
        until = date.fromisoformat(row["valid_to"]) if row["valid_to"] else None
    except ValueError:
        return None
    if not _plain(row["name"]) or (until is not None and until <= since):
        return None
    return SigningName(row["unit"], row["name"], since, until)


def _plain(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())
