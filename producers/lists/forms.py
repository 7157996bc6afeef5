"""Forms of cells that lists have beside those of ``producers/adapters/cells.py``: columns in, values out."""

from typing import Final

import polars as pl

from producers.adapters import cells
from producers.adapters.cells import NOT_YES_NO, Cells
from producers.codemaps import CodeMap

UNMAPPED: Final = "CELL-101"
NAME_OF_COMMUNE: Final = "CELL-210"
NOT_WHOLE: Final = "CELL-103"
NOT_A_NUMBER: Final = "CELL-104"
WRONG_TYPE: Final[dict[pl.DataType, str]] = {
    pl.Int32(): NOT_WHOLE,
    pl.Int64(): NOT_WHOLE,
    pl.Float64(): NOT_A_NUMBER,
    pl.Boolean(): NOT_YES_NO,
    pl.Date(): "CELL-102",
}
"""Type that a field's values have → the code of a text that is none of them."""

_YES_NO: Final = {"1": True, "true": True, "0": False, "false": False}


def as_type(values: pl.Series, due: pl.DataType) -> tuple[pl.Series, pl.Series]:
    """(values in the type of their field, mask of those that it cannot hold)."""
    if due == pl.Boolean() and values.dtype == pl.String:
        read = values.str.to_lowercase().replace_strict(_YES_NO, default=None, return_dtype=pl.Boolean)
    elif values.dtype == pl.Boolean() and due == pl.String:
        read = values.cast(pl.Int8).cast(pl.String)
    else:
        read = values.cast(due, strict=False)
    return read, values.is_not_null() & read.is_null()


def whole_numbers(column: pl.Series) -> Cells:
    """``12``, ``12.0``."""
    read = column.str.replace(r"\.0+$", "").cast(pl.Int32, strict=False)
    return Cells(read, {NOT_WHOLE: column.is_not_null() & read.is_null()})


def numbers(column: pl.Series) -> Cells:
    """``8``, ``8.5``, ``8,5``."""
    read = column.str.replace(",", ".", literal=True).cast(pl.Float64, strict=False)
    read = pl.select(pl.when(read.is_finite()).then(read)).to_series().alias(column.name)
    return Cells(read, {NOT_A_NUMBER: column.is_not_null() & read.is_null()})


def flags(column: pl.Series) -> Cells:
    """Yes or no; a blank says neither."""
    read = cells.ticks(column)
    told = pl.select(pl.when(column.is_not_null()).then(read.values)).to_series().alias(column.name)
    return Cells(told, read.bad)


def marks(column: pl.Series, ticked: str, blank: str | None = None) -> Cells:
    """The code that a tick means, and the one that its absence means (null: nothing)."""
    read = cells.ticks(column)
    code = pl.select(pl.when(read.values).then(pl.lit(ticked)).otherwise(pl.lit(blank, dtype=pl.String)))
    return Cells(code.to_series().alias(column.name), read.bad)


def grades(column: pl.Series, codemap: CodeMap, codelist: str) -> Cells:
    """``6``, ``06``, ``Khối 6`` → ``06``; other labels by the code list, if the map has it."""
    number = column.str.extract(r"(?i)^(?:khối|lớp)?\s*([0-9]{1,2})(?:\.0)?$")
    plain = number.str.zfill(2)
    if codelist and codelist in codemap:
        labels, unmapped = codemap.map(codelist, column)
        read = pl.select(pl.coalesce(labels, plain)).to_series().alias(column.name)
        return Cells(read, {UNMAPPED: unmapped & read.is_null()})
    return Cells(plain.alias(column.name), {UNMAPPED: column.is_not_null() & plain.is_null()})


def commune_codes(column: pl.Series) -> Cells:
    """Five digits. A name means other communes elsewhere and in other years: told, not sent."""
    code = column.str.replace(r"\.0$", "").str.extract("^([0-9]{4,5})$").str.zfill(5)
    return Cells(code.alias(column.name), {}, {NAME_OF_COMMUNE: column.is_not_null() & code.is_null()})
