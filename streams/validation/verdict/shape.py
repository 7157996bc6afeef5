"""What every stage behind this one relies on, and no rule of the catalogue says. Pure.

A text with a NUL character, or one too long for an index, would make PostgreSQL refuse the whole batch it
came in, again and again; a header without bounds would swell every table and metric it is copied to.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import polars as pl
import pyarrow as pa

from schemas.contracts import bounds
from schemas.contracts.bounds import NUL
from schemas.contracts.chunks import MAX_TEXT

LONG_IDENTITY: Final = "VAL-007"
NUL_IN_TEXT: Final = "VAL-008"

_LISTS: Final = ("Rows", "Removed", "Refused")
"""Parts of a header that are as long as the chunk."""


def sound_header(header: Mapping[str, Any]) -> bool:
    """Whether the header of a chunk, of removals or of a closing can be carried on, refusals included."""
    said = {name: value for name, value in header.items() if name not in _LISTS}
    return bounds.asked("", said) is None and all(map(_short, _texts(header.get("Refused", []))))


def sound_closing(event: Mapping[str, Any]) -> bool:
    """The same for PushClosed, with its lists of types."""
    return bounds.asked("PushClosed", event) is None


def carried(text: str) -> str:
    """A sender's own id as a refusal may carry it, however wrong it was."""
    return text.replace(NUL, "")[:MAX_TEXT]


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
    """(row, names of the columns) of the records that hold one, nested lists included.

    The bytes of each column are searched at once; records are looked at only in the rare column that has one.
    """
    bad = [name for name in table.schema.names if _holds(table.column(name))]
    rows: dict[int, list[str]] = {}
    for name in bad:
        for row, value in enumerate(table.column(name).to_pylist()):
            if any(NUL in text for text in _texts(value)):
                rows.setdefault(row, []).append(name)
    return sorted(rows.items())


def _holds(array: pa.Array) -> bool:
    kind = array.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return len(array) > array.null_count and NUL.encode() in _bytes(array)
    if pa.types.is_struct(kind):
        return any(_holds(array.field(i)) for i in range(kind.num_fields))
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _holds(array.values)
    return False


def _bytes(array: pa.Array) -> bytes:
    """The characters of a column of texts, one after the other, without the padding behind them."""
    _, offsets, data = array.buffers()
    size = 8 if pa.types.is_large_string(array.type) else 4
    bounds = memoryview(offsets).cast("B").cast("q" if size == 8 else "i")
    return bytes(data[bounds[array.offset] : bounds[array.offset + len(array)]])


def _texts(value: object) -> Iterator[str]:
    """All strings in a value of lists and structs."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, part in value.items():
            yield name
            yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)
