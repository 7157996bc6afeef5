"""Chunks of one contract to row texts, hashes and the columns that load asks for, in one pass of rows.c.

It takes the rows that it can spell as ``normal`` does: texts of ASCII and Latin letters that are in NFC, flat
values. What else the chunks hold is handed back as chunks of the same headers with only the rows that were
left, for ``codec`` to read and to find fault with. Bytes that no ordinary writer writes are not touched.
"""

from collections.abc import Sequence
from ctypes import Structure, addressof, byref, c_char_p, c_int64, c_void_p
from dataclasses import dataclass
from typing import Final

import polars as pl
import pyarrow as pa

from schemas.contracts import versions
from schemas.contracts.versions import Contract
from schemas.encoding.native.library import library
from schemas.encoding.native.plan import LONGEST, Plan, plan

MOST_TEXT: Final = 2**31 - 1
VIEW: Final = 16
HEX: Final = 32
TYPES: Final = {"s": pa.string_view(), "i": pa.int32(), "d": pa.date32()}


class _Column(Structure):
    _fields_ = (("is_text", c_int64), ("valid", c_void_p), ("values", c_void_p))


class _Table(Structure):
    _fields_ = (
        ("rows_room", c_int64),
        ("text_room", c_int64),
        ("columns", c_int64),
        ("text", c_void_p),
        ("hashes", c_void_p),
        ("texts", c_void_p),
        ("digests", c_void_p),
        ("wanted", c_void_p),
        ("left", c_void_p),
        ("lefts", c_int64),
    )


@dataclass(frozen=True)
class Taken:
    """All rows in the order of the chunks; ``lengths``: of each chunk. Of those at ``left`` nothing is said;
    they are in ``rest``, the chunks without the rows that were taken. ``frame`` has the columns asked for, a
    blank text as null; ``texts`` and ``hashes`` are those of ``digest``."""

    frame: pl.DataFrame
    texts: pl.Series
    hashes: pl.Series
    lengths: list[int]
    left: list[int]
    rest: list[bytes]


def take(contract: Contract, values: Sequence[bytes], columns: Sequence[str]) -> Taken | None:
    """Of framed values of one chunk contract; None if they are for the present way."""
    found = library()
    if found is None:
        return None
    how = plan(contract.text, versions.newest(contract.name).text, tuple(columns))
    if how is None:
        return None
    n = len(values)
    each = (c_char_p * n)(*values)
    sizes, begins, lengths, ends = ((c_int64 * n)() for _ in range(4))
    sizes[:] = list(map(len, values))
    rows = found.csdl_heads(how.header, c_int64(how.least), each, sizes, c_int64(n), begins)
    room = sum(sizes) + rows * how.most + LONGEST
    if rows < 0 or room > MOST_TEXT:
        return None
    table = _Room(how, rows, room)
    done = found.csdl_rows(
        *(how.fields, c_int64(len(how.fields)), c_int64(how.pad)),
        *(each, sizes, c_int64(n), begins, lengths, ends, byref(table.said)),
    )
    if done < 0:
        return None
    left = [tuple(table.left[4 * i : 4 * i + 4]) for i in range(table.said.lefts)]
    spans: dict[int, list[bytes]] = {}
    for _, chunk, start, end in left:
        spans.setdefault(chunk, []).append(values[chunk][start:end])
    rest = [
        b"".join([values[i][: begins[i]], *_block(spans.get(i, [])), values[i][ends[i] :]]) for i in range(n)
    ]
    frame, texts, hashes = table.series(sum(lengths))
    return Taken(frame, texts, hashes, list(lengths), [row for row, _, _, _ in left], rest)


class _Room:
    """What rows.c writes to, and what of it becomes columns."""

    def __init__(self, how: Plan, rows: int, text_bytes: int) -> None:
        self._how = how
        self._text, self._hashes = pa.allocate_buffer(text_bytes), pa.allocate_buffer(HEX * rows)
        self._texts, self._digests = pa.allocate_buffer(VIEW * rows), pa.allocate_buffer(VIEW * rows)
        self._valid = [pa.allocate_buffer((rows + 7) // 8) for _ in how.columns]
        self._values = [pa.allocate_buffer((VIEW if kind == "s" else 4) * rows) for kind in how.letters]
        wanted = (_Column * len(how.columns))()
        for column, kind, valid, values in zip(wanted, how.letters, self._valid, self._values, strict=True):
            column.is_text, column.valid, column.values = kind == "s", valid.address, values.address
        self.left = (c_int64 * (4 * rows))()
        self._kept = wanted
        self.said = _Table(
            *(rows, text_bytes, len(how.columns), self._text.address, self._hashes.address),
            *(self._texts.address, self._digests.address, addressof(wanted), addressof(self.left)),
        )

    def series(self, rows: int) -> tuple[pl.DataFrame, pl.Series, pl.Series]:
        """(columns, texts, hashes)."""
        frame = {
            name: _series(TYPES[kind], rows, [valid, values, *([self._text] if kind == "s" else [])])
            for name, kind, valid, values in zip(
                self._how.columns, self._how.letters, self._valid, self._values, strict=True
            )
        }
        texts = _series(pa.string_view(), rows, [None, self._texts, self._text])
        hashes = _series(pa.string_view(), rows, [None, self._digests, self._hashes])
        return pl.DataFrame(frame), texts, hashes


def _series(kind: pa.DataType, rows: int, buffers: Sequence[pa.Buffer | None]) -> pl.Series:
    return pl.Series(pl.from_arrow(pa.Array.from_buffers(kind, rows, list(buffers))))


def _block(records: Sequence[bytes]) -> list[bytes]:
    """A list's one block, without the zero behind it."""
    if not records:
        return []
    left, count = 2 * len(records), bytearray()
    while left >= 0x80:
        count.append(left & 0x7F | 0x80)
        left >>= 7
    count.append(left)
    return [bytes(count), *records]
