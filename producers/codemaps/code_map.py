"""A code map in use: what its codes and labels mean in one school year."""

import re
from collections.abc import Callable, Iterable
from typing import Final

import polars as pl

from producers.codemaps.entries import Entry
from producers.text import fold_label

PACKET: Final = "smas"
"""The map of the codes in a packet, compared exactly; every other map is of lists."""

Rows = list[tuple[str, str, str]]
"""(code list, vendor code or label, ministry code)"""


def fold_cell(text: str) -> str:
    """A list's cell: labels folded; what has no letter exactly, since -2 is not 2, but 2.0 is."""
    if any(c.isalpha() for c in text):
        return fold_label(text)
    return re.sub(r"^(-?[0-9]+)\.0+$", r"\1", text.strip())


def folding(name: str) -> Callable[[str], str]:
    """How the values of a map are made comparable."""
    return str.strip if name == PACKET else fold_cell


class CodeMap:
    """One vendor's map."""

    def __init__(self, name: str, rows: Rows, version: str = "") -> None:
        """``version``: as it is told, ``smas 1``. Raises ValueError if a code has two meanings."""
        self.name = name
        self.version = version or name
        self._fold = folding(name)
        self._maps: dict[str, dict[str, str | None]] = {}
        for codelist, vendor_code, ministry_code in rows:
            entries, key = self._maps.setdefault(codelist, {}), self._fold(vendor_code)
            if entries.setdefault(key, ministry_code or None) != (ministry_code or None):
                raise ValueError(f"{name}.csv: {codelist} {vendor_code!r} has two meanings")

    def before(self, other: "CodeMap") -> "CodeMap":
        """Both in one: what this map does not hold is looked up in the other."""
        both = CodeMap(f"{self.name}|{other.name}", [], f"{self.version}|{other.version}")
        both._maps = {
            c: {**other._maps.get(c, {}), **self._maps.get(c, {})} for c in (*self._maps, *other._maps)
        }
        return both

    def __contains__(self, codelist: str) -> bool:
        return codelist in self._maps

    def codelists(self) -> list[str]:
        """Code lists that have a map."""
        return list(self._maps)

    def entries(self, codelist: str) -> dict[str, str | None]:
        """vendor code (folded) → ministry code, None for "nothing to send"."""
        return self._maps[codelist]

    def map(self, codelist: str, values: pl.Series) -> tuple[pl.Series, pl.Series]:
        """(ministry codes, mask of the values that have no entry). Nulls stay null and are not unmapped."""
        entries = self._maps[codelist]
        texts = values.cast(pl.String)
        known = {v: self._fold(v) for v in texts.drop_nulls().unique()}
        mapped = texts.replace_strict(
            list(known), [entries.get(k) for k in known.values()], default=None, return_dtype=pl.String
        )
        strange = [v for v, k in known.items() if k not in entries]
        return mapped, texts.is_in(strange).fill_null(value=False)


def meanings(name: str, entries: Iterable[Entry]) -> dict[tuple[str, str], set[str | None]]:
    """(code list, folded code) → every ministry code that it stands for."""
    fold, found = folding(name), dict[tuple[str, str], set[str | None]]()
    for e in entries:
        found.setdefault((e.codelist, fold(e.vendor_code)), set()).add(e.ministry_code)
    return found


def unambiguous(name: str, entries: Iterable[Entry]) -> Rows:
    """Rows of a map. A code that stands for two is left out: what has it is refused as unmapped, and
    ``csdl codemap doctor`` says why."""
    given, fold = list(entries), folding(name)
    meant = meanings(name, given)
    return [
        (e.codelist, e.vendor_code, e.ministry_code or "")
        for e in given
        if len(meant[e.codelist, fold(e.vendor_code)]) == 1
    ]
