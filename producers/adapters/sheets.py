"""A sheet of text, whatever file it stood in."""

from dataclasses import dataclass
from typing import Final

import polars as pl

HEADER_SEARCH: Final = 40
"""Rows searched for the header: titles and instructions stand above it."""


@dataclass(frozen=True)
class Sheet:
    """Cells as text, column by column, null where there is nothing; rows and columns that hold nothing are
    not there.

    ``rows[i]`` is the number of row ``i`` of ``cells`` in its file, from 1; a column's name is its
    number.
    """

    name: str
    cells: pl.DataFrame
    rows: list[int]
    hidden: bool = False
    lengths: list[int] | None = None
    """Cells of each row of a csv file: one with more than the header has shifted what stands in them."""
    spans: tuple[tuple[int, int, int], ...] = ()
    """Merged cells of one row: its number, first and last column."""
    since_1904: bool = False
    """Whether its workbook counts days from 1904; programs of the Mac did."""
