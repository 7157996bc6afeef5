"""The feed's tables.

Invariant: one process writes, one transaction after the other, so ids are committed in their order: who has
seen an id sees every smaller one. ``chain`` seals an event and all before it, whatever their ids: two feeds
in which an event has the same chain agree on all that was told until then.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, cast

from psycopg2.extensions import cursor
from psycopg2.extras import Json

from sinks.feed.concerned import Known, Push, Version
from sinks.feed.told import SCHOOL, Told
from sinks.postgres import rows

CHAIN_BYTES: Final = 16
_WAITS: Final = (
    "event_id", "school", "dataset_id", "version", "digest", "removal_id", "kind", "at", "said", "topic",
    "partition", "source_offset",
)  # fmt: skip


@dataclass(frozen=True)
class Waiting:
    """How many events are kept aside: of versions that may come, and of those that will not."""

    waiting: int = 0
    lost: int = 0


def known(cur: cursor, some: Collection[Told]) -> Known:
    """What the tables know of the versions and removals that these speak of."""
    versions = sorted({(t.dataset_id, t.version) for t in some})
    removals = sorted({(t.dataset_id, t.removal_id) for t in some if t.removal_id})
    cur.execute(
        """
        SELECT v.dataset_id, v.version, v.digest, made.vendor, made.push_id
        FROM unnest(%(datasets)s::text[], %(numbers)s::int[]) AS w (dataset_id, version)
        JOIN version v USING (dataset_id, version)
        LEFT JOIN LATERAL (
            SELECT m.vendor, m.push_id FROM version m
            WHERE m.dataset_id = w.dataset_id AND m.version <= w.version AND m.vendor <> %(school)s
            ORDER BY m.version DESC LIMIT 1
        ) AS made ON true
        """,
        {"datasets": [d for d, _ in versions], "numbers": [n for _, n in versions], "school": SCHOOL},
    )
    found = {
        (dataset, number): Version(digest, Push(vendor, push) if vendor else None)
        for dataset, number, digest, vendor, push in cur.fetchall()
    }
    cur.execute(
        "SELECT dataset_id, max(version) FROM version WHERE dataset_id = ANY(%s) GROUP BY dataset_id",
        (sorted({dataset for dataset, _ in versions}),),
    )
    newest = dict(cur.fetchall())
    cur.execute(
        "SELECT r.dataset_id, r.removal_id, r.vendor, r.push_id FROM removal r "
        "JOIN unnest(%s::text[], %s::text[]) AS w (dataset_id, removal_id) USING (dataset_id, removal_id)",
        ([d for d, _ in removals], [r for _, r in removals]),
    )
    return Known(found, newest, {(d, r): Push(vendor, push) for d, r, vendor, push in cur.fetchall()})


def told_before(cur: cursor, ids: Collection[str]) -> set[str]:
    """Which of these events stand in the feed, or wait."""
    cur.execute(
        "SELECT event_id FROM push_event WHERE event_id = ANY(%(ids)s) "
        "UNION SELECT event_id FROM push_event_waiting WHERE event_id = ANY(%(ids)s)",
        {"ids": list(ids)},
    )
    return {event_id for (event_id,) in cur.fetchall()}


def append(cur: cursor, some: Sequence[tuple[Told, Push]]) -> None:
    """Events at the feed's end, in this order; none of them stands there yet."""
    if not some:
        return
    cur.execute("SELECT chain FROM push_feed FOR UPDATE")
    chain = bytes(cur.fetchone()[0])
    written = []
    for told, push in some:
        chain = sealed(chain, told, push)
        written.append(
            {
                "event_id": told.event_id,
                "vendor": push.vendor,
                "school": told.school,
                "dataset_id": told.dataset_id,
                "push_id": push.push_id,
                "version": told.version,
                "kind": told.kind,
                "at": told.at,
                "said": Json(told.said),
                "topic": told.topic,
                "partition": told.partition,
                "source_offset": told.source_offset,
                "chain": chain,
            }
        )
    rows.insert(cur, "push_event", written)
    cur.execute("UPDATE push_feed SET head = (SELECT max(id) FROM push_event), chain = %s", (chain,))


def sealed(before: bytes, told: Told, push: Push) -> bytes:
    """The chain after an event."""
    said = json.dumps([told.event_id, push.vendor, told.school, push.push_id], ensure_ascii=True)
    return hashlib.sha256(before + said.encode()).digest()[:CHAIN_BYTES]


def keep_waiting(cur: cursor, some: Sequence[tuple[Told, bool]]) -> None:
    """Keep events whose push is not known, and whether it is lost; one that is kept already stays in its
    place."""
    kept = [
        {name: getattr(t, name) for name in _WAITS} | {"said": Json(t.said), "lost": lost} for t, lost in some
    ]
    rows.insert(cur, "push_event_waiting", kept, "ON CONFLICT (event_id) DO UPDATE SET lost = EXCLUDED.lost")


def waiting_of(cur: cursor, datasets: Iterable[str]) -> list[Told]:
    """What waits of these datasets, in the order in which it came."""
    cur.execute(
        f"SELECT {', '.join(_WAITS)} FROM push_event_waiting WHERE dataset_id = ANY(%s) ORDER BY number",
        (sorted(datasets),),
    )
    return [Told(**row) for row in rows.fetch(cur)]


def no_longer_waiting(cur: cursor, ids: Collection[str]) -> None:
    """Forget what waited."""
    cur.execute("DELETE FROM push_event_waiting WHERE event_id = ANY(%s)", (list(ids),))


def ripe(cur: cursor, most: int) -> list[str]:
    """Datasets of which something waits whose version has come, or never will."""
    cur.execute(
        "SELECT DISTINCT w.dataset_id FROM push_event_waiting w JOIN version v USING (dataset_id) "
        "WHERE (v.version = w.version AND (w.digest = '' OR v.digest = w.digest)) "
        "OR (NOT w.lost AND (v.version > w.version OR (v.version = w.version AND v.digest <> w.digest))) "
        "LIMIT %s",
        (most,),
    )
    return [dataset for (dataset,) in cur.fetchall()]


def waiting(cur: cursor) -> Waiting:
    """How many wait."""
    cur.execute(
        "SELECT count(*) FILTER (WHERE NOT lost), count(*) FILTER (WHERE lost) FROM push_event_waiting"
    )
    return Waiting(*cur.fetchone())


def kept_since(cur: cursor, days: int) -> datetime:
    """Since when events are kept, by the database's clock."""
    cur.execute("SELECT now() - make_interval(days => %s)", (days,))
    (since,) = cur.fetchone()
    return cast(datetime, since)


def prune(cur: cursor, days: int, most: int) -> int:
    """Let go of the oldest events, at most so many, as long as they are older than so many days; how many.

    Always from the beginning of the feed: what is kept has no hole, even where an event was told late.
    """
    cur.execute("SELECT pruned FROM push_feed FOR UPDATE")
    cur.execute(
        """
        WITH oldest AS MATERIALIZED (SELECT id, at, chain FROM push_event ORDER BY id LIMIT %(most)s),
        young AS (SELECT min(id) AS id FROM oldest WHERE at >= now() - make_interval(days => %(days)s)),
        gone AS (
            DELETE FROM push_event e USING oldest o, young y
            WHERE e.id = o.id AND (y.id IS NULL OR o.id < y.id) RETURNING e.id, e.chain, e.at
        ), last AS (SELECT id, chain, (SELECT max(at) FROM gone) AS at FROM gone ORDER BY id DESC LIMIT 1),
        moved AS (
            UPDATE push_feed f SET pruned = l.id, pruned_chain = l.chain,
                pruned_at = greatest(f.pruned_at, l.at)
            FROM last l
        )
        SELECT count(*) FROM gone
        """,
        {"most": most, "days": days},
    )
    (gone,) = cur.fetchone()
    cur.execute(
        "DELETE FROM push_event_waiting WHERE at < now() - make_interval(days => %s)",
        (days,),
    )
    return int(gone)
