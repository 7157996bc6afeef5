"""Which rows of a list are pupils, and which are titles, samples, footers or another table's header."""

import re
from typing import Final

import polars as pl

from producers.adapters.sheets import Sheet
from producers.layouts import Layout
from producers.lists.header import MIN_CAPTIONS, Header
from producers.model import ROW
from producers.text import fold

FIRST: Final = "STT"
CODE: Final = "Mã học sinh"
NAME: Final = "Họ tên"
TELLING: Final = ("Lớp học", "Ngày sinh", "Giới tính", "Dân tộc")
"""Two of these filled in make a row a pupil, whatever its code and name lack."""

_FOOTER: Final = re.compile(
    r"^(người lập|hiệu trưởng|phó hiệu trưởng|giáo viên|tổng số|tổng cộng|ghi chú|danh sách|cộng\b|ngày\b)",
    re.I,
)
_SAMPLE: Final = re.compile(r"^vidu|\(ví dụ", re.I)
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


def pupils(texts: pl.DataFrame, again: set[int]) -> pl.Series:
    """Mask of the rows that are pupils. ``texts`` are cleaned, a column a caption; ``again`` are numbers of
    rows that repeat the header."""
    code, name = texts[CODE], texts[NAME]
    telling = texts.select(pl.sum_horizontal(pl.col(c).is_not_null().cast(pl.Int32) for c in TELLING))
    full = telling.to_series() >= 2
    first = [c for c in (FIRST, CODE, NAME) if c in texts.columns]
    machine = texts.select(
        pl.any_horizontal(pl.col(c).str.starts_with(_MACHINE).fill_null(False) for c in first)
    ).to_series()
    sample = pl.Series(
        [bool(_SAMPLE.search(c or "") or _SAMPLE.search(n or "")) for c, n in zip(code, name, strict=True)],
        dtype=pl.Boolean,
    )
    footer = pl.Series([n is None or bool(_FOOTER.search(n)) for n in name], dtype=pl.Boolean)
    repeated = texts[ROW].is_in(list(again))
    return ~(repeated | machine | sample | (code.is_null() & footer & ~full))


def blank(texts: pl.DataFrame) -> pl.Series:
    """Mask of the rows that say nothing under any caption."""
    return texts.select(pl.all_horizontal(pl.exclude(ROW).is_null())).to_series()
