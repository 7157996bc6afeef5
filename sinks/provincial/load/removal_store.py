"""Removals in PostgreSQL: what was asked, what waits for the head, and the rows that end."""

from collections.abc import Sequence
from typing import Any, Final

import polars as pl
from psycopg2.extensions import cursor

from sinks.postgres import rows as by_name
from sinks.provincial.load.removals import NOBODY_LEFT, Removal
from sinks.provincial.records import rows
from sinks.provincial.records.tables import Table

_FIND: Final = """
SELECT dataset_id, removal_id, record_type, identities, absent_only, vendor, push_id, role, account, reason,
    asked_at, version, state, code, consented_by
FROM removal WHERE dataset_id = %s AND removal_id = %s FOR UPDATE
"""

_BEFORE: Final = """
SELECT coalesce(sum(records), 0) AS records FROM removal
WHERE dataset_id = %(dataset)s AND record_type = %(type)s AND state = 'done' AND consented_by = ''
AND version > (
    SELECT coalesce(max(version), 0) FROM removal
    WHERE dataset_id = %(dataset)s AND record_type = %(type)s AND state = 'done' AND consented_by <> ''
)
"""

_COME_AGAIN: Final = """
UPDATE removal r SET identities = ARRAY(
    SELECT i FROM unnest(r.identities) WITH ORDINALITY AS u (i, n) WHERE i <> ALL (%(identities)s) ORDER BY n
)
WHERE r.dataset_id = %(dataset)s AND r.record_type = %(type)s AND r.state = 'waiting'
AND r.identities && %(identities)s
"""

_NOBODY: Final = """
UPDATE removal SET state = 'refused', code = %(code)s, decided_at = now()
WHERE dataset_id = %(dataset)s AND record_type = %(type)s AND state = 'waiting' AND identities = '{}'
"""


def find(cur: cursor, dataset_id: str, removal_id: str) -> Removal | None:
    """The removal of this id, held until the transaction ends."""
    cur.execute(_FIND, (dataset_id, removal_id))
    found = by_name.fetch(cur)
    return Removal(**{**found[0], "identities": tuple(found[0]["identities"])}) if found else None


def put(cur: cursor, removal: Removal) -> None:
    """Write a removal as it stands."""
    row: dict[str, Any] = dict(vars(removal))
    row["identities"] = list(removal.identities)
    row["records"] = len(removal.identities) if removal.state == "done" else 0
    changing = ("state", "code", "identities", "records", "version", "consented_by")
    sets = ", ".join(f"{name} = EXCLUDED.{name}" for name in changing)
    by_name.insert(cur, "removal", [row], f"ON CONFLICT (dataset_id, removal_id) DO UPDATE SET {sets}")
    if removal.state != "waiting":
        cur.execute(
            "UPDATE removal SET decided_at = now() WHERE dataset_id = %s AND removal_id = %s",
            (removal.dataset_id, removal.removal_id),
        )


def left_without_head(cur: cursor, dataset_id: str, record_type: str) -> int:
    """Records of the type that have left since the head consented last."""
    cur.execute(_BEFORE, {"dataset": dataset_id, "type": record_type})
    return int(by_name.fetch(cur)[0]["records"])


def come_again(cur: cursor, record_type: str, brought: pl.DataFrame) -> None:
    """Take records that were brought (``_dataset``, ``_identity``) out of the removals that wait."""
    cur.execute(
        "SELECT DISTINCT dataset_id FROM removal "
        "WHERE state = 'waiting' AND record_type = %s AND dataset_id = ANY(%s)",
        (record_type, brought["_dataset"].unique().to_list()),
    )
    for row in by_name.fetch(cur):
        identities = brought.filter(pl.col("_dataset") == row["dataset_id"])["_identity"].to_list()
        asked = {"dataset": row["dataset_id"], "type": record_type, "identities": identities}
        cur.execute(_COME_AGAIN, asked)
        cur.execute(_NOBODY, {**asked, "code": NOBODY_LEFT})


def end_rows(cur: cursor, table: Table, dataset_id: str, identities: Sequence[str], version: int) -> None:
    """End the current rows of these records, without a successor, from ``version`` on."""
    ended = pl.DataFrame({"_identity": list(identities)}).select(
        pl.lit(dataset_id).alias("_dataset"),
        "_identity",
        pl.lit(version, dtype=pl.Int32).alias("_version"),
    )
    rows.replace(cur, table, ended)
