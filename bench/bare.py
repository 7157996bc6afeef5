"""The floor: the same rows by COPY into a temporary table and one merge, 5,000 rows a commit.

No Kafka, no rules, no history, no identity.
"""

import io
from typing import Final

import polars as pl
from psycopg2.extensions import connection, cursor

from bench.table import columns_sql

ROWS_A_COMMIT: Final = 5_000
TABLE: Final = "bench_bare"


def prepare(db: connection, records: pl.DataFrame) -> None:
    """An empty table with the contract's columns, keyed by school and the sender's id."""
    with db.cursor() as cur:
        cur.execute(f"DROP TABLE IF EXISTS {TABLE}")
        cur.execute(f"CREATE TABLE {TABLE} ({columns_sql(records)}, PRIMARY KEY (school, client_id))")
    db.commit()


def run(db: connection, records: pl.DataFrame) -> int:
    """Load every row; returns how many are there afterwards."""
    with db.cursor() as cur:
        cur.execute(f"CREATE TEMP TABLE incoming (LIKE {TABLE}) ON COMMIT DELETE ROWS")
    db.commit()
    for start in range(0, records.height, ROWS_A_COMMIT):
        with db.cursor() as cur:
            _merge(cur, records.slice(start, ROWS_A_COMMIT))
        db.commit()
    with db.cursor() as cur:
        cur.execute(f"SELECT count(*) FROM {TABLE}")
        (count,) = cur.fetchone()
        cur.execute("DROP TABLE incoming")
    db.commit()
    return int(count)


def _merge(cur: cursor, rows: pl.DataFrame) -> None:
    text = io.BytesIO()
    rows.write_csv(text, include_header=False)
    text.seek(0)
    cur.copy_expert("COPY incoming FROM STDIN (FORMAT csv)", text)
    assignments = ", ".join(f"{c} = excluded.{c}" for c in rows.columns if c not in ("school", "client_id"))
    cur.execute(
        f"INSERT INTO {TABLE} SELECT * FROM incoming "
        f"ON CONFLICT (school, client_id) DO UPDATE SET {assignments}"
    )
