"""Which rows of a list are pupils, and which are titles, samples, footers or another table's header."""

from collections.abc import Iterable
from typing import Final

import polars as pl

from producers import accounting
from producers.adapters.sheets import Sheet
from producers.layouts import Layout
from producers.lists.header import MIN_CAPTIONS, Header
from producers.model import ROW
from producers.text import fold

FIRST: Final = "STT"
CODE: Final = "Mã học sinh"
NAME: Final = "Họ tên"
CLASS: Final = "Lớp học"
TELLING: Final = (CLASS, "Ngày sinh", "Giới tính", "Dân tộc")
ENOUGH: Final = 2
"""So many of these filled in make a row a pupil, whatever its code and name lack."""

_FOOTER: Final = (
    r"(?i)^(người lập|hiệu trưởng|phó hiệu trưởng|giáo viên|tổng số|tổng cộng|ghi chú|danh sách"
    r"|cộng\b|ngày\b)"
)
_SAMPLE: Final = r"(?i)^vidu|\(ví dụ"
_MACHINE: Final = "{"
"""What a program leaves for itself in a row of its own begins so."""


def headers_again(sheet: Sheet, header: Header, layout: Layout) -> dict[int, bool]:
    """Row index → whether its captions stand where the header's do, of the rows below that are headers."""
    known, found = layout.by_caption(), {}
    no_digit = ~pl.any_horizontal(pl.all().str.contains("[0-9]").fill_null(False))
    for row in sheet.cells.select(no_digit).to_series().arg_true():
        if row <= header.row:
            continue
        cells = zip(sheet.cells.columns, sheet.cells.row(row), strict=True)
        columns = {name: known[fold(text)] for name, text in cells if text and fold(text) in known}
        if len({c.caption for c in columns.values()}) >= MIN_CAPTIONS:
            found[row] = all(header.columns.get(name) == column for name, column in columns.items())
    return found


def left_out(texts: pl.DataFrame, again: set[int]) -> pl.Series:
    """Of each row the code that says why it is no pupil, null if it is one. ``texts`` are cleaned, a column a
    caption; ``again`` are numbers of rows that repeat the header."""
    first = [c for c in (FIRST, CODE, NAME) if c in texts.columns]
    code, name = pl.col(CODE), pl.col(NAME)
    filled = pl.sum_horizontal(pl.exclude(ROW).is_not_null())
    full = pl.sum_horizontal(pl.col(c).is_not_null() for c in TELLING) >= ENOUGH
    nobody = code.is_null() & (name.is_null() | name.str.contains(_FOOTER)) & ~full
    due = (
        (pl.col(ROW).is_in(list(again)), accounting.HEADER_AGAIN),
        (_any(pl.col(c).str.starts_with(_MACHINE) for c in first), accounting.MACHINE),
        (_any((code.str.contains(_SAMPLE), name.str.contains(_SAMPLE))), accounting.SAMPLE),
        (filled == 0, accounting.BLANK),
        (nobody & (filled == 1) & pl.col(CLASS).is_not_null(), accounting.GROUP),
        (nobody & _any(pl.col(c).str.contains(_FOOTER) for c in first), accounting.FOOTER),
        (nobody, accounting.NOBODY),
    )
    reasons = [pl.when(applies).then(pl.lit(reason)) for applies, reason in due]
    return texts.select(pl.coalesce(reasons)).to_series()


def _any(masks: Iterable[pl.Expr]) -> pl.Expr:
    """Null is no."""
    return pl.any_horizontal(mask.fill_null(False) for mask in masks)
