"""Who a record says that it speaks of, beside its keys: name, birth date, mother. Frames in, frames out.

A key whose witnesses all contradict (at least two that both sides have) stands for somebody else. One that
differs alone is a correction, and a spelling is no difference: case, accents, blanks and marks do not count.
"""

from collections.abc import Sequence
from typing import Final

import polars as pl

ENOUGH: Final = 2
"""So many must contradict: a corrected name or a corrected birth date alone is the same person."""


def folded(frame: pl.DataFrame, name: str) -> pl.Expr:
    """A witness as text to compare; null where it says nothing."""
    if frame.schema[name] != pl.String:
        return pl.col(name).cast(pl.String)
    plain = pl.col(name).str.normalize("NFKD").str.to_lowercase().str.replace_all("đ", "d", literal=True)
    letters = plain.str.replace_all(r"[^\p{L}\p{N}]+", "")
    return pl.when(letters != "").then(letters)


def contradict(pairs: pl.DataFrame, witnesses: Sequence[str], suffix: str) -> pl.DataFrame:
    """The rows of ``pairs`` whose witnesses all contradict those with ``suffix``."""
    if len(witnesses) < ENOUGH or pairs.is_empty():
        return pairs.clear()
    # As written first: nearly everybody agrees with what is held, and need not be folded.
    suspects = pairs.filter(_all_differ([(pl.col(w), pl.col(w + suffix)) for w in witnesses]))
    sides = [(folded(suspects, w), folded(suspects, w + suffix)) for w in witnesses]
    return suspects.filter(_all_differ(sides))


def _all_differ(sides: Sequence[tuple[pl.Expr, pl.Expr]]) -> pl.Expr:
    both = pl.sum_horizontal((a.is_not_null() & b.is_not_null()).cast(pl.Int32) for a, b in sides)
    differ = pl.sum_horizontal((a != b).fill_null(False).cast(pl.Int32) for a, b in sides)
    return (differ >= ENOUGH) & (differ == both)
