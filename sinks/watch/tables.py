"""What PostgreSQL knows: offsets kept there, and what waits in tables."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from kafka import TopicPartition
from psycopg2.extensions import connection, cursor

from schemas import days
from streams.grants.state import WITH_PAPERS, Standing

ENDING: Final = timedelta(days=14)
"""So long before its end a grant is told."""


@dataclass(frozen=True)
class Waiting:
    """One look at the tables. Ages in seconds, 0 when nothing waits."""

    offsets: dict[tuple[str, TopicPartition], int]
    pushes_open: int
    push_age: float
    versions_unchecked: int
    version_age: float
    outbox: int
    outbox_age: float
    outbox_aside: int
    datasets: dict[str, int]
    chains_broken: int
    exports: dict[str, int]
    export_age: float
    receipts_awaited: int
    grants_ending: int
    now: float
    """The server's clock, seconds since 1970."""


def look(conn: connection) -> Waiting:
    """All of it in one transaction. Raises psycopg2.OperationalError if the server is away."""
    with conn, conn.cursor() as cur:
        cur.execute("SELECT consumer, topic, partition, next_offset FROM consumer_offset")
        offsets = {(consumer, TopicPartition(t, p)): offset for consumer, t, p, offset in cur.fetchall()}
        pushes, push_age = _waiting(cur, "push", "first_seen", "outcome IS NULL")
        versions, version_age = _waiting(cur, "version", "loaded_at", "checked_at IS NULL")
        outbox, outbox_age = _waiting(cur, "outbox", "created_at", "code = ''")
        outbox_aside, _ = _waiting(cur, "outbox", "created_at", "code <> ''")
        _, export_age = _waiting(cur, "ministry_export", "opened_at", "state = 'opened'")
        cur.execute("SELECT state, count(*) FROM confirmation GROUP BY state")
        datasets = dict(cur.fetchall())
        cur.execute(
            "SELECT count(*) FROM (SELECT dataset_id FROM confirmation WHERE chain_broken "
            "UNION SELECT vendor || '/' || school FROM grant_state WHERE chain_broken "
            "UNION SELECT unit_code FROM unit WHERE chain_broken "
            "UNION SELECT subject FROM chain_fault WHERE acknowledged IS NULL) AS broken"
        )
        (broken,) = cur.fetchone()
        cur.execute("SELECT state, count(*) FROM ministry_export GROUP BY state")
        exports = dict(cur.fetchall())
        cur.execute(
            "SELECT coalesce(sum(r.total - e.accepted - e.refused), 0) FROM ministry_export e, "
            "LATERAL (SELECT sum(value::int) AS total FROM jsonb_each_text(e.records)) r "
            "WHERE e.state IN ('opened', 'sent')"
        )
        (awaited,) = cur.fetchone()
        today = days.today()
        cur.execute(
            "SELECT count(*) FROM grant_state WHERE state = ANY(%s) "
            "AND least(valid_until, contract_ends) BETWEEN %s AND %s",
            ([*WITH_PAPERS, Standing.ALLOWED], today, today + ENDING),
        )
        (ending,) = cur.fetchone()
        cur.execute("SELECT extract(epoch FROM clock_timestamp())")
        (now,) = cur.fetchone()
    return Waiting(
        offsets=offsets,
        pushes_open=pushes,
        push_age=push_age,
        versions_unchecked=versions,
        version_age=version_age,
        outbox=outbox,
        outbox_age=outbox_age,
        outbox_aside=outbox_aside,
        datasets=datasets,
        chains_broken=broken,
        exports=exports,
        export_age=export_age,
        receipts_awaited=int(awaited),
        grants_ending=ending,
        now=float(now),
    )


def _waiting(cur: cursor, table: str, since: str, condition: str) -> tuple[int, float]:
    """How many rows wait, and the age of the oldest."""
    cur.execute(
        f"SELECT count(*), coalesce(greatest(extract(epoch FROM now() - min({since})), 0), 0) "
        f"FROM {table} WHERE {condition}"
    )
    count, age = cur.fetchone()
    return count, float(age)
