"""The ministry's code lists: ``codelists/*.csv``, one row a code. Codes are text; zeros in front count."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from schemas.contracts.contracts_folder import contracts_folder

BOOLEAN: Final = "BOOL_01"
"""The list whose fields are booleans in the contract: the type says it all."""


@dataclass(frozen=True)
class Code:
    """One code. ``parent`` is the code of the unit it belongs to, for administrative units."""

    codelist: str
    code: str
    label_vi: str
    label_en: str
    notes: str
    parent: str


def codelists() -> Mapping[str, Mapping[str, Code]]:
    """list → code → Code, in the order of the files."""
    return _read(contracts_folder())


def codes(*names: str) -> list[str]:
    """Codes of one list or of several together. Raises KeyError for a list that does not exist."""
    return list(dict.fromkeys(code for name in names for code in codelists()[name]))


def children(name: str) -> dict[str, list[str]]:
    """parent → its codes in this list."""
    found: dict[str, list[str]] = {}
    for code in codelists()[name].values():
        found.setdefault(code.parent, []).append(code.code)
    return found


@cache
def _read(root: Path) -> dict[str, dict[str, Code]]:
    lists: dict[str, dict[str, Code]] = {}
    for path in sorted(root.glob("codelists/*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                code = Code(**row)
                lists.setdefault(code.codelist, {})[code.code] = code
    return lists
