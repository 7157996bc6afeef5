"""Frames into PostgreSQL and back by COPY of CSV: the one place that knows how a value is spelt on the way.

Null is an unquoted nothing, an empty text is ``""``; lines end in CRLF, so that polars quotes both CR and LF
inside a text (PostgreSQL refuses a bare one). Nested lists travel as JSON.
"""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
from psycopg2.extensions import cursor

Schema = Mapping[str, pl.DataType]


def copy_in(cur: cursor, table: str, columns: Sequence[str], frame: pl.DataFrame) -> None:
    """Append the frame's columns, in their order, to ``columns`` of the table.

    Raises psycopg2.DataError if a value cannot be stored (a NUL in a text, a date out of range).
    """
    if frame.is_empty():
        return
    names = ", ".join(f'"{c}"' for c in columns)
    cur.copy_expert(f"COPY {table} ({names}) FROM STDIN (FORMAT csv)", io.BytesIO(to_csv(frame)))


def copy_out(cur: cursor, select: str, params: Sequence[Any], schema: Schema) -> pl.DataFrame:
    """Result of a query whose columns are those of ``schema``, in order, with exactly these types.

    Nested columns must be jsonb, booleans cast to text (see ``selected``).
    """
    out = io.BytesIO()
    query = cur.mogrify(select, params).decode()
    cur.copy_expert(f"COPY ({query}) TO STDOUT (FORMAT csv)", out)
    return from_csv(out.getvalue(), schema)


def selected(column: str, dtype: pl.DataType) -> str:
    """The column as copy_out wants it in a query."""
    return f'"{column}"::text' if dtype == pl.Boolean() else f'"{column}"'


def to_csv(frame: pl.DataFrame) -> bytes:
    """The frame as CSV for COPY."""
    nested = [name for name, dtype in frame.schema.items() if dtype.is_nested()]
    flat = frame.with_columns(_json(name) for name in nested) if nested else frame
    return flat.write_csv(include_header=False, line_terminator="\r\n").encode()


def from_csv(text: bytes, schema: Schema) -> pl.DataFrame:
    """CSV of COPY as a frame of exactly this schema."""
    if not text:
        return pl.DataFrame(schema=dict(schema))
    nested = {name: dtype for name, dtype in schema.items() if dtype.is_nested()}
    flat = {name: pl.String() if name in nested else dtype for name, dtype in schema.items()}
    frame = pl.read_csv(text, has_header=False, schema=flat)
    return frame.with_columns(pl.col(n).str.json_decode(t) for n, t in nested.items()) if nested else frame


def _json(name: str) -> pl.Expr:
    # Only a struct can be encoded: wrap the list in one and take the wrapping off.
    wrapped = pl.struct(pl.col(name).alias("v")).struct.json_encode()
    text = wrapped.str.strip_prefix('{"v":').str.strip_suffix("}")
    return pl.when(pl.col(name).is_not_null()).then(text).alias(name)
