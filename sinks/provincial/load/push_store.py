"""The book of pushes: what PostgreSQL knows of pushes, datasets and versions, read and written set by set."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from psycopg2.extensions import cursor
from psycopg2.extras import Json, execute_values

from schemas import datasets as dataset_ids
from sinks.provincial.load.pushes import Closed, Push, PushKey

PAGE: Final = 1000


@dataclass
class Dataset:
    """A dataset as it stands: newest version, when its newest push was opened, records by type."""

    dataset_id: str
    version: int = 0
    opened_at: datetime | None = None
    records: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Version:
    """A version that a push has made."""

    push: PushKey
    version: int
    records: Mapping[str, int]
    received: Mapping[str, int]
    absent: Mapping[str, Sequence[str]]
    written: int
    refused: int


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
    known = execute_values(
        cur,
        "SELECT p.vendor, p.push_id, p.dataset_id, p.kind, p.first_seen, p.opened_at, p.closed_at, p.chunks, "
        "p.totals, p.outcome, p.code, p.version, p.received, p.accepted, p.refused, p.late, p.last_offset, "
        "ARRAY(SELECT c.chunk FROM push_chunk c WHERE (c.vendor, c.push_id, c.dataset_id) "
        "= (p.vendor, p.push_id, p.dataset_id)) "
        "FROM push p JOIN (VALUES %s) AS w (vendor, push_id, dataset_id) USING (vendor, push_id, dataset_id)",
        [_id(k) for k in wanted],
        page_size=len(wanted),
        fetch=True,
    )
    return {p.key: p for p in map(_push, known)}


def open_since(cur: cursor, before: datetime) -> list[Push]:
    """Open pushes of which the first message came before this time."""
    cur.execute(
        "SELECT vendor, push_id, dataset_id FROM push WHERE outcome IS NULL AND first_seen < %s", (before,)
    )
    return list(pushes(cur, [PushKey(*row) for row in cur.fetchall()]).values())


def put_pushes(cur: cursor, some: Sequence[Push], now: datetime) -> None:
    """Write these pushes as they stand; one that has its outcome was decided ``now``."""
    execute_values(
        cur,
        "INSERT INTO push (vendor, push_id, dataset_id, kind, first_seen, opened_at, closed_at, chunks, "
        "totals, outcome, code, version, received, accepted, refused, late, last_offset, decided_at) "
        "VALUES %s "
        "ON CONFLICT (vendor, push_id, dataset_id) DO UPDATE SET opened_at = EXCLUDED.opened_at, "
        "closed_at = EXCLUDED.closed_at, chunks = EXCLUDED.chunks, totals = EXCLUDED.totals, "
        "outcome = EXCLUDED.outcome, code = EXCLUDED.code, version = EXCLUDED.version, "
        "received = EXCLUDED.received, accepted = EXCLUDED.accepted, refused = EXCLUDED.refused, "
        "late = EXCLUDED.late, last_offset = EXCLUDED.last_offset, "
        "decided_at = coalesce(push.decided_at, EXCLUDED.decided_at)",
        [(*_id(p.key), p.kind, p.first_seen, *_closing(p.closed), *_end(p, now)) for p in some],
        page_size=PAGE,
    )


def put_aside(cur: cursor, chunks: Sequence[tuple[PushKey, int, bytes]]) -> None:
    """Keep the bytes of open pushes' chunks until the push is complete."""
    execute_values(
        cur,
        "INSERT INTO push_chunk (vendor, push_id, dataset_id, chunk, value) VALUES %s",
        [(*_id(key), number, value) for key, number, value in chunks],
        page_size=50,
    )


def take_back(cur: cursor, keys: Iterable[PushKey]) -> list[tuple[PushKey, int, bytes]]:
    """Remove and return the chunks put aside for these pushes."""
    wanted = sorted(set(keys))
    if not wanted:
        return []
    taken = execute_values(
        cur,
        "DELETE FROM push_chunk c USING (VALUES %s) AS w (vendor, push_id, dataset_id) "
        "WHERE (c.vendor, c.push_id, c.dataset_id) = (w.vendor, w.push_id, w.dataset_id) "
        "RETURNING c.vendor, c.push_id, c.dataset_id, c.chunk, c.value",
        [_id(k) for k in wanted],
        page_size=len(wanted),
        fetch=True,
    )
    return [(PushKey(*row[:3]), row[3], bytes(row[4])) for row in taken]


def datasets(cur: cursor, ids: Iterable[str]) -> dict[str, Dataset]:
    """These datasets as they stand; one that is new begins at version 0."""
    wanted = sorted(set(ids))
    out = {d: Dataset(d) for d in wanted}
    cur.execute(
        "SELECT d.dataset_id, d.version, d.opened_at, coalesce(v.records, '{}') FROM dataset d "
        "LEFT JOIN version v USING (dataset_id, version) WHERE d.dataset_id = ANY(%s)",
        (wanted,),
    )
    out.update((row[0], Dataset(*row)) for row in cur.fetchall())
    return out


def put_datasets(cur: cursor, some: Iterable[Dataset]) -> None:
    """Write these datasets as they stand."""
    execute_values(
        cur,
        "INSERT INTO dataset (dataset_id, school, school_year, period, version, opened_at) VALUES %s "
        "ON CONFLICT (dataset_id) DO UPDATE SET version = EXCLUDED.version, opened_at = EXCLUDED.opened_at",
        [(d.dataset_id, *dataset_ids.split(d.dataset_id), d.version, d.opened_at) for d in some],
        page_size=PAGE,
    )


def put_versions(cur: cursor, some: Iterable[Version]) -> None:
    """Write new versions, unchecked. Their datasets must stand."""
    execute_values(
        cur,
        "INSERT INTO version (dataset_id, version, vendor, push_id, records, received, absent, written, "
        "refused) VALUES %s",
        [
            (
                v.push.dataset_id,
                v.version,
                v.push.vendor,
                v.push.push_id,
                Json(dict(v.records)),
                Json(dict(v.received)),
                Json({t: list(ids) for t, ids in v.absent.items()}),
                v.written,
                v.refused,
            )
            for v in some
        ],
        page_size=PAGE,
    )


def put_refused(cur: cursor, some: Iterable[RefusedRecord]) -> None:
    """Write refused records."""
    execute_values(
        cur,
        "INSERT INTO record_refused (vendor, push_id, dataset_id, record_type, chunk, source, sheet, "
        "source_row, client_id, rule, fields) VALUES %s",
        [
            (
                *_id(r.push),
                r.record_type,
                r.chunk,
                _storable(r.source),
                _storable(r.sheet),
                r.row,
                _storable(r.client_id),
                r.rule,
                list(r.fields),
            )
            for r in some
        ],
        page_size=PAGE,
    )


def _storable(text: str) -> str:
    return text.replace("\x00", "")


def _id(key: PushKey) -> tuple[str, str, str]:
    return key.vendor, key.push_id, key.dataset_id


def _closing(closed: Closed | None) -> tuple[Any, ...]:
    if closed is None:
        return None, None, None, None
    return closed.opened_at, closed.closed_at, closed.chunks, Json(dict(closed.totals))


def _end(p: Push, now: datetime) -> tuple[Any, ...]:
    decided_at = now if p.outcome else None
    return (
        p.outcome,
        p.code,
        p.version,
        p.received,
        p.accepted,
        p.refused,
        p.late,
        p.last_offset,
        decided_at,
    )


def _push(row: tuple[Any, ...]) -> Push:
    vendor, push_id, dataset_id, kind, first_seen, opened_at, closed_at, chunks, totals, *end, seen = row
    closed = None if chunks is None else Closed(opened_at, closed_at, chunks, totals)
    return Push(PushKey(vendor, push_id, dataset_id), kind, first_seen, closed, set(seen), *end)
