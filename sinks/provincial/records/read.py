"""A version's rows, back from PostgreSQL: the one place that reads them.

The frames have exactly the contract's columns and types, so that a row hash recomputed from them equals the
one computed when the row was written.
"""

from collections.abc import Sequence

import polars as pl
from psycopg2.extensions import cursor

from schemas.contracts import contracts
from schemas.encoding import codec
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


def versions(cur: cursor, record_type: str, wanted: Sequence[VersionId]) -> pl.DataFrame:
    """Rows of one type of several versions, in the order of dataset, version, identity (by bytes).

    Columns: ``PLACE``, then the contract's fields by their own names.
    """
    t = tables.table(record_type)
    schema = {**PLACE, **{c.field: c.dtype for c in t.columns}}
    if not wanted:
        return pl.DataFrame(schema=schema)
    columns = ", ".join("r." + copying.selected(c.name, c.dtype) for c in t.columns)
    return copying.copy_out(
        cur,
        f"SELECT r.dataset_id, w.version, r.identity, r.row_hash, r.vendor, {columns} "
        f"FROM unnest(%s::text[], %s::int[]) AS w (dataset_id, version) "
        f"JOIN {t.name} r ON r.dataset_id = w.dataset_id AND r.valid_from <= w.version "
        "AND (r.valid_to IS NULL OR r.valid_to > w.version) "
        'ORDER BY w.dataset_id COLLATE "C", w.version, r.identity COLLATE "C"',
        [[d for d, _ in wanted], [v for _, v in wanted]],
        schema,
    )


def version(cur: cursor, dataset_id: str, number: int) -> dict[str, pl.DataFrame]:
    """One version: record type → its rows."""
    return {t: versions(cur, t, [(dataset_id, number)]) for t in contracts.record_types()}


def records(record_type: str, rows: pl.DataFrame) -> pl.DataFrame:
    """The contract's columns only: what row_hashes and encode_chunk take."""
    return rows.select(codec.frame_schema(record_type).keys())
