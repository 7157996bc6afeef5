"""Records of a packet as columns of text, whatever JSON they were written in.

The usual packet is read by Arrow's JSON reader, column by column. A packet whose columns mix numbers and
text, or that says a member twice, is read record by record: slower, but each fault has its exact place.
"""

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as arrow_json

from producers.model import NO_FAULTS, concat_faults, faults_of
from schemas.contracts.contracts import Field

WRONG_KIND: Final = "CELL-106"
NOT_A_RECORD: Final = "CELL-109"
SAID_TWICE: Final = "CELL-112"

ITEM: Final = "item"
"""Column of a list whose items are plain codes."""


@dataclass(frozen=True)
class Raw:
    """``texts``: a text column for each plain field that occurs. ``lists``: the lists by field.

    ``faults`` as FAULTS, by position. ``unknown``: members that are no field, with their path.
    """

    height: int
    texts: pl.DataFrame
    lists: "dict[str, Nested]" = field(default_factory=dict)
    faults: pl.DataFrame = field(default_factory=lambda: NO_FAULTS)
    unknown: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Nested:
    """The items of a list field. ``parent``: record of each item; ``lengths``: null where no list is."""

    parent: pl.Series
    items: Raw
    lengths: pl.Series


def read(records: Sequence[bytes], fields: list[Field]) -> Raw:
    """Well-formed JSON values, one a record, as columns."""
    if not records:
        return Raw(0, pl.DataFrame())
    lines = b"\n".join(records)
    try:
        return _of_table(_arrow(lines, fields), fields)
    except pa.ArrowInvalid:
        return _of_rows([_parse(r) for r in records], fields)


def _arrow(lines: bytes, fields: list[Field]) -> pa.Table:
    options = arrow_json.ParseOptions(
        explicit_schema=pa.schema([(f.name, t) for f in fields if (t := _arrow_type(f)) is not None]),
        unexpected_field_behavior="infer",
    )
    one_block = arrow_json.ReadOptions(use_threads=False, block_size=len(lines) + 1)
    return arrow_json.read_json(io.BytesIO(lines), read_options=one_block, parse_options=options)


def _arrow_type(f: Field) -> pa.DataType | None:
    """Text where the specification has text; what it calls a number is found out (1 or "01", 2 or 2.34)."""
    if f.nested is not None:
        return pa.list_(pa.struct([(n.name, t) for n in f.nested if (t := _arrow_type(n)) is not None]))
    if f.avro_type in ("array<string>", "double") or f.spec_type == "integer":
        return None
    return pa.string()


def _of_table(table: pa.Table, fields: list[Field]) -> Raw:
    texts, lists, faults = {}, {}, []
    columns = dict(zip(table.column_names, table.columns, strict=True))
    for f in fields:
        column = columns.pop(f.name, None)
        if column is None or pa.types.is_null(column.type):
            continue
        array = column.combine_chunks()
        if f.avro_type.startswith("array"):
            if _fits(array.type, f):
                lists[f.name] = _nested(array, f)
                continue
        elif pa.types.is_floating(array.type) and f.avro_type != "double":
            # 1 beside 1.0: Arrow has made both one number, so what was written is lost.
            raise pa.ArrowInvalid(f.name)
        elif not pa.types.is_nested(array.type):
            texts[f.name] = array
            continue
        faults.append(faults_of(WRONG_KIND, f.name, pl.Series(array.is_valid())))
    unknown = {*columns, *(f"{name}.{u}" for name, nested in lists.items() for u in nested.items.unknown)}
    return Raw(table.num_rows, _as_text(texts), lists, concat_faults(faults), frozenset(unknown))


def _as_text(arrays: dict[str, pa.Array]) -> pl.DataFrame:
    """Numbers and booleans become the text that JSON writes for them."""
    texts = {n: a if pa.types.is_string(a.type) else pc.cast(a, pa.string()) for n, a in arrays.items()}
    return pl.DataFrame(pl.from_arrow(pa.table(texts)))


def _fits(kind: pa.DataType, f: Field) -> bool:
    if not pa.types.is_list(kind):
        return False
    item = kind.value_type
    return bool(pa.types.is_null(item) or pa.types.is_nested(item) == (f.nested is not None))


def _nested(array: pa.ListArray, f: Field) -> Nested:
    parent = pl.Series(pc.list_parent_indices(array), dtype=pl.UInt32)
    items, lengths = array.flatten(), pl.Series(array.value_lengths(), dtype=pl.Int32)
    if len(items) == 0 or pa.types.is_null(items.type):
        raw = Raw(len(items), pl.DataFrame())
    elif f.nested is None:
        raw = Raw(len(items), _as_text({ITEM: items}))
    else:
        raw = _of_table(pa.Table.from_batches([pa.RecordBatch.from_struct_array(items)]), f.nested)
    return Nested(parent, raw, lengths)


class _Twice(dict[str, Any]):
    """An object that names a member twice."""


def _parse(record: bytes) -> Any:
    """One JSON value; numbers stay the text they were."""
    return json.loads(record, object_pairs_hook=_members, parse_int=str, parse_float=str)


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    return members if len(members) == len(pairs) else _Twice(pairs)


def _of_rows(rows: Sequence[Any], fields: list[Field]) -> Raw:
    objects = [r if isinstance(r, dict) else {} for r in rows]
    unknown = set().union(*objects)
    faults = [
        faults_of(NOT_A_RECORD, "", pl.Series([not isinstance(r, dict) for r in rows], dtype=pl.Boolean)),
        faults_of(SAID_TWICE, "", pl.Series([isinstance(r, _Twice) for r in rows], dtype=pl.Boolean)),
    ]
    texts: dict[str, list[str | None]] = {}
    lists: dict[str, Nested] = {}
    for f in fields:
        if f.name not in unknown:
            continue
        unknown.discard(f.name)
        column = [r.get(f.name) for r in objects]
        kind = list if f.avro_type.startswith("array") else (str, bool)
        wrong = [v is not None and not isinstance(v, kind) for v in column]
        if any(wrong):
            faults.append(faults_of(WRONG_KIND, f.name, pl.Series(wrong, dtype=pl.Boolean)))
            column = [None if w else v for v, w in zip(column, wrong, strict=True)]
        if kind is list:
            lists[f.name] = nested = _nested_rows(column, f)
            unknown |= {f"{f.name}.{name}" for name in nested.items.unknown}
        else:
            texts[f.name] = [str(v).lower() if isinstance(v, bool) else v for v in column]
    frame = pl.DataFrame(texts, schema=dict.fromkeys(texts, pl.String))
    return Raw(len(rows), frame, lists, concat_faults(faults), frozenset(unknown))


def _nested_rows(column: list[Any], f: Field) -> Nested:
    pairs = [(i, item) for i, items in enumerate(column) for item in items or ()]
    parent = pl.Series([i for i, _ in pairs], dtype=pl.UInt32)
    items = [item for _, item in pairs]
    lengths = pl.Series([None if c is None else len(c) for c in column], dtype=pl.Int32)
    if f.nested is not None:
        return Nested(parent, _of_rows(items, f.nested), lengths)
    wrong = pl.Series([not isinstance(v, str) for v in items], dtype=pl.Boolean)
    texts = pl.DataFrame(
        {ITEM: pl.Series([v if isinstance(v, str) else None for v in items], dtype=pl.String)}
    )
    return Nested(parent, Raw(len(items), texts, faults=faults_of(WRONG_KIND, "", wrong)), lengths)
