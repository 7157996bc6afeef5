"""Records that the last whole list of their type lacked: each absence stands once, as an interval of
versions.

Version v lacks a record if since_version <= v < until_version (no end while it is open). A part says nothing
of what it does not bring; a record that comes again, is mentioned by a whole list, or leaves, is not absent
any more. Absence never ends a row.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl
from psycopg2.extensions import cursor

from sinks.postgres import rows as by_name

OPEN_SCHEMA = {"record_type": pl.String, "_dataset": pl.String, "_identity": pl.String}


@dataclass(frozen=True)
class Absence:
    """A record that is absent, or is not any more, from ``version`` on; ``vendor`` and ``push_id`` sent the
    list that lacked it."""

    dataset_id: str
    record_type: str
    identity: str
    version: int
    vendor: str = ""
    push_id: str = ""


def open_absences(cur: cursor, datasets: Iterable[str]) -> pl.DataFrame:
    """``record_type``, ``_dataset``, ``_identity`` of what is absent from these datasets."""
    cur.execute(
        "SELECT record_type, dataset_id, identity FROM absence "
        "WHERE dataset_id = ANY(%s) AND until_version IS NULL ORDER BY 1, 2, 3",
        (sorted(set(datasets)),),
    )
    return pl.DataFrame(cur.fetchall(), schema=OPEN_SCHEMA, orient="row")


def begin(cur: cursor, begun: Sequence[Absence]) -> None:
    """Write what is absent from now on; the datasets must stand."""
    rows = [
        {
            "dataset_id": a.dataset_id,
            "record_type": a.record_type,
            "identity": a.identity,
            "since_version": a.version,
            "vendor": a.vendor,
            "push_id": a.push_id,
        }
        for a in begun
    ]
    by_name.insert(cur, "absence", rows)


def end(cur: cursor, ended: Sequence[Absence]) -> None:
    """Close these absences; one that no version shows leaves no trace."""
    if not ended:
        return
    columns = [[getattr(a, n) for a in ended] for n in ("dataset_id", "record_type", "identity", "version")]
    these = (
        "unnest(%s::text[], %s::text[], %s::text[], %s::int[]) "
        "AS e (dataset_id, record_type, identity, version) "
        "WHERE (a.dataset_id, a.record_type, a.identity) = (e.dataset_id, e.record_type, e.identity)"
        " AND a.until_version IS NULL"
    )
    cur.execute(f"DELETE FROM absence a USING {these} AND a.since_version >= e.version", columns)
    cur.execute(f"UPDATE absence a SET until_version = e.version FROM {these}", columns)
