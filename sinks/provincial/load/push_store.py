"""What PostgreSQL knows of pushes, their chunks and refused records, read and written set by set."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg2.extensions import cursor
from psycopg2.extras import Json, execute_values

from sinks.postgres import rows as by_name
from sinks.provincial.load.pushes import Closed, Push, PushKey

_KNOWN = """
SELECT p.*, aside.seen, aside.size
FROM push p JOIN (VALUES %s) AS w (vendor, push_id, dataset_id) USING (vendor, push_id, dataset_id),
LATERAL (
    SELECT coalesce(array_agg(c.chunk), '{}') AS seen, coalesce(sum(octet_length(c.value)), 0)::bigint AS size
    FROM push_chunk c
    WHERE (c.vendor, c.push_id, c.dataset_id) = (p.vendor, p.push_id, p.dataset_id)
) AS aside
"""

_ASIDE = """
SELECT c.vendor, c.push_id, c.dataset_id, c.chunk, octet_length(c.value) AS size
FROM push_chunk c JOIN (VALUES %s) AS w (vendor, push_id, dataset_id) USING (vendor, push_id, dataset_id)
ORDER BY c.vendor, c.push_id, c.dataset_id, c.chunk
"""

_TAKE_BACK = """
DELETE FROM push_chunk c USING (VALUES %s) AS w (vendor, push_id, dataset_id, chunk)
WHERE (c.vendor, c.push_id, c.dataset_id, c.chunk) = (w.vendor, w.push_id, w.dataset_id, w.chunk)
RETURNING c.vendor, c.push_id, c.dataset_id, c.chunk, c.value
"""

_FORGET = """
DELETE FROM push_chunk c USING (VALUES %s) AS w (vendor, push_id, dataset_id)
WHERE (c.vendor, c.push_id, c.dataset_id) = (w.vendor, w.push_id, w.dataset_id)
"""

TAKE_BYTES = 8 * 1024 * 1024
"""Of chunks put aside that are fetched at once: on the way they are text, twice as long."""


@dataclass(frozen=True)
class RefusedRecord:
    """One refusal of one record, or of one ``removal``: its place and the rule, never a value."""

    push: PushKey
    record_type: str
    chunk: int
    source: str
    sheet: str
    row: int
    client_id: str
    rule: str
    fields: Sequence[str]
    removal: bool = False


def pushes(cur: cursor, keys: Iterable[PushKey]) -> dict[PushKey, Push]:
    """The pushes among these that are known, with the numbers of the chunks put aside."""
    wanted = sorted(set(keys))
    if not wanted:
        return {}
    values = [(k.vendor, k.push_id, k.dataset_id) for k in wanted]
    found = execute_values(cur, _KNOWN, values, page_size=len(wanted), fetch=True)
    return {p.key: p for p in map(_push, by_name.fetch(cur, found))}


def open_since(cur: cursor, before: datetime) -> list[Push]:
    """Open pushes whose first message Kafka has from before this time."""
    cur.execute(
        "SELECT vendor, push_id, dataset_id FROM push WHERE outcome IS NULL AND opened_at < %s", (before,)
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


def take_back(cur: cursor, keys: Iterable[PushKey]) -> Iterator[list[tuple[PushKey, int, bytes]]]:
    """Remove and return the chunks put aside for these pushes, some TAKE_BYTES at a time."""
    wanted = _names(keys)
    if not wanted:
        return
    aside = execute_values(cur, _ASIDE, wanted, page_size=len(wanted), fetch=True)
    some: list[tuple[str, str, str, int]] = []
    size = 0
    for vendor, push_id, dataset_id, chunk, length in aside:
        if some and size + length > TAKE_BYTES:
            yield _take(cur, some)
            some, size = [], 0
        some.append((vendor, push_id, dataset_id, chunk))
        size += length
    if some:
        yield _take(cur, some)


def _take(cur: cursor, some: Sequence[tuple[str, str, str, int]]) -> list[tuple[PushKey, int, bytes]]:
    taken = execute_values(cur, _TAKE_BACK, some, page_size=len(some), fetch=True)
    return [(_key(row), row["chunk"], bytes(row["value"])) for row in by_name.fetch(cur, taken)]


def forget(cur: cursor, keys: Iterable[PushKey]) -> None:
    """Remove the chunks put aside for these pushes without reading them."""
    if wanted := _names(keys):
        execute_values(cur, _FORGET, wanted, page_size=len(wanted))


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
            "removal": r.removal,
        }
        for r in some
    ]
    by_name.insert(cur, "record_refused", rows)


_ID = ("vendor", "push_id", "dataset_id")


def _names(keys: Iterable[PushKey]) -> list[tuple[str, str, str]]:
    return [(k.vendor, k.push_id, k.dataset_id) for k in sorted(set(keys))]


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
        "began_at": p.began_at,
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
        "by_type": Json({t: dict(counts) for t, counts in p.by_type.items()}),
        **{name: Json(dict(getattr(p, name))) for name in _COUNTS},
        "decided_at": now if p.outcome else None,
    }


_COUNTS = ("absent", "stayed", "removed", "waiting")
_SAME = (
    *("kind", "first_seen", "opened_at", "began_at", "outcome", "code", "version", "received"),
    *("accepted", "refused", "late", "last_offset", "written", "by_type", *_COUNTS),
)
"""Columns that are attributes of a push by the same name."""


def _push(row: Mapping[str, Any]) -> Push:
    known = {name: row[name] for name in (*_SAME, "size")}
    return Push(key=_key(row), closed=_closed(row), seen=set(row["seen"]), **known)


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
