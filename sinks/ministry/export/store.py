"""The table of exports as the exporter writes it."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Final

import polars as pl
from psycopg2.extensions import cursor
from psycopg2.extras import Json, execute_values

from sinks.ministry.export.forwarding import Forwarding
from sinks.ministry.export.package import Package
from sinks.postgres import copying, rows

MISMATCH: Final = "EXP-001"
BLOCKING: Final = "EXP-004"
TOO_LARGE: Final = "EXP-005"
NOT_PACKED: Final = "EXP-006"
ENDS_THE_PROCESS: Final = "EXP-007"
NOT_THERE_YET: Final = "EXP-008"

_COLUMNS: Final = ", ".join(f.name for f in fields(Forwarding))


def open_all(cur: cursor, forwardings: Sequence[Forwarding]) -> int:
    """Open exports; how many are new. One from before exports knew their place in the chain learns it now."""
    before = _known(cur, forwardings)
    opened = [{**asdict(f), "state": "opened"} for f in forwardings]
    rows.insert(cur, "ministry_export", opened, "ON CONFLICT (export_id) DO NOTHING")
    if before:
        execute_values(
            cur,
            "UPDATE ministry_export e SET sequence = n.sequence FROM (VALUES %s) AS n (export_id, sequence) "
            "WHERE e.export_id = n.export_id AND e.sequence = -1",
            [(f.export_id, f.sequence) for f in forwardings if f.export_id in before],
            page_size=rows.PAGE,
        )
    return len({f.export_id for f in forwardings} - before)


def _known(cur: cursor, forwardings: Sequence[Forwarding]) -> set[str]:
    ids = [f.export_id for f in forwardings]
    cur.execute("SELECT export_id FROM ministry_export WHERE export_id = ANY(%s)", (ids,))
    return {row["export_id"] for row in rows.fetch(cur)}


def waiting(cur: cursor) -> Forwarding | None:
    """The export that waits longest, of those whose version is there as far as we know."""
    cur.execute(
        f"SELECT {_COLUMNS} FROM ministry_export WHERE state = 'opened' AND code = '' "
        "ORDER BY opened_at, export_id LIMIT 1"
    )
    found = rows.fetch(cur)
    return Forwarding(**found[0]) if found else None


_THERE: Final = (
    "EXISTS (SELECT FROM version v WHERE v.dataset_id = e.dataset_id AND v.version = e.version "
    "AND v.checked_at IS NOT NULL)"
)
"""Load has brought the version and check has looked at it: only then does what its rows say count."""


def put_off(cur: cursor, forwarding: Forwarding) -> bool:
    """Let it wait, still opened, if its version is not there yet; whether it does."""
    cur.execute(
        f"UPDATE ministry_export e SET code = %s WHERE export_id = %s AND NOT {_THERE}",
        (NOT_THERE_YET, forwarding.export_id),
    )
    return bool(cur.rowcount)


def take_up(cur: cursor) -> None:
    """Let go on what was put off and whose version has come."""
    cur.execute(
        f"UPDATE ministry_export e SET code = '' WHERE state = 'opened' AND code = %s AND {_THERE}",
        (NOT_THERE_YET,),
    )


def begin(cur: cursor, forwarding: Forwarding) -> int:
    """Say that it is begun, before anything is done; how often it was, this time included."""
    cur.execute(
        "UPDATE ministry_export SET attempts = attempts + 1 WHERE export_id = %s RETURNING attempts",
        (forwarding.export_id,),
    )
    return int(cur.fetchone()[0])


def take_back_begin(cur: cursor, forwarding: Forwarding) -> None:
    """It did not end for a reason that is not its own."""
    cur.execute(
        "UPDATE ministry_export SET attempts = attempts - 1 WHERE export_id = %s", (forwarding.export_id,)
    )


def blocking(cur: cursor, forwarding: Forwarding) -> bool:
    """Whether the version has blocking findings.

    The machine asked before it let the version be confirmed; between that and this lie a log and a copy of
    it, either of which may have been restored.
    """
    cur.execute(
        "SELECT blocking > 0 OR EXISTS (SELECT FROM finding f "
        "WHERE f.dataset_id = v.dataset_id AND f.severity = 'block' AND f.since_version <= v.version "
        "AND coalesce(f.until_version > v.version, true)) "
        "FROM version v WHERE v.dataset_id = %s AND v.version = %s",
        (forwarding.dataset_id, forwarding.version),
    )
    row = cur.fetchone()
    return row is not None and bool(row[0])


def withhold(cur: cursor, forwarding: Forwarding, code: str, found: str) -> None:
    """Nothing of it goes out, somebody must look (csdl ministry exports); ``found``: its digest, if known."""
    cur.execute(
        "UPDATE ministry_export SET state = 'mismatch', code = %s, digest_found = %s WHERE export_id = %s",
        (code, found, forwarding.export_id),
    )


def keep_ids(cur: cursor, forwarding: Forwarding, packed: Package) -> None:
    """Which record each id stands for, once: a repeated export has them already."""
    cur.execute("SELECT 1 FROM ministry_export_record WHERE export_id = %s LIMIT 1", (forwarding.export_id,))
    if cur.fetchone() is not None:
        return
    columns = ["export_id", "record_id", "record_type", "identity"]
    ids = packed.ids.select(pl.lit(forwarding.export_id), *columns[1:])
    copying.copy_in(cur, "ministry_export_record", columns, ids)
    cur.execute(
        "UPDATE ministry_export SET records = %s, chunks = %s, digest_found = digest WHERE export_id = %s",
        (Json(packed.records), packed.chunks, forwarding.export_id),
    )


def mark_sent(cur: cursor, forwarding: Forwarding) -> None:
    """It is out. The Ministry may have answered already."""
    cur.execute(
        "UPDATE ministry_export SET sent_at = now(), attempts = 0, "
        "state = CASE state WHEN 'opened' THEN 'sent' ELSE state END WHERE export_id = %s",
        (forwarding.export_id,),
    )
