"""A version's rows, back from PostgreSQL: the one place that reads them.

The frames have exactly the contract's columns and types, so that a row hash recomputed from them equals the
one computed when the row was written.
"""

from collections.abc import Collection, Sequence

import polars as pl
from psycopg2.extensions import cursor

from schemas import datasets as dataset_ids
from schemas.contracts import contracts
from schemas.encoding import columnar, digest
from sinks.postgres import copying
from sinks.provincial.records import tables

VersionId = tuple[str, int]
"""(dataset id, version)."""

PLACE: dict[str, pl.DataType] = {
    "_dataset": pl.String(),
    "_version": pl.Int32(),
    "_identity": pl.String(),
    "_row_hash": pl.String(),
    "_vendor": pl.String(),
}
"""Columns before the contract's own: which record of which version, the stored hash, who sent it."""


def versions(
    cur: cursor, record_type: str, wanted: Sequence[VersionId], fields: Collection[str] | None = None
) -> pl.DataFrame:
    """Rows of one type of several versions, in the order of dataset, version, identity (by bytes).

    Columns: ``PLACE``, then the contract's fields by their own names; only these ``fields`` of it, if any are
    named.
    """
    t = tables.table(record_type)
    columns = [c for c in t.columns if fields is None or c.field in fields]
    schema = {**PLACE, **{c.field: c.dtype for c in columns}}
    if not wanted:
        return pl.DataFrame(schema=schema)
    names = "".join(", r." + copying.selected(c.name, c.dtype) for c in columns)
    # Two arms, one an index scan each: the rows that stand, and those that ended after the version.
    arm = (
        f"SELECT r.dataset_id, w.version, r.identity, r.row_hash, r.vendor{names} "
        f"FROM unnest(%(datasets)s::text[], %(versions)s::int[]) AS w (dataset_id, version) "
        f"JOIN {t.name} r ON r.school_year = ANY(%(years)s) AND r.dataset_id = w.dataset_id "
        "AND r.valid_from <= w.version AND r.valid_to "
    )
    found = copying.copy_out(
        cur,
        f"{arm} IS NULL UNION ALL {arm} > w.version",
        {
            "datasets": [d for d, _ in wanted],
            "versions": [v for _, v in wanted],
            "years": dataset_ids.years(d for d, _ in wanted),
        },
        schema,
    )
    return found.sort("_dataset", "_version", "_identity")


def version(cur: cursor, dataset_id: str, number: int) -> dict[str, pl.DataFrame]:
    """One version: record type → its rows."""
    return {t: versions(cur, t, [(dataset_id, number)]) for t in contracts.record_types()}


def digest_rule(cur: cursor, dataset_id: str, number: int) -> int:
    """Rule by which the version was digested; today's if it was never checked."""
    cur.execute(
        "SELECT digest_rule FROM version WHERE dataset_id = %s AND version = %s", (dataset_id, number)
    )
    row = cur.fetchone()
    return digest.RULE if row is None or row[0] is None else int(row[0])


def records(record_type: str, rows: pl.DataFrame) -> pl.DataFrame:
    """The contract's columns only: what row_hashes and encode_chunk take."""
    return rows[list(columnar.frame_schema(record_type))]
