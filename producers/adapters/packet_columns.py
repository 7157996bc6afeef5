"""Records of a packet as Arrow columns of text, whatever JSON they were written in.

The usual packet is read by Arrow's JSON reader, column by column. A packet whose columns mix numbers and
text, that says a member twice, or has something else where a record, a code or a text is due, is read record
by record: slower, but each fault has its exact place.
"""

import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as arrow_json

from producers.adapters.grid import MAX_NAMES, MAX_RECORDS, TooMuch
from producers.adapters.said_twice import Number, Path, loads

WRONG_KIND: Final = "CELL-106"
DIGITS_LOST: Final = "CELL-108"
NOT_A_RECORD: Final = "CELL-109"

_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_MEMBERS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ITEMS: Final = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])

ITEM: Final = "item"
"""Column of a list whose items are plain codes."""


class Field(msgspec.Struct, frozen=True):
    """What a contract says of a field, as far as it shows in JSON."""

    name: str
    avro_type: str
    spec_type: str
    coded: bool
    nested: "list[Field] | None" = None


Fault = tuple[str, str, list[int]]
"""Code, field, and the records at fault by position."""


@dataclass(frozen=True)
class Columns:
    """``texts``: a text column for each plain field that has a value anywhere. ``lists``: those by field.

    ``unknown``: members that are no field, with their path. ``twice``: record by position, and the path in it
    of a member that is said twice.
    """

    height: int
    texts: dict[str, pa.Array] = field(default_factory=dict)
    lists: "dict[str, Items]" = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    unknown: frozenset[str] = frozenset()
    twice: "list[tuple[int, Path]]" = field(default_factory=list)


@dataclass(frozen=True)
class Items:
    """The items of a list field. ``parent``: record of each item; ``lengths``: null where no list is."""

    parent: pa.Array
    items: Columns
    lengths: pa.Array


def read(records: Sequence[bytes], fields: list[Field]) -> Columns:
    """Well-formed JSON values, one a record, as columns. Raises TooMuch."""
    if not records:
        return Columns(0)
    names, plain = _names(records, fields)
    if plain and all(r.startswith(b"{") for r in records):  # Arrow's reader ends the process at a null
        try:
            return _of_table(_arrow(b"\n".join(records), [f for f in fields if f.name in names]), fields)
        except pa.ArrowInvalid:
            pass
    parsed = [loads(r) for r in records]
    twice = [(at, path) for at, (_, paths) in enumerate(parsed) for path in paths]
    return replace(_of_rows([value for value, _ in parsed], fields), twice=twice)


def _names(records: Sequence[bytes], fields: list[Field]) -> tuple[set[str], bool]:
    """All names, and whether objects stand only where the contract has them: to Arrow every name, however
    deep, is a column of all records. Raises TooMuch."""
    names: set[str] = set()
    nested = _with_items(fields)
    plain = True
    for record in records:
        if record.startswith(b"{"):
            members = _MEMBERS.decode(record)
            names.update(members)
            if (objects := record.count(b"{")) > 1:
                plain &= _in_place(members, objects - 1, nested, names)
            if len(names) > MAX_NAMES:
                raise TooMuch
    return names, plain


def _with_items(fields: list[Field]) -> dict[str, list[Field]]:
    return {f.name: f.nested for f in fields if f.nested is not None}


def _in_place(
    members: dict[str, msgspec.Raw], objects: int, nested: dict[str, list[Field]], names: set[str]
) -> bool:
    """``names`` gets those of the nested records too. ``objects``: braces that open anywhere in the members;
    where the lists that may hold some have all of them, no other member is looked at."""
    for name, of_items in nested.items():
        if (raw := members.get(name)) is None:
            continue
        value = bytes(raw)
        inside = value.count(b"{")
        objects -= inside
        if not inside:
            continue
        try:
            items = _ITEMS.decode(value)
        except msgspec.ValidationError:
            if value[:1] not in (b"{", b"["):  # a text with a brace
                continue
            return False
        if len(items) > MAX_RECORDS:
            raise TooMuch
        inner = set().union(*items)
        names.update(f"{name}.{each}" for each in inner)
        if len(names) > MAX_NAMES:
            raise TooMuch
        if inside == len(items):
            continue
        deeper = _with_items(of_items)
        for item in items:
            if not _in_place(item, sum(bytes(r).count(b"{") for r in item.values()), deeper, names):
                return False
    if objects:  # in a text, or where none is due
        others = (bytes(raw) for name, raw in members.items() if name not in nested)
        return not any(value[:1] in (b"{", b"[") and b"{" in value for value in others)
    return True


def _arrow(lines: bytes, fields: list[Field]) -> pa.Table:
    options = arrow_json.ParseOptions(
        explicit_schema=pa.schema([(f.name, t) for f in fields if (t := _arrow_type(f)) is not None]),
        unexpected_field_behavior="infer",
    )
    one_block = arrow_json.ReadOptions(use_threads=False, block_size=len(lines) + 1)
    table = arrow_json.read_json(io.BytesIO(lines), read_options=one_block, parse_options=options)
    table.validate()  # a list that begins with null may come out with fewer items than it says
    return table


def _arrow_type(f: Field) -> pa.DataType | None:
    """Text where the specification has text; what it calls a number is found out (1 or "01", 2 or 2.34)."""
    if f.nested is not None:
        return pa.list_(pa.struct([(n.name, t) for n in f.nested if (t := _arrow_type(n)) is not None]))
    if f.avro_type == "array<string>":
        return pa.list_(pa.string())
    return None if f.avro_type == "double" or f.spec_type == "integer" else pa.string()


def _of_table(table: pa.Table, fields: list[Field]) -> Columns:
    texts: dict[str, pa.Array] = {}
    lists: dict[str, Items] = {}
    faults: list[Fault] = []
    columns = dict(zip(table.column_names, table.columns, strict=True))
    for f in fields:
        column = columns.pop(f.name, None)
        if column is None or column.null_count == len(column):
            continue
        array = column.combine_chunks()
        if f.avro_type.startswith("array"):
            if _fits(array.type, f):
                lists[f.name] = _nested(array, f)
                continue
        elif _says_too_little(array.type, f):
            raise pa.ArrowInvalid(f.name)
        elif not pa.types.is_nested(array.type):
            texts[f.name] = array
            continue
        faults += _fault_of(WRONG_KIND, f.name, array.is_valid().to_pylist())
    unknown = {*columns, *(f"{name}.{u}" for name, nested in lists.items() for u in nested.items.unknown)}
    return Columns(table.num_rows, _as_text(texts), lists, faults, frozenset(unknown))


def _fault_of(code: str, name: str, wrong: Iterable[bool]) -> list[Fault]:
    found = [at for at, is_wrong in enumerate(wrong) if is_wrong]
    return [(code, name, found)] if found else []


def _says_too_little(kind: pa.DataType, f: Field) -> bool:
    """1 beside 1.0: Arrow has made both one number, so what was written is lost. A truth value where none is
    due is a fault of its record."""
    return bool(
        (pa.types.is_floating(kind) and f.avro_type != "double")
        or (pa.types.is_boolean(kind) and f.avro_type != "boolean")
    )


def _as_text(arrays: dict[str, pa.Array]) -> dict[str, pa.Array]:
    """Numbers and booleans become the text that JSON writes for them."""
    return {n: a if pa.types.is_string(a.type) else pc.cast(a, pa.string()) for n, a in arrays.items()}


def _fits(kind: pa.DataType, f: Field) -> bool:
    if not pa.types.is_list(kind):
        return False
    item = kind.value_type
    return bool(pa.types.is_null(item) or pa.types.is_nested(item) == (f.nested is not None))


def _nested(array: pa.ListArray, f: Field) -> Items:
    parent = pc.list_parent_indices(array).cast(pa.uint32())
    items, lengths = array.flatten(), array.value_lengths()
    if len(items) > MAX_RECORDS:
        raise TooMuch
    if items.null_count or (f.nested is None and _says_too_little(items.type, f)):
        raise pa.ArrowInvalid(f.name)
    if len(items) == 0:
        read = Columns(0)
    elif f.nested is None:
        read = Columns(len(items), _as_text({ITEM: items}))
    else:
        read = _of_table(pa.Table.from_batches([pa.RecordBatch.from_struct_array(items)]), f.nested)
    return Items(parent, read, lengths)


def _of_rows(rows: Sequence[Any], fields: list[Field]) -> Columns:
    objects = [r if isinstance(r, dict) else {} for r in rows]
    unknown = set().union(*objects)
    faults = _fault_of(NOT_A_RECORD, "", (not isinstance(r, dict) for r in rows))
    texts: dict[str, pa.Array] = {}
    lists: dict[str, Items] = {}
    for f in fields:
        if f.name not in unknown:
            continue
        unknown.discard(f.name)
        column = [r.get(f.name) for r in objects]
        if all(v is None for v in column):
            continue
        codes = [None if v is None else _fault(v, f) for v in column]
        for code in sorted({c for c in codes if c}):
            faults += _fault_of(code, f.name, (c == code for c in codes))
        column = [None if code else v for v, code in zip(column, codes, strict=True)]
        if f.avro_type.startswith("array"):
            lists[f.name] = nested = _nested_rows(column, f)
            unknown |= {f"{f.name}.{name}" for name in nested.items.unknown}
        else:
            texts[f.name] = text_array([str(v).lower() if isinstance(v, bool) else v for v in column])
    return Columns(len(rows), texts, lists, faults, frozenset(unknown))


def _fault(value: Any, f: Field) -> str | None:
    """Code of what is wrong with the kind of a value that is not null."""
    due = list if f.avro_type.startswith("array") else (str, bool) if f.avro_type == "boolean" else str
    if not isinstance(value, due):
        return WRONG_KIND
    free_text = f.avro_type == "string" and not f.coded
    if free_text and isinstance(value, Number) and not re.fullmatch(r"-?\d+", value):
        return DIGITS_LOST  # 1e17 where a code is due
    return None


def _nested_rows(column: list[Any], f: Field) -> Items:
    pairs = [(i, item) for i, items in enumerate(column) for item in items or ()]
    parent = pa.array([i for i, _ in pairs], pa.uint32())
    items = [item for _, item in pairs]
    if len(items) > MAX_RECORDS:
        raise TooMuch
    lengths = pa.array([None if c is None else len(c) for c in column], pa.int32())
    if f.nested is not None:
        return Items(parent, _of_rows(items, f.nested), lengths)
    wrong = _fault_of(WRONG_KIND, "", (not isinstance(v, str) for v in items))
    texts = {ITEM: text_array([v if isinstance(v, str) else None for v in items])}
    return Items(parent, Columns(len(items), texts, faults=wrong), lengths)


def text_array(values: list[str | None]) -> pa.Array:
    """Texts. A lone surrogate, which JSON may escape and no text holds, becomes U+FFFD."""
    try:
        return pa.array(values, pa.string())
    except (UnicodeEncodeError, pa.ArrowInvalid):
        return pa.array([None if v is None else _SURROGATE.sub("\ufffd", v) for v in values], pa.string())
