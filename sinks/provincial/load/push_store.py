"""What PostgreSQL knows of pushes, their chunks and refused records, read and written set by set."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg2.extensions import cursor
from psycopg2.extras import Json, execute_values

from sinks.postgres import rows as by_name
from sinks.provincial.load.pushes import Closed, Push, PushKey

_KNOWN = """
SELECT p.*, ARRAY(
    SELECT c.chunk FROM push_chunk c
    WHERE (c.vendor, c.push_id, c.dataset_id) = (p.vendor, p.push_id, p.dataset_id)
) AS seen
FROM push p JOIN (VALUES %s) AS w (vendor, push_id, dataset_id) USING (vendor, push_id, dataset_id)
"""

_TAKE_BACK = """
DELETE FROM push_chunk c USING (VALUES %s) AS w (vendor, push_id, dataset_id)
WHERE (c.vendor, c.push_id, c.dataset_id) = (w.vendor, w.push_id, w.dataset_id)
RETURNING c.vendor, c.push_id, c.dataset_id, c.chunk, c.value
"""


@dataclass(frozen=True)
class RefusedRecord:
    """One refusal of one record: its place and the rule, never a value."""

    push: PushKey
    record_type: str
    chunk: int
    source: str
    sheet: str
    row: int
    client_id: str
    rule: str
    fields: Sequence[str]


def pushes(cur: cursor, keys: Iterable[PushKey]) -> dict[PushKey, Push]:
    """The pushes among these that are known, with the numbers of the chunks put aside."""
    wanted = sorted(set(keys))
    if not wanted:
        return {}
    values = [(k.vendor, k.push_id, k.dataset_id) for k in wanted]
    found = execute_values(cur, _KNOWN, values, page_size=len(wanted), fetch=True)
    return {p.key: p for p in map(_push, by_name.fetch(cur, found))}


def open_since(cur: cursor, before: datetime) -> list[Push]:
    """Open pushes of which the first message came before this time."""
    cur.execute(
        "SELECT vendor, push_id, dataset_id FROM push WHERE outcome IS NULL AND first_seen < %s", (before,)
    )
    return list(pushes(cur, map(_key, by_name.fetch(cur))).values())


def put_pushes(cur: cursor, some: Sequence[Push], now: datetime) -> None:
    """Write these pushes as they stand; one that has its outcome was decided ``now``."""
    rows = [_row(push, now) for push in some]
    changing = [n for n in rows[0] if n not in (*_ID, "kind", "first_seen", "decided_at")] if rows else []
    sets = ", ".join(f"{name} = EXCLUDED.{name}" for name in changing)
    by_name.insert(
        cur,
        "push",
        rows,
        f"ON CONFLICT (vendor, push_id, dataset_id) DO UPDATE SET {sets}, "
        "decided_at = coalesce(push.decided_at, EXCLUDED.decided_at)",
    )


def put_aside(cur: cursor, chunks: Sequence[tuple[PushKey, int, bytes]]) -> None:
    """Keep the bytes of open pushes' chunks until the push is complete."""
    rows = [{**_id(key), "chunk": number, "value": value} for key, number, value in chunks]
    by_name.insert(cur, "push_chunk", rows, page=50)


def take_back(cur: cursor, keys: Iterable[PushKey]) -> list[tuple[PushKey, int, bytes]]:
    """Remove and return the chunks put aside for these pushes."""
    wanted = sorted(set(keys))
    if not wanted:
        return []
    values = [(k.vendor, k.push_id, k.dataset_id) for k in wanted]
    taken = execute_values(cur, _TAKE_BACK, values, page_size=len(wanted), fetch=True)
    return [(_key(row), row["chunk"], bytes(row["value"])) for row in by_name.fetch(cur, taken)]


def put_refused(cur: cursor, some: Iterable[RefusedRecord]) -> None:
    """Write refused records."""
    rows = [
        {
            **_id(r.push),
            "record_type": _storable(r.record_type),
            "chunk": r.chunk,
            "source": _storable(r.source),
            "sheet": _storable(r.sheet),
            "source_row": r.row,
            "client_id": _storable(r.client_id),
            "rule": r.rule,
            "fields": list(r.fields),
        }
        for r in some
    ]
    by_name.insert(cur, "record_refused", rows)


_ID = ("vendor", "push_id", "dataset_id")


def _id(key: PushKey) -> dict[str, str]:
    return {"vendor": key.vendor, "push_id": key.push_id, "dataset_id": key.dataset_id}


def _key(row: Mapping[str, Any]) -> PushKey:
    return PushKey(row["vendor"], row["push_id"], row["dataset_id"])


def _storable(text: str) -> str:
    return text.replace("\x00", "")


def _row(p: Push, now: datetime) -> dict[str, Any]:
    closed = p.closed
    return {
        **_id(p.key),
        "kind": p.kind,
        "first_seen": p.first_seen,
        "opened_at": p.opened_at,
        "sender_opened_at": closed.opened_at if closed else None,
        "closed_at": closed.closed_at if closed else None,
        "chunks": closed.chunks if closed else None,
        "totals": Json(dict(closed.totals)) if closed else None,
        "removals": Json(dict(closed.removals) if closed else {}),
        "whole": sorted(closed.whole) if closed and closed.whole is not None else None,
        "fault": closed.fault if closed else "",
        "outcome": p.outcome,
        "code": p.code,
        "version": p.version,
        "received": p.received,
        "accepted": p.accepted,
        "refused": p.refused,
        "late": p.late,
        "last_offset": p.last_offset,
        "written": p.written,
        **{name: Json(dict(getattr(p, name))) for name in _COUNTS},
        "decided_at": now if p.outcome else None,
    }


_COUNTS = ("absent", "stayed", "removed", "waiting")
_SAME = (
    *("kind", "first_seen", "opened_at", "outcome", "code", "version", "received", "accepted", "refused"),
    *("late", "last_offset", "written", *_COUNTS),
)
"""Columns that are attributes of a push by the same name."""


def _push(row: Mapping[str, Any]) -> Push:
    return Push(
        key=_key(row), closed=_closed(row), seen=set(row["seen"]), **{name: row[name] for name in _SAME}
    )


def _closed(row: Mapping[str, Any]) -> Closed | None:
    if row["chunks"] is None:
        return None
    return Closed(
        opened_at=row["sender_opened_at"],
        closed_at=row["closed_at"],
        chunks=row["chunks"],
        totals=row["totals"],
        removals=row["removals"],
        whole=None if row["whole"] is None else frozenset(row["whole"]),
        fault=row["fault"],
    )
