"""Code maps of the vendors, as data: vendor code or label → ministry code, by code list.

A map is looked up by the exact text: ``2`` (the vendor's teacher) and ``02`` (the ministry's employee) are
two codes, so nothing is ever padded with zeros. A code that is not in the map is an error of its record.
An empty ministry code says that the vendor's value means "nothing to send".

Maps of lists hold labels, compared folded, and a sender's digits, compared exactly. They are named one behind
the other, ``platform|vnedu|ministry``: the first that holds a value has said what it means. ``ministry`` are
the ministry's own labels, from the code lists.
"""

import csv
import re
from collections import Counter
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Final

import polars as pl

from producers.text import fold_label
from schemas.codes import codelists

PACKET: Final = "smas"
"""The map of the codes in a packet, compared exactly; every other map is of lists."""

MINISTRY: Final = "ministry"
_PROVINCE: Final = ("", "Tỉnh ", "Thành phố ", "TP ")
"""What may stand before a province's name."""

_Rows = list[tuple[str, str, str]]
"""(code list, vendor code or label, ministry code)"""


def _fold_cell(text: str) -> str:
    """A list's cell: labels folded; what has no letter exactly, since -2 is not 2, but 2.0 is."""
    if any(c.isalpha() for c in text):
        return fold_label(text)
    return re.sub(r"^(-?[0-9]+)\.0+$", r"\1", text.strip())


class CodeMap:
    """One vendor's map."""

    def __init__(self, name: str, rows: _Rows) -> None:
        """Raises ValueError if a code has two meanings."""
        self.name = name
        self._fold: Callable[[str], str] = str.strip if name == PACKET else _fold_cell
        self._maps: dict[str, dict[str, str | None]] = {}
        for codelist, vendor_code, ministry_code in rows:
            entries, key = self._maps.setdefault(codelist, {}), self._fold(vendor_code)
            if entries.setdefault(key, ministry_code or None) != (ministry_code or None):
                raise ValueError(f"{name}.csv: {codelist} {vendor_code!r} has two meanings")

    def before(self, other: "CodeMap") -> "CodeMap":
        """Both in one: what this map does not hold is looked up in the other."""
        both = CodeMap(f"{self.name}|{other.name}", [])
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


@cache
def load(name: str) -> CodeMap:
    """The map ``<name>.csv``, or several, ``a|b``. Raises OSError for a map that is not there."""
    first, *more = name.split("|", 1)
    return load(first).before(load(more[0])) if more else CodeMap(name, _rows(name))


def _rows(name: str) -> _Rows:
    text = files(__name__).joinpath(f"{name}.csv").read_text(encoding="utf-8")
    rows = [(r["codelist"], r["vendor_code"], r["ministry_code"]) for r in csv.DictReader(text.splitlines())]
    return rows + _ministry_labels() if name == MINISTRY else rows


def _ministry_labels() -> _Rows:
    """The labels of the code lists, without those that two codes of a list share."""
    rows = []
    for codelist, entries in codelists().items():
        said = Counter(_fold_cell(code.label_vi) for code in entries.values())
        kinds = _PROVINCE if codelist == "TINH" else ("",)
        rows += [
            (codelist, kind + code.label_vi, code.code)
            for code in entries.values()
            if said[_fold_cell(code.label_vi)] == 1
            for kind in kinds
        ]
    return rows


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
