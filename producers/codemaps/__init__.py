"""Code maps of the vendors, as data: vendor code or label → ministry code, by code list.

A map is looked up by the exact text: ``2`` (the vendor's teacher) and ``02`` (the ministry's employee) are
two codes, so nothing is ever padded with zeros. A code that is not in the map is an error of its record.
An empty ministry code says that the vendor's value means "nothing to send".
"""

import csv
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Final

import polars as pl

from producers.text import fold_label

_FOLDS: Final[dict[str, Callable[[str], str]]] = {"smas": str.strip, "vnedu": fold_label}
"""Map → how a value is made comparable: codes of a packet exactly, labels of a list folded."""


class CodeMap:
    """One vendor's map."""

    def __init__(self, name: str, rows: list[tuple[str, str, str]]) -> None:
        """``rows``: (code list, vendor code, ministry code). Raises ValueError if a code has two meanings."""
        self.name = name
        self._fold = _FOLDS.get(name, fold_label)
        self._maps: dict[str, dict[str, str | None]] = {}
        for codelist, vendor_code, ministry_code in rows:
            entries, key = self._maps.setdefault(codelist, {}), self._fold(vendor_code)
            if entries.setdefault(key, ministry_code or None) != (ministry_code or None):
                raise ValueError(f"{name}.csv: {codelist} {vendor_code!r} has two meanings")

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


@cache
def load(name: str) -> CodeMap:
    """The map ``<name>.csv``: ``smas`` (codes accepted in a packet) or ``vnedu`` (labels of the lists)."""
    text = files(__name__).joinpath(f"{name}.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return CodeMap(name, [(r["codelist"], r["vendor_code"], r["ministry_code"]) for r in rows])


@cache
def wire_codes(codelist: str, *, integer: bool) -> dict[str, str]:
    """ministry code → a code that says it in a packet: digits without zeros where the field is an integer.

    The first entry of the map wins; for an integer field, the first that an integer can hold.
    """
    entries = load("smas").entries(codelist)
    wire: dict[str, str] = {}
    for vendor_code, ministry_code in entries.items():
        as_integer = vendor_code.isdigit() and str(int(vendor_code)) == vendor_code
        if ministry_code is not None and (as_integer or not integer):
            wire.setdefault(ministry_code, vendor_code)
    return wire
