"""Columns of text → columns of a record's contract, and the cells that cannot be expressed.

Each field is converted by what its contract says (Avro type, code list); nothing here names a field.
"""

from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Final

import polars as pl
import pyarrow as pa

from producers.adapters.raw import ITEM, Nested, Raw
from producers.codemaps import CodeMap
from producers.model import concat_faults, faults_of
from schemas.contracts.contracts import Field

UNMAPPED: Final = "CELL-101"
NO_CLIENT_ID: Final = "CELL-110"
_BY_TYPE: Final = {"date": "CELL-102", "int": "CELL-103", "double": "CELL-104", "boolean": "CELL-105"}

_FLAGS: Final = {"0": False, "1": True, "false": False, "true": True}
_TIMESTAMP: Final = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?$"
"""``2012-01-09T00:00:00.0``: no zone, since a moment elsewhere may be another day here."""


def convert(
    raw: Raw, fields: list[Field], codemap: CodeMap, schema: dict[str, pl.DataType], *, nfc: bool
) -> "Converted":
    """Values of all ``fields`` in the types of ``schema``; a field that does not occur is null.

    ``nfc``: letters may be decomposed and must be composed first.
    """
    texts = raw.texts.select(_stripped(name, nfc) for name in raw.texts.columns)
    given = set(texts.columns)  # asked once: polars makes the list anew each time
    present = [f for f in fields if f.name in given]
    read = texts.select(_value(f.name, f.avro_type, mapped_list(f, codemap), codemap) for f in present)
    values = {s.name: s for s in read}
    faults = [raw.faults, *_faults(texts, values, present, codemap)]
    for f in fields:
        if f.name in raw.lists:
            values[f.name], of_items = _list(raw.lists[f.name], f, codemap, schema[f.name], raw.height, nfc)
            faults.append(of_items)
    columns = [values[n] if n in values else _nulls(t, raw.height).alias(n) for n, t in schema.items()]
    return pl.DataFrame(columns), concat_faults(faults)


Converted = tuple[pl.DataFrame, pl.DataFrame]
"""(values, faults as FAULTS)"""


def mapped_list(f: Field, codemap: CodeMap) -> str | None:
    """The code list of a field for which there is a map. Without one the ministry's code is expected."""
    return next((c for c in f.codelists if c in codemap), None)


@lru_cache(maxsize=256)
def _nulls(dtype: pl.DataType, height: int) -> pl.Series:
    return pl.Series([None] * height, dtype=dtype)


def _faults(
    texts: pl.DataFrame, values: dict[str, pl.Series], fields: list[Field], codemap: CodeMap
) -> Iterator[pl.DataFrame]:
    """Where a text that is not blank gave no value."""
    typed = [f for f in fields if f.avro_type != "string" or mapped_list(f, codemap)]
    if not typed:
        return
    blanks = texts.select(pl.col([f.name for f in typed]).eq("").sum()).row(0, named=True)
    for f in typed:
        text, value = texts[f.name], values[f.name]
        if value.null_count() != text.null_count() + blanks[f.name]:
            bad = text.is_not_null() & (text != "") & value.is_null()
            if codelist := mapped_list(f, codemap):
                bad &= ~text.is_in(_silent(codemap, codelist))
            yield faults_of(_BY_TYPE.get(f.avro_type, UNMAPPED), f.name, bad.fill_null(value=False))


@cache
def _stripped(name: str, nfc: bool) -> pl.Expr:
    text = pl.col(name).str.strip_chars()
    return text.str.normalize("NFC") if nfc else text


@cache
def _value(name: str, avro_type: str, codelist: str | None, codemap: CodeMap) -> pl.Expr:
    text = pl.col(name)
    match avro_type:
        case "boolean":
            return text.replace_strict(_FLAGS, default=None, return_dtype=pl.Boolean)
        case "int":
            return text.str.strip_suffix(".0").cast(pl.Int32, strict=False)
        case "double":
            number = text.str.replace(",", ".", literal=True).cast(pl.Float64, strict=False)
            return pl.when(number.is_finite()).then(number).alias(name)
        case "date":
            day = text.str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)
            return pl.when(text.str.contains(_TIMESTAMP)).then(day).alias(name)
        case _:
            return (
                _mapped(text, codemap, codelist) if codelist else pl.when(text != "").then(text).alias(name)
            )


def _mapped(text: pl.Expr, codemap: CodeMap, codelist: str) -> pl.Expr:
    old, new = _columns(codemap, codelist)
    return text.replace_strict(old, new, default=None, return_dtype=pl.String)


@cache
def _columns(codemap: CodeMap, codelist: str) -> tuple[pl.Series, pl.Series]:
    entries = codemap.entries(codelist)
    return pl.Series(list(entries), dtype=pl.String), pl.Series(list(entries.values()), dtype=pl.String)


def _silent(codemap: CodeMap, codelist: str) -> list[str]:
    """Codes that say "nothing to send"."""
    return [code for code, ministry in codemap.entries(codelist).items() if ministry is None]


def _list(
    nested: Nested, f: Field, codemap: CodeMap, dtype: pl.DataType, height: int, nfc: bool
) -> tuple[pl.Series, pl.DataFrame]:
    """The list column of ``height`` records, and the faults of its items as faults of their records."""
    assert isinstance(dtype, pl.List)
    if nested.items.height == 0:
        empty = pl.Series(f.name, [None if n is None else [] for n in nested.lengths], dtype=dtype)
        return empty, nested.items.faults
    if f.nested is None:
        values, faults = _codes(nested.items, f, codemap, nfc)
    else:
        assert isinstance(dtype.inner, pl.Struct)
        frame, faults = convert(nested.items, f.nested, codemap, pl.Schema(dict(dtype.inner)), nfc=nfc)
        values = frame.to_struct(f.name)
    column = _lists(nested.lengths, values, dtype).alias(f.name)
    if faults.is_empty():
        return column, faults
    at_parent = faults.select(
        index=nested.parent.gather(faults["index"]),
        rule=pl.col("rule"),
        field=pl.lit(f.name)
        + pl.when(pl.col("field") != "").then("." + pl.col("field")).otherwise(pl.lit("")),
    )
    return column, at_parent


def _lists(lengths: pl.Series, values: pl.Series, dtype: pl.List) -> pl.Series:
    """Items in order → one list a record, null where the record has none."""
    ends = pa.array([0, *lengths.fill_null(0).cum_sum()], type=pa.int32())
    lists = pa.ListArray.from_arrays(ends, values.to_arrow(), mask=pa.array(lengths.is_null()))
    return pl.Series(lists).cast(dtype)


def _codes(items: Raw, f: Field, codemap: CodeMap, nfc: bool) -> tuple[pl.Series, pl.DataFrame]:
    text = items.texts.select(_stripped(ITEM, nfc)).to_series()
    codelist = mapped_list(f, codemap)
    if codelist is None:
        return text, items.faults
    values, strange = codemap.map(codelist, text)
    return values, concat_faults([items.faults, faults_of(UNMAPPED, "", strange)])
