"""What is done about strange letters (``producers.text``), by what a cell holds: put right and told, doubted,
or refused. The one place for lists and packets.

A code is put right only where nobody could read it otherwise (full-width forms, hidden characters); with a
letter of another script it is refused, for it may be another record's. A name or a text with look-alikes is
put right and told. A text of another encoding, or with letters lost, is refused where a name is required and
told elsewhere; it is never decoded, since more than one reading may be Vietnamese.
"""

from collections.abc import Iterable
from functools import cache
from typing import Final, Literal

import polars as pl

from producers.adapters.cells import Cells
from producers.text import encodings
from producers.text.columns import holding, joined
from producers.text.letters import Judged, encodings_of, judge, strange
from schemas.contracts.contracts import Field, record, record_types

Kind = Literal["code", "name", "text", "sign"]
"""``name``: a text that its record must have; ``sign``: a tick, which no encoding can garble."""

ALIKE_IN_CODE: Final = "CELL-140"
MIXED: Final = "CELL-146"
MENDED: Final = "CELL-220"
FOREIGN: Final = "CELL-226"
_LOST: Final = ("CELL-145", "CELL-225")
_ENCODED: Final = {
    encodings.TCVN3: ("CELL-141", "CELL-221"),
    encodings.VNI: ("CELL-142", "CELL-222"),
    encodings.VISCII: ("CELL-143", "CELL-223"),
    encodings.MOJIBAKE: ("CELL-144", "CELL-224"),
}
"""Encoding → (code that refuses, code that warns)."""


def read(column: pl.Series, kind: Kind) -> Cells:
    """A tidied column with its letters put right, null where it is null."""
    if not holding(joined(column.to_frame()), strange()):
        return Cells(column)
    odd = column.str.contains(strange())
    judged = {text: judge(text) for text in column.filter(odd).unique()}
    every: Iterable[str] = column.drop_nulls().unique() if any(j.encodings for j in judged.values()) else []
    encoded = encodings_of(judged, every)
    new = {text: j.text for text, j in judged.items() if j.text != text and text not in encoded}
    bad, doubtful = {}, {}
    for text in {**judged, **encoded}:
        wrong, doubt = _verdict(judged.get(text), encoded.get(text), kind)
        if wrong:
            bad[text] = wrong
        if doubt:
            doubtful[text] = doubt
    values = column.replace(list(new), list(new.values())) if new else column
    return Cells(values, _masks(column, bad), _masks(column, doubtful))


def _verdict(judged: Judged | None, encoding: str | None, kind: Kind) -> tuple[str | None, str | None]:
    """(code of what refuses, code of what is told)."""
    if kind == "sign":
        return None, MENDED if judged and judged.mended else None
    if encoding:
        refuse, warn = _ENCODED[encoding]
        return (None, warn) if kind == "text" else (refuse, None)
    if judged is None:
        return None, None
    if kind == "code" and (judged.alike or judged.foreign):
        return ALIKE_IN_CODE, None
    if judged.lost:
        refuse, warn = _LOST
        return (None, warn) if kind == "text" else (refuse, None)
    if judged.mixed and kind == "name":
        return MIXED, None
    if judged.foreign:
        return None, FOREIGN
    return None, MENDED if judged.mended else None


def _masks(column: pl.Series, codes: dict[str, str]) -> dict[str, pl.Series]:
    return {
        code: column.is_in([text for text, of in codes.items() if of == code]).fill_null(value=False)
        for code in sorted(set(codes.values()))
    }


def kind_of(field: Field) -> Kind:
    """What a field of the contract holds."""
    if field.name in _codes() or field.references or (field.format or "").startswith("digits"):
        return "code"
    return "name" if field.required == "yes" else "text"


@cache
def _codes() -> frozenset[str]:
    """Fields that identify a record of some type, but for the names that codes are issued from."""
    types = [record(name) for name in record_types()]
    keys = {name for r in types for key in r.identity for name in key}
    named = {f.name for r in types for rule in r.issue.values() for f in r.fields if f.name in rule["from"]}
    return frozenset(keys - named)
