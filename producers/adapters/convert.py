"""Columns of text → columns of a record's contract, and the cells that cannot be expressed.

Each field is converted by what its contract says (Avro type, code list); nothing here names a field.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

import polars as pl
import pyarrow as pa

from producers.adapters import cell_letters, cells
from producers.adapters.cells import Cells
from producers.adapters.raw import ITEM, Nested, Raw
from producers.codemaps import CodeMap
from producers.model import NO_FAULTS, concat_faults, faults_of
from producers.text.columns import found_in, tidy
from producers.text.letters import strange
from schemas.contracts.contracts import Field

UNMAPPED: Final = "CELL-101"
NO_CLIENT_ID: Final = "CELL-110"
BYTES: Final = "bytes"
"""Specification's type of a portrait: a long text that nobody reads."""

_BY_TYPE: Final = {"date": "CELL-102", "int": "CELL-103", "double": "CELL-104", "boolean": "CELL-105"}

_NONE_YET: Final = pl.Series([0], dtype=pl.Int32)
_FLAGS: Final = {"0": False, "1": True, "false": False, "true": True}
_TIMESTAMP: Final = r"^\d{4}-\d{2}-\d{2}(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?))?$"
_CLOCK: Final = r"[T ][0-9:.]*[1-9]"
"""``2012-01-09T00:00:00.0``: no zone, since a moment elsewhere may be another day here."""


@dataclass(frozen=True)
class Converted:
    """``values`` in the types of the contract; ``faults`` and ``doubts`` as FAULTS, by position."""

    values: pl.DataFrame
    faults: pl.DataFrame
    doubts: pl.DataFrame


def convert(raw: Raw, fields: list[Field], codemap: CodeMap, schema: dict[str, pl.DataType]) -> Converted:
    """Values of all ``fields`` in the types of ``schema``; a field that does not occur is null."""
    faults, doubts = [raw.faults], []
    given = set(raw.texts.columns)  # asked once: polars makes the list anew each time
    present = [f for f in fields if f.name in given]
    texts = raw.texts
    if odd := _odd(texts, present):
        texts = texts.with_columns(_tidied(texts, odd, codemap))
        for name, letters in _letters(texts, odd, codemap):
            texts = texts.with_columns(letters.values.alias(name))
            faults += [faults_of(code, name, mask) for code, mask in letters.bad.items()]
            doubts += [faults_of(code, name, mask) for code, mask in letters.doubtful.items()]
    read = texts.select(_value(f.name, f.avro_type, mapped_list(f, codemap), codemap) for f in present)
    faults += _faults(texts, read, present, codemap)
    doubts += _doubts(raw.texts, texts, odd, codemap)
    doubts += _times_of_day(texts, present)
    values = {s.name: s for s in read}
    for f in fields:
        if f.name in raw.lists:
            values[f.name], of_items, doubted = _list(
                raw.lists[f.name], f, codemap, schema[f.name], raw.height
            )
            faults.append(of_items)
            doubts.append(doubted)
    columns = [values[n] if n in values else _nulls(t, raw.height).alias(n) for n, t in schema.items()]
    return Converted(pl.DataFrame(columns), concat_faults(faults), concat_faults(doubts))


def _odd(raw: pl.DataFrame, fields: list[Field]) -> list[Field]:
    """Fields with a text that may not be what it seems. One look at all texts: most files hold nothing of
    what is looked for."""
    found = found_in(raw, [f.name for f in fields if f.spec_type != BYTES], _worth_a_look())
    return [f for f in fields if f.name in found]


@cache
def _worth_a_look() -> str:
    return f"{cells.UNCLEAN}|{strange()}"


def _tidied(raw: pl.DataFrame, fields: list[Field], codemap: CodeMap) -> list[pl.Series]:
    """What says nothing is null. Words for "no value" are so in plain texts; elsewhere they are no value of
    the type, which is a fault."""
    plain = [f.name for f in fields if _is_plain(f, codemap)]
    others = [f.name for f in fields if f.name not in set(plain)]
    said = tidy(raw.select(others)).select(map(_shown, others))
    return [*cells.clean(raw.select(plain)), *said]


@cache
def _shown(name: str) -> pl.Expr:
    return pl.when(pl.col(name) != "").then(name)


def _is_plain(f: Field, codemap: CodeMap) -> bool:
    return f.avro_type == "string" and f.spec_type != BYTES and not mapped_list(f, codemap)


def _letters(texts: pl.DataFrame, fields: list[Field], codemap: CodeMap) -> Iterator[tuple[str, Cells]]:
    odd = found_in(texts, [f.name for f in fields], strange())
    for f in fields:
        if f.name in odd:
            kind = cell_letters.kind_of(f) if _is_plain(f, codemap) else "text"
            yield f.name, cell_letters.read(texts[f.name], kind)


def _doubts(
    raw: pl.DataFrame, texts: pl.DataFrame, fields: list[Field], codemap: CodeMap
) -> Iterator[pl.DataFrame]:
    """Error results of formulas, which count as missing."""
    for f in fields:
        if _is_plain(f, codemap) and texts[f.name].null_count() > raw[f.name].null_count():
            errors = raw.select(cells.formula_error(f.name)).to_series()
            yield faults_of(cells.FORMULA_ERROR, f.name, errors)


def _times_of_day(texts: pl.DataFrame, fields: list[Field]) -> Iterator[pl.DataFrame]:
    """Dates that say one."""
    days = [f.name for f in fields if f.avro_type == "date"]
    for name in sorted(found_in(texts, days, _CLOCK)):
        told = cells.times_of_day(texts[name].str.extract(_TIMESTAMP))
        yield from (faults_of(code, name, mask) for code, mask in told.items())


def mapped_list(f: Field, codemap: CodeMap) -> str | None:
    """The code list of a field for which there is a map. Without one the ministry's code is expected."""
    return next((c for c in f.codelists if c in codemap), None)


@lru_cache(maxsize=256)
def _nulls(dtype: pl.DataType, height: int) -> pl.Series:
    return pl.Series([None] * height, dtype=dtype)


def _faults(
    texts: pl.DataFrame, values: pl.DataFrame, fields: list[Field], codemap: CodeMap
) -> Iterator[pl.DataFrame]:
    """Where a text that is not blank gave no value."""
    blank, without = (dict(zip(of.columns, of.null_count().row(0), strict=True)) for of in (texts, values))
    for f in fields:
        if without[f.name] != blank[f.name]:
            text, value = texts[f.name], values[f.name]
            bad = text.is_not_null() & value.is_null()
            if codelist := mapped_list(f, codemap):
                bad &= ~text.is_in(_silent(codemap, codelist))
            yield faults_of(_BY_TYPE.get(f.avro_type, UNMAPPED), f.name, bad.fill_null(value=False))


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
            return _mapped(text, codemap, codelist) if codelist else text


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
    nested: Nested, f: Field, codemap: CodeMap, dtype: pl.DataType, height: int
) -> tuple[pl.Series, pl.DataFrame, pl.DataFrame]:
    """The list column of ``height`` records, and its items' faults and doubts as those of their records."""
    assert isinstance(dtype, pl.List)
    if nested.items.height == 0:
        empty = pl.Series(f.name, [None if n is None else [] for n in nested.lengths], dtype=dtype)
        return empty, nested.items.faults, NO_FAULTS
    doubts = NO_FAULTS
    if f.nested is None:
        values, faults = _codes(nested.items, f, codemap)
    else:
        assert isinstance(dtype.inner, pl.Struct)
        read = convert(nested.items, f.nested, codemap, pl.Schema(dict(dtype.inner)))
        values, faults, doubts = read.values.to_struct(f.name), read.faults, read.doubts
    column = _lists(nested.lengths, values, dtype).alias(f.name)
    return column, _of_parents(nested, f, faults), _of_parents(nested, f, doubts)


def _of_parents(nested: Nested, f: Field, found: pl.DataFrame) -> pl.DataFrame:
    """Each with its item (``DsMonHoc[3].MaMonHoc``); items stand in the order of their records."""
    if found.is_empty():
        return found
    parent = nested.parent.gather(found["index"])
    item = (found["index"] - nested.parent.search_sorted(parent, side="left")).cast(pl.String)
    return found.select(
        index=parent,
        rule=pl.col("rule"),
        field=pl.format("{}[{}]{}", pl.lit(f.name), item, pl.col("field").str.replace("^(.)", ".$1")),
    )


def _lists(lengths: pl.Series, values: pl.Series, dtype: pl.List) -> pl.Series:
    """Items in order → one list a record, null where the record has none."""
    ends = pl.concat([_NONE_YET, lengths.cast(pl.Int32).fill_null(0).cum_sum()])
    lists = pa.ListArray.from_arrays(ends.to_arrow(), values.to_arrow(), mask=lengths.is_null().to_arrow())
    return pl.Series(lists).cast(dtype)


def _codes(items: Raw, f: Field, codemap: CodeMap) -> tuple[pl.Series, pl.DataFrame]:
    text = items.texts.select(pl.col(ITEM).str.strip_chars()).to_series()
    codelist = mapped_list(f, codemap)
    if codelist is None:
        return text, items.faults
    values, strange = codemap.map(codelist, text)
    return values, concat_faults([items.faults, faults_of(UNMAPPED, "", strange)])
