"""Frames into PostgreSQL and back by COPY: the one place that knows how a value is spelt on the way.

What is stored is what is hashed: records are normalised (schemas.encoding.normal), and their row texts go in
as they are, between U+001F and backslashes doubled. No value is NULL, be it null, a blank text or an empty
list; nested lists are canonical JSON without what has no value.
"""

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl
import pyarrow as pa
from psycopg2.extensions import cursor

from schemas.encoding import digest, normal

COPY_BYTES: Final = 1024 * 1024
"""Handed to the server at once: between two of them the thread may have to wait for Python's lock."""

PIECE_BYTES: Final = 4 * 1024 * 1024
"""Rows are made into text, and text into rows, so much at a time: a version with its portraits is large, and
whole it would be held three times over."""

MOST_BYTES: Final = 64
"""In a value that is copied as hex: four times an identity key's."""

Schema = Mapping[str, pl.DataType]


@dataclass(frozen=True)
class Records:
    """Normalised records: their row texts and hashes (encoding.digest), and beside them a frame of the
    columns that somebody looks at, nested ones as JSON text."""

    frame: pl.DataFrame
    texts: pl.Series
    hashes: pl.Series

    @classmethod
    def of(cls, records: pl.DataFrame, columns: Sequence[str] | None = None) -> "Records":
        """Of records in the contract's columns; in the frame only ``columns``, if they are named, a blank
        text as null."""
        frame, texts = normal.texts(records)
        if columns is not None:
            frame = frame.select(columns)
            names = [name for name, dtype in frame.schema.items() if dtype == pl.String]
            frame = frame.with_columns(pl.when(pl.col(n) != "").then(pl.col(n)).alias(n) for n in names)
        return cls(frame, _series(texts), pl.Series(digest.text_hashes(texts), dtype=pl.String))

    @classmethod
    def concat(cls, parts: Sequence["Records"]) -> "Records":
        """All rows, in the order given."""
        return cls(
            pl.concat([p.frame for p in parts]),
            pl.concat([p.texts for p in parts]),
            pl.concat([p.hashes for p in parts]),
        )

    def slice(self, start: int, length: int) -> "Records":
        """So many rows from there."""
        return Records(
            self.frame.slice(start, length),
            self.texts.slice(start, length),
            self.hashes.slice(start, length),
        )

    def take(self, rows: Sequence[int] | pl.Series) -> "Records":
        """These rows only, each once, in their order."""
        return self if len(rows) == len(self.texts) else self.gather(rows)

    def gather(self, rows: Sequence[int] | pl.Series) -> "Records":
        """These rows in the order given."""
        return Records(self.frame[rows], self.texts[rows], self.hashes[rows])


def copy_records(
    cur: cursor, table: str, columns: Sequence[str], place: pl.DataFrame, records: Records
) -> None:
    """Append rows: ``columns`` are those of ``place`` and then those of the records.

    Raises psycopg2.DataError if a value cannot be stored (a NUL in a text, a date out of range).
    """
    texts = _in_pieces(place, records.texts)
    _copy(cur, table, columns, _Texts(texts), r"text, DELIMITER E'\x1f', NULL ''")


def _in_pieces(place: pl.DataFrame, texts: pl.Series) -> Iterator[bytes]:
    rows = max(1, len(texts) * PIECE_BYTES // max(1, int(texts.str.len_bytes().sum())))
    every = place.with_columns(texts.alias("_text"))
    for some in every.iter_slices(rows):
        yield digest.csv(some, "\n").replace(b"\\", b"\\\\")


def _series(texts: Sequence[bytes]) -> pl.Series:
    """As a column, unchecked: PostgreSQL says what is no text."""
    given = pl.Series(texts, dtype=pl.Binary).to_arrow(compat_level=pl.CompatLevel.newest())
    return pl.Series(pl.from_arrow(pa.Array.from_buffers(pa.string_view(), len(texts), given.buffers())))


class _Texts:
    """Texts one after the other, as psycopg2 reads a file."""

    def __init__(self, texts: Iterator[bytes]) -> None:
        self._texts = texts
        self._now = io.BytesIO()

    def read(self, size: int) -> bytes:
        while not (some := self._now.read(size)):
            if (text := next(self._texts, None)) is None:
                return b""
            self._now = io.BytesIO(text)
        return some


def copy_in(cur: cursor, table: str, columns: Sequence[str], frame: pl.DataFrame) -> None:
    """Append the frame's columns, in their order, to ``columns`` of the table. A blank text stays one."""
    if not frame.is_empty():
        _copy(cur, table, columns, io.BytesIO(to_csv(frame)), "csv")


def copy_hex(cur: cursor, table: str, frame: pl.DataFrame) -> None:
    """Append rows of hex texts to the columns of their names, each a uuid or a bytea: as bytes, which costs
    the server a third less than reading digits. Sorted, if all values of the first are of one length: who
    writes the same rows at the same time waits, and neither fails."""
    if not frame.is_empty():
        _copy(cur, table, frame.columns, io.BytesIO(_binary(frame)), "binary")


def _binary(frame: pl.DataFrame) -> bytes:
    """COPY's binary form: of a row the number of its fields, of a field the number of its bytes."""
    lengths = pl.lit(pl.Series([f"{digits // 2:08x}" for digits in range(2 * MOST_BYTES + 1)]))
    fields: list[pl.Expr] = [pl.lit(f"{frame.width:04x}")]
    for name in frame.columns:
        fields += [lengths.gather(pl.col(name).str.len_bytes()), pl.col(name)]
    rows = frame.select(pl.concat_str(fields).sort().str.join("")).item()
    return b"PGCOPY\n\xff\r\n\0" + bytes(8) + bytes.fromhex(rows) + b"\xff\xff"


def _copy(cur: cursor, table: str, columns: Sequence[str], text: Any, spelling: str) -> None:
    names = ", ".join(f'"{c}"' for c in columns)
    cur.copy_expert(f"COPY {table} ({names}) FROM STDIN (FORMAT {spelling})", text, COPY_BYTES)


def copy_out(
    cur: cursor, select: str, params: Sequence[Any] | Mapping[str, Any], schema: Schema
) -> pl.DataFrame:
    """Result of a query whose columns are those of ``schema``, in order, with exactly these types.

    Nested columns must be jsonb, booleans cast to text (see ``selected``).
    """
    out = _Pieces(schema)
    query = cur.mogrify(select, params).decode()
    cur.copy_expert(f"COPY ({query}) TO STDOUT (FORMAT csv)", out)
    return out.frame()


class _Pieces:
    """What COPY writes, a row at a time, as frames of some PIECE_BYTES each."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._text = io.BytesIO()
        self._frames: list[pl.DataFrame] = []

    def write(self, row: bytes) -> None:
        self._text.write(row)
        if self._text.tell() >= PIECE_BYTES:
            self._frames.append(from_csv(self._text.getvalue(), self._schema))
            self._text = io.BytesIO()

    def frame(self) -> pl.DataFrame:
        rest = from_csv(self._text.getvalue(), self._schema)
        return pl.concat([*self._frames, rest]) if self._frames else rest


def selected(column: str, dtype: pl.DataType) -> str:
    """The column as copy_out wants it in a query."""
    return f'"{column}"::text' if dtype == pl.Boolean() else f'"{column}"'


def to_csv(frame: pl.DataFrame) -> bytes:
    """The frame as CSV for COPY.

    Lines end in CRLF, so that polars quotes both CR and LF inside a text.
    """
    out = io.BytesIO()
    digest.flat(frame).write_csv(out, include_header=False, line_terminator="\r\n")
    return out.getvalue()


def from_csv(text: bytes, schema: Schema) -> pl.DataFrame:
    """CSV of COPY as a frame of exactly this schema."""
    if not text:
        return pl.DataFrame(schema=dict(schema))
    nested = {name: dtype for name, dtype in schema.items() if dtype.is_nested()}
    flat = {name: pl.String() if name in nested else dtype for name, dtype in schema.items()}
    frame = pl.read_csv(text, has_header=False, schema=flat)
    return frame.with_columns(pl.col(n).str.json_decode(t) for n, t in nested.items()) if nested else frame
