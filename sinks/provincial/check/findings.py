"""Findings stand once: one row from the version that first has it until the first one that has it no more.

So a version of which little changed costs little, however much is wrong with what it keeps.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import polars as pl
from psycopg2.extensions import cursor

from sinks.postgres import copying

FINDING: Final = ["rule", "severity", "record_type", "identity", "fields"]
"""What a finding is; ``fields`` as PostgreSQL spells an array."""

_SCHEMA: Final = {name: pl.String() for name in ("dataset_id", *FINDING)}


def carry(cur: cursor, found: pl.DataFrame, versions: Mapping[str, int]) -> None:
    """Bring the findings up to these versions: dataset → the version that was checked, the next one in turn.

    ``found``: ``dataset_id`` and FINDING of all of them.
    """
    new = found
    standing = _standing(cur, list(versions))
    if standing.height:
        every = list(_SCHEMA)
        new = found.join(standing, on=every, how="anti")
        _end(cur, standing.join(found, on=every, how="anti"), versions)
    columns = ["dataset_id", "since_version", *FINDING]
    of = pl.col("dataset_id").replace_strict(versions, return_dtype=pl.Int32).alias("since_version")
    copying.copy_in(cur, "finding", columns, new.with_columns(of).select(columns))


def _standing(cur: cursor, datasets: Sequence[str]) -> pl.DataFrame:
    return copying.copy_out(
        cur,
        f"SELECT dataset_id, {', '.join(FINDING)} FROM finding "
        "WHERE dataset_id = ANY(%s) AND until_version IS NULL",
        [datasets],
        _SCHEMA,
    ).with_columns(pl.col(pl.String).fill_null(""))  # CSV has a blank text as "", which is read as null


def _end(cur: cursor, gone: pl.DataFrame, versions: Mapping[str, int]) -> None:
    if gone.is_empty():
        return
    cur.execute(
        "UPDATE finding f SET until_version = g.version FROM unnest(%s::text[], %s::int[], %s::text[], "
        "%s::text[], %s::text[], %s::text[], %s::text[]) "
        "AS g (dataset_id, version, rule, severity, record_type, identity, fields) "
        "WHERE f.dataset_id = g.dataset_id AND f.until_version IS NULL AND f.identity = g.identity "
        "AND f.rule = g.rule AND f.fields = g.fields::text[] AND f.severity = g.severity "
        "AND f.record_type = g.record_type",
        [
            gone["dataset_id"].to_list(),
            [versions[d] for d in gone["dataset_id"]],
            *(gone[name].to_list() for name in FINDING),
        ],
    )
