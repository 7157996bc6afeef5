"""Which rows of a table are records, and which are titles, samples, footers or another table's."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from producers import accounting
from producers.layouts import Column
from producers.lists.titles import class_of_row
from producers.model import OWN_ID, ROW
from schemas.contracts.contracts import record

ENOUGH: Final = 2
"""So many telling cells filled in make a row a record, whatever its code and name lack."""

LIKE: Final = 2 / 3
"""So much of what a record usually fills makes a row above the header one like it."""
OTHER_TABLE: Final = "FILE-212"
"""Reason of rows that belong to a table below the list, such as a count of each class."""

_TELLING: Final = ("class", "date", "label", "id", "citizen", "identity", "phone", "grade", "code")
"""Formats whose cells tell a record from a note."""

_FOOTER: Final = (
    r"(?i)^(người lập|hiệu trưởng|phó hiệu trưởng|giáo viên|tổng\b|ghi chú|danh sách"
    r"|cộng\b|ngày\b|trong đó\b)"
)
_SAMPLE: Final = r"(?i)^vidu|\(ví dụ"
_MACHINE: Final = "{"
"""What a program leaves for itself in a row of its own begins so."""


@dataclass(frozen=True)
class Roles:
    """Columns, by number, that tell what a row is. ``first``: a row's number, code and name; ``code`` and
    ``name`` may be none; ``group``: the class's name; ``telling``: filled in for a record and for nothing
    else."""

    first: tuple[str, ...]
    code: str | None
    name: tuple[str, ...]
    group: str | None
    telling: tuple[str, ...]


def roles(columns: Sequence[tuple[str, Column]], record_type: str) -> Roles:
    """Of a table's columns (number, what it is read as), by what the contract and the formats say."""
    contract = record(record_type)
    called = contract.witnesses[0] if contract.witnesses else contract.identity[-1][-1]
    code = next((n for n, c in columns if OWN_ID in c.targets), None)
    code = code or next((n for n, c in columns if set(c.targets) & set(contract.identity[0])), None)
    name = tuple(n for n, c in columns if called in c.targets and n != code)
    counted = next((n for n, c in columns if c.format == "skip"), None)
    others = [
        (n, c) for n, c in columns if n != code and n not in name and c.format not in ("skip", "unsent")
    ]
    telling = [n for n, c in others if c.required]
    if len(telling) < ENOUGH:
        telling = [n for n, c in others if c.format in _TELLING]
    if len(telling) < ENOUGH:
        telling = [n for n, _ in others]
    first = tuple(n for n in (counted, code, *name) if n is not None)
    group = next((n for n, c in columns if c.format == "class"), None)
    return Roles(first, code, name, group, tuple(telling))


def left_out(
    texts: pl.DataFrame,
    of: Roles,
    again: Iterable[int],
    others: Iterable[int],
    other_headers: Iterable[int],
    groups: Iterable[int],
) -> pl.Series:
    """Of each row the code that says why it is no record, null if it is one.

    ``texts`` are cleaned, a column a number of the sheet. Numbers of rows: ``again`` repeat the header,
    ``others`` are another table's, whose header are ``other_headers``; ``groups`` name a class.
    """
    code = pl.col(of.code) if of.code else pl.lit(None, dtype=pl.String)
    name = pl.coalesce([pl.col(n) for n in of.name] or [pl.lit(None, dtype=pl.String)])
    filled = pl.sum_horizontal(pl.exclude(ROW).is_not_null())
    told = [pl.col(n).is_not_null() & ~pl.col(n).str.contains(_FOOTER) for n in of.telling]
    telling = pl.sum_horizontal(told or [pl.lit(0)])
    no_code = code.is_null() | code.str.contains(_FOOTER)  # no code begins so
    nobody = no_code & (name.is_null() | name.str.contains(_FOOTER)) & (telling < ENOUGH)
    due = (
        (pl.col(ROW).is_in(list(again)), accounting.HEADER_AGAIN),
        (pl.col(ROW).is_in(list(other_headers)), OTHER_TABLE),
        (pl.col(ROW).is_in(list(others)) & name.is_null(), OTHER_TABLE),
        (_any(pl.col(c).str.starts_with(_MACHINE) for c in of.first), accounting.MACHINE),
        (_any((code.str.contains(_SAMPLE), name.str.contains(_SAMPLE))), accounting.SAMPLE),
        (pl.col(ROW).is_in(list(groups)), accounting.GROUP),
        (filled == 0, accounting.BLANK),
        (nobody & (filled == 1) & _filled(of.group), accounting.GROUP),
        (nobody & _any(pl.col(c).str.contains(_FOOTER) for c in of.first), accounting.FOOTER),
        (nobody, accounting.NOBODY),
    )
    reasons = [pl.when(applies).then(pl.lit(reason)) for applies, reason in due]
    return texts.select(pl.coalesce(reasons)).to_series()


def notes(texts: pl.DataFrame) -> list[str]:
    """Texts of the rows that hold next to nothing: a title among the records."""
    few = texts.filter(pl.sum_horizontal(pl.exclude(ROW).is_not_null()).is_between(1, 2))
    return [text for row in few.drop(ROW).iter_rows() for text in row if text]


def groups(texts: pl.DataFrame) -> dict[int, str]:
    """Row number → class, of the rows that name one and say no more than a count beside it: ``LỚP 1A``."""
    few = texts.filter(pl.sum_horizontal(pl.exclude(ROW).is_not_null()).is_between(1, 2))
    found = {}
    for row in few.iter_rows(named=True):
        said = [v for n, v in row.items() if n != ROW and v is not None]
        names = [name for text in said if (name := class_of_row(text))]
        if len(names) == 1 and not any(text.isdecimal() for text in said):
            found[int(row[ROW])] = names[0]
    return found


def _filled(column: str | None) -> pl.Expr:
    return pl.col(column).is_not_null() if column else pl.lit(False)


def _any(masks: Iterable[pl.Expr]) -> pl.Expr:
    """Null is no."""
    return pl.any_horizontal([pl.lit(False), *(mask.fill_null(False) for mask in masks)])


def above(rows: pl.DataFrame, kept: pl.DataFrame) -> pl.Series:
    """Numbers of the rows above a header that are filled like the records below it (``kept``): a sheet that
    was sorted with its header has them there. Titles hold less."""
    filled = pl.sum_horizontal(pl.exclude(ROW).is_not_null())
    usual = kept.select(filled.median()).item()
    if usual is None:
        return rows[ROW].clear()
    return rows.filter((filled > ENOUGH) & (filled >= LIKE * usual))[ROW]
