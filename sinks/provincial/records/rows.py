"""Rows of the typed tables while a push is applied: current keys out, new rows in, replaced rows ended."""

from collections.abc import Sequence

import polars as pl
from psycopg2 import DataError
from psycopg2.extensions import cursor

from schemas import datasets as dataset_ids
from schemas.encoding import digest
from sinks.postgres import copying
from sinks.postgres.copying import Records
from sinks.provincial.records.tables import Table

WRITTEN = ["dataset_id", "identity", "valid_from", "row_hash", "vendor"]
"""What the caller says of a row beside the contract's own columns, in this order."""

_NUL_OR_NO_DAY = f"\x00|(?:^|{digest.FIELD_END})day -?[0-9]"

PLACE = ["school_year", "school", *WRITTEN]
"""What the table holds of it: year and school are told by the dataset's id."""


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
        "WHERE school_year = ANY(%s) AND dataset_id = ANY(%s) AND valid_to IS NULL",
        [dataset_ids.years(datasets), list(datasets)],
        schema,
    )


def replace(cur: cursor, table: Table, replaced: pl.DataFrame) -> None:
    """End the current rows of these: ``_dataset``, ``_identity``, ``_version`` (first without them)."""
    if replaced.is_empty():
        return
    cur.execute(
        f"UPDATE {table.name} t SET valid_to = r.version "
        "FROM unnest(%s::text[], %s::text[], %s::int[]) AS r (dataset_id, identity, version) "
        "WHERE t.school_year = ANY(%s) "
        "AND t.dataset_id = r.dataset_id AND t.identity = r.identity AND t.valid_to IS NULL",
        [
            *(replaced[c].to_list() for c in ("_dataset", "_identity", "_version")),
            dataset_ids.years(replaced["_dataset"].unique()),
        ],
    )
    if cur.rowcount != replaced.height:
        raise RuntimeError(f"{table.name}: {replaced.height} rows to replace, {cur.rowcount} found")


def insert(cur: cursor, table: Table, place: pl.DataFrame, records: Records) -> None:
    """Append rows; ``place`` has the columns ``WRITTEN``. Raises psycopg2.DataError."""
    if place.height:
        columns = [*PLACE, *(c.name for c in table.columns)]
        copying.copy_records(cur, table.name, columns, _placed(place), records)


def beyond_storing(table: Table, texts: pl.Series) -> list[int]:
    """Positions of the rows that PostgreSQL will not store, told from their texts alone: a NUL, or a day that
    no calendar has, as ``encoding.normal`` spells it. The same as ``unstorable`` says."""
    odd = texts.str.contains(_NUL_OR_NO_DAY).arg_true()
    days = [i for i, c in enumerate(table.columns) if c.dtype == pl.Date()]
    found = []
    for row, text in zip(odd, texts.gather(odd), strict=True):
        fields = text.split(digest.FIELD_END)
        if "\x00" in text or any(fields[i].startswith("day ") for i in days):
            found.append(int(row))
    return found


def unstorable(cur: cursor, table: Table, place: pl.DataFrame, records: Records) -> list[int]:
    """Positions of the rows that PostgreSQL cannot store, found by halving."""
    cur.execute(f"CREATE TEMPORARY TABLE trial (LIKE {table.name}) ON COMMIT DROP")
    columns = [*PLACE, *(c.name for c in table.columns)]
    place = _placed(place)
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


def _placed(place: pl.DataFrame) -> pl.DataFrame:
    parts = pl.col("dataset_id").str.split(".").list
    return place.select(parts.get(1).alias("school_year"), parts.first().alias("school"), *WRITTEN)


def _stores(cur: cursor, columns: Sequence[str], place: pl.DataFrame, records: Records) -> bool:
    cur.execute("SAVEPOINT trial")
    try:
        copying.copy_records(cur, "trial", columns, place, records)
        stored = True
    except DataError:
        stored = False
    cur.execute("ROLLBACK TO SAVEPOINT trial")
    return stored
