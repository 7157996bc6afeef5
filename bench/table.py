"""The plain table that our peers write: the pupil's columns, typed, and the school; and the merge into it."""

from collections.abc import Sequence
from io import BytesIO
from typing import Final

import polars as pl
from psycopg2.extensions import connection, cursor

from bench.records import PUPILS_A_SCHOOL, schools
from schemas.contracts.contracts import record

SQL_TYPES: Final = {
    pl.String: "text",
    pl.Boolean: "boolean",
    pl.Date: "date",
    pl.Int32: "integer",
    pl.Float64: "float8",
}


def columns_sql(records: pl.DataFrame) -> str:
    """Column definitions for the frame's columns."""
    return ", ".join(f"{name} {SQL_TYPES[dtype.base_type()]}" for name, dtype in records.schema.items())


def plain(records: pl.DataFrame, first: int) -> pl.DataFrame:
    """Pupils as a table: SQL names, and the school beside them. ``first``: number of the first one."""
    codes = schools(records.height, first)
    per_school = pl.Series("school", codes).gather(pl.Series(range(records.height)) // PUPILS_A_SCHOOL)
    names = {field.name: field.column for field in record("HocSinh").fields}
    return records.rename(names).insert_column(0, per_school)


def create(db: connection, table: str, records: pl.DataFrame) -> None:
    """An empty table for such rows, keyed by school and the sender's id."""
    with db, db.cursor() as cur:
        cur.execute(f"DROP TABLE IF EXISTS {table}")
        cur.execute(f"CREATE TABLE {table} ({columns_sql(records)}, PRIMARY KEY (school, client_id))")


def receive(cur: cursor, table: str) -> None:
    """The session's temporary table that ``merge`` copies into."""
    cur.execute(f"CREATE TEMP TABLE incoming (LIKE {table}) ON COMMIT DELETE ROWS")


def csv(rows: pl.DataFrame) -> BytesIO:
    """Rows as COPY reads them."""
    text = BytesIO()
    rows.write_csv(text, include_header=False)
    text.seek(0)
    return text


def merge(cur: cursor, table: str, columns: Sequence[str], text: BytesIO) -> None:
    """COPY into the temporary table, and one merge."""
    cur.copy_expert("COPY incoming FROM STDIN (FORMAT csv)", text)
    assignments = ", ".join(f"{c} = excluded.{c}" for c in columns if c not in ("school", "client_id"))
    cur.execute(
        f"INSERT INTO {table} SELECT * FROM incoming "
        f"ON CONFLICT (school, client_id) DO UPDATE SET {assignments}"
    )
