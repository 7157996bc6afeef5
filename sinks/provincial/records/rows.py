"""Rows of the typed tables while a push is applied: current keys out, new rows in, replaced rows ended."""

from collections.abc import Sequence

import polars as pl
from psycopg2 import DataError
from psycopg2.extensions import cursor

from sinks.postgres import copying
from sinks.postgres.copying import Records
from sinks.provincial.records.tables import Table

WRITTEN = ["dataset_id", "identity", "valid_from", "row_hash", "vendor"]
"""Columns that a row has before the contract's own, in this order."""


def current(cur: cursor, table: Table, datasets: Sequence[str], fields: Sequence[str]) -> pl.DataFrame:
    """Current rows of the datasets: ``_dataset``, ``_identity``, ``row_hash``, ``Vendor``, these fields."""
    columns = [c for c in table.columns if c.field in fields]
    schema = {
        "_dataset": pl.String(),
        "_identity": pl.String(),
        "row_hash": pl.String(),
        "Vendor": pl.String(),
        **{c.field: c.dtype for c in columns},
    }
    names = "".join(", " + copying.selected(c.name, c.dtype) for c in columns)
    return copying.copy_out(
        cur,
        f"SELECT dataset_id, identity, row_hash, vendor{names} FROM {table.name} "
        "WHERE dataset_id = ANY(%s) AND valid_to IS NULL",
        [list(datasets)],
        schema,
    )


def replace(cur: cursor, table: Table, replaced: pl.DataFrame) -> None:
    """End the current rows of these: ``_dataset``, ``_identity``, ``_version`` (first without them)."""
    if replaced.is_empty():
        return
    cur.execute(
        f"UPDATE {table.name} t SET valid_to = r.version "
        "FROM unnest(%s::text[], %s::text[], %s::int[]) AS r (dataset_id, identity, version) "
        "WHERE t.dataset_id = r.dataset_id AND t.identity = r.identity AND t.valid_to IS NULL",
        [replaced[c].to_list() for c in ("_dataset", "_identity", "_version")],
    )
    if cur.rowcount != replaced.height:
        raise RuntimeError(f"{table.name}: {replaced.height} rows to replace, {cur.rowcount} found")


def insert(cur: cursor, table: Table, place: pl.DataFrame, records: Records) -> None:
    """Append rows; ``place`` has the columns ``WRITTEN``. Raises psycopg2.DataError."""
    if place.height:
        copying.copy_records(cur, table.name, [*WRITTEN, *(c.name for c in table.columns)], place, records)


def unstorable(cur: cursor, table: Table, place: pl.DataFrame, records: Records) -> list[int]:
    """Positions of the rows that PostgreSQL cannot store, found by halving."""
    cur.execute(f"CREATE TEMPORARY TABLE trial (LIKE {table.name}) ON COMMIT DROP")
    columns = [*WRITTEN, *(c.name for c in table.columns)]
    found: list[int] = []
    spans = [range(place.height)]
    while spans:
        span = spans.pop()
        if not span or _stores(cur, columns, place[span], records.take(span)):
            continue
        if len(span) == 1:
            found.append(span[0])
        else:
            half = len(span) // 2
            spans += [span[:half], span[half:]]
    cur.execute("DROP TABLE trial")
    return sorted(found)


def _stores(cur: cursor, columns: Sequence[str], place: pl.DataFrame, records: Records) -> bool:
    cur.execute("SAVEPOINT trial")
    try:
        copying.copy_records(cur, "trial", columns, place, records)
        stored = True
    except DataError:
        stored = False
    cur.execute("ROLLBACK TO SAVEPOINT trial")
    return stored
