"""What every stage behind this one relies on, and no rule of the catalogue says. Pure.

A text with a NUL character, or one too long for an index, would make PostgreSQL refuse the whole batch it
came in, again and again; a header without bounds would swell every table and metric it is copied to. A
double that is no number is nobody's coefficient: JSON cannot say it, so in a list it would silently be none.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import isfinite
from typing import Any, Final

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from schemas.contracts import bounds
from schemas.contracts.bounds import NUL
from schemas.contracts.chunks import MAX_TEXT

LONG_IDENTITY: Final = "VAL-007"
NUL_IN_TEXT: Final = "VAL-008"
NO_NUMBER: Final = "REC-011"

_LISTS: Final = ("Rows", "Removed", "Refused")
"""Parts of a header that are as long as the chunk."""


def sound_header(header: Mapping[str, Any]) -> bool:
    """Whether the header of a chunk, of removals or of a closing can be carried on, refusals included."""
    said = {name: value for name, value in header.items() if name not in _LISTS}
    return bounds.asked("", said) is None and all(map(_short, _texts(header.get("Refused", []))))


def sound_closing(event: Mapping[str, Any]) -> bool:
    """The same for PushClosed, with its lists of types."""
    return bounds.asked("PushClosed", event) is None


def texts_fault(named: Mapping[str, str]) -> list[tuple[str, list[str]]]:
    """(code, [name]) of the texts that identify a record and that no index or database takes."""
    found = [(NUL_IN_TEXT, [name]) for name, text in named.items() if NUL in text]
    return found + [(LONG_IDENTITY, [n]) for n, text in named.items() if len(text.encode()) > MAX_TEXT]


def rows_with_long_identity(frame: pl.DataFrame, keys: Sequence[str]) -> list[tuple[int, list[str]]]:
    """(row, names) of the records in which a field that identifies them is too long for an index."""
    texts = [pl.col(k) for k in keys if frame.schema.get(k) == pl.String]
    longest = frame.select(text.str.len_bytes().max() for text in texts).row(0) if texts else ()
    if all(size is None or size <= MAX_TEXT for size in longest):
        return []
    long = frame.select(text.str.len_bytes().gt(MAX_TEXT).fill_null(False) for text in texts)
    return [(row, [found.name]) for found in long for row in found.arg_true()]


def _short(text: str) -> bool:
    return NUL not in text and len(text) <= MAX_TEXT


def rows_with_nul(table: pa.RecordBatch) -> list[tuple[int, list[str]]]:
    """(row, names of the columns) of the records that hold one, nested lists included."""
    return _rows_with(table, _holds_nul, lambda value: any(NUL in text for text in _texts(value)))


def rows_with_no_number(table: pa.RecordBatch) -> list[tuple[int, list[str]]]:
    """The same of those that hold an infinity or a NaN where a number is due."""
    return _rows_with(
        table,
        _holds_no_number,
        lambda value: any(isinstance(v, float) and not isfinite(v) for v in _leaves(value)),
    )


def _rows_with(
    table: pa.RecordBatch, holds: Callable[[pa.Array], bool], is_odd: Callable[[object], bool]
) -> list[tuple[int, list[str]]]:
    """Each column is searched at once; records are looked at only in the rare column that ``holds`` one."""
    bad = [name for name in table.schema.names if _somewhere(table.column(name), holds)]
    rows: dict[int, list[str]] = {}
    for name in bad:
        for row, value in enumerate(table.column(name).to_pylist()):
            if is_odd(value):
                rows.setdefault(row, []).append(name)
    return sorted(rows.items())


def _somewhere(array: pa.Array, holds: Callable[[pa.Array], bool]) -> bool:
    kind = array.type
    if pa.types.is_struct(kind):
        return any(_somewhere(array.field(i), holds) for i in range(kind.num_fields))
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _somewhere(array.values, holds)
    return holds(array)


def _holds_nul(array: pa.Array) -> bool:
    if not (pa.types.is_string(array.type) or pa.types.is_large_string(array.type)):
        return False
    return len(array) > array.null_count and NUL.encode() in _bytes(array)


def _holds_no_number(array: pa.Array) -> bool:
    return pa.types.is_floating(array.type) and not pc.all(pc.is_finite(array), min_count=0).as_py()


def _bytes(array: pa.Array) -> bytes:
    """The characters of a column of texts, one after the other, without the padding behind them."""
    _, offsets, data = array.buffers()
    size = 8 if pa.types.is_large_string(array.type) else 4
    bounds = memoryview(offsets).cast("B").cast("q" if size == 8 else "i")
    return bytes(data[bounds[array.offset] : bounds[array.offset + len(array)]])


def _texts(value: object) -> Iterator[str]:
    """All strings in a value of lists and structs."""
    return (leaf for leaf in _leaves(value) if isinstance(leaf, str))


def _leaves(value: object) -> Iterator[object]:
    """All that is neither list nor struct in it, and the structs' names."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield name
            yield from _leaves(part)
    elif isinstance(value, list):
        for part in value:
            yield from _leaves(part)
    else:
        yield value
