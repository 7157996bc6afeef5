"""The floor: the same rows by COPY into a temporary table and one merge, 5,000 rows a commit.

No Kafka, no rules, no history, no identity.
"""

from typing import Final

import polars as pl
from psycopg2.extensions import connection

from bench.table import create, csv, merge, receive

ROWS_A_COMMIT: Final = 5_000
TABLE: Final = "bench_bare"


def prepare(db: connection, records: pl.DataFrame) -> None:
    """Its empty table."""
    create(db, TABLE, records)


def run(db: connection, records: pl.DataFrame) -> None:
    """Load every row."""
    with db, db.cursor() as cur:
        receive(cur, TABLE)
    for rows in records.iter_slices(ROWS_A_COMMIT):
        with db, db.cursor() as cur:
            merge(cur, TABLE, rows.columns, csv(rows))
    with db, db.cursor() as cur:
        cur.execute("DROP TABLE incoming")
