"""Texts of columns: one look at each as a whole, and work only where there is something to do."""

from collections.abc import Iterable, Sequence
from typing import Final

import polars as pl

from producers.text.letters import BETWEEN, HIDDEN, OTHER

BEGIN: Final = rf"(?:^|{BETWEEN})"
END: Final = rf"(?:$|{BETWEEN})"

UNTIDY: Final = f"{OTHER}|  |{BEGIN} | {END}"
"""Of what ``joined`` gives: what ``tidied`` may change."""


def tidy(frame: pl.DataFrame) -> pl.DataFrame:
    """Columns of text in NFC, every run of blanks one space, none at the ends; empty where nothing is shown.

    What it changes, nobody sees; a hidden character in a text stays for ``letters``, which tells of it.
    """
    return frame.with_columns(tidied(untidy(joined(frame)))) if frame.width else frame


def untidy(whole: pl.DataFrame) -> set[str]:
    """Columns of ``joined`` that ``tidied`` may change."""
    return holding(whole, UNTIDY)


def tidied(names: Iterable[str]) -> list[pl.Expr]:
    """``tidy`` for columns."""
    blank = rf"^[\s{HIDDEN}]+$"
    folded = (pl.col(n).str.normalize("NFC").str.replace_all(r"\s+", " ") for n in names)
    return [text.str.strip_chars(" ").str.replace(blank, "") for text in folded]


def joined(frame: pl.DataFrame) -> pl.DataFrame:
    """Each column of text as one, so that one look is for all its cells: ``holding``."""
    return frame.select(pl.all().str.join(BETWEEN))


def holding(whole: pl.DataFrame, pattern: str) -> set[str]:
    """Columns of ``joined`` with a match. A cell begins and ends at ``BEGIN`` and ``END``."""
    # All columns as one first: most files hold nothing of what is looked for, in a hundred columns.
    if not whole.width or not whole.select(_every([pl.all()]).str.contains(pattern)).item():
        return set()
    found = whole.select(pl.all().str.contains(pattern))
    return {name for name, holds in zip(found.columns, found.row(0), strict=True) if holds}


def found_in(frame: pl.DataFrame, names: Sequence[str], pattern: str) -> set[str]:
    """``holding`` for some columns of a frame that is not joined."""
    whole = _every([pl.col(names).str.join(BETWEEN)])
    if not names or not frame.select(whole.str.contains(pattern)).item():
        return set()
    return holding(joined(frame.select(names)), pattern)


def _every(columns: Iterable[pl.Expr]) -> pl.Expr:
    return pl.concat_str(columns, separator=BETWEEN, ignore_nulls=True)
