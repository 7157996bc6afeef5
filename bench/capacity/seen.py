"""What a stack holds at a moment: bytes by topic and by table, PostgreSQL's log, memory by process."""

import time
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from psycopg2.extensions import connection

from bench.cpu import resident_mb
from deploy.local import supervisor
from deploy.local.layout import Stack
from runtime import kafka, postgres
from runtime.accounts import SETUP
from runtime.settings import Settings
from schemas.topics import Topic, topics

QUIET_S: Final = 3.0
STILL: Final = 4096
"""Bytes that come to Kafka in that time while nobody does anything: positions, the clock."""
WAIT_S: Final = 600.0

TABLES: Final = """
SELECT coalesce(parent.relname, own.relname), sum(pg_table_size(own.oid))::bigint,
    sum(pg_indexes_size(own.oid))::bigint
FROM pg_class AS own
LEFT JOIN pg_inherits ON inhrelid = own.oid
LEFT JOIN pg_class AS parent ON parent.oid = inhparent
WHERE own.relkind = 'r' AND own.relnamespace = 'public'::regnamespace
GROUP BY 1
"""


@dataclass(frozen=True)
class Seen:
    """Bytes: of each topic's log, of each table (rows, indexes), of PostgreSQL's log since it was made."""

    topics: Mapping[str, int]
    tables: Mapping[str, tuple[int, int]]
    wal: int

    def since(self, before: "Seen") -> dict[str, Any]:
        """What has come to it."""
        topics = {name: size - before.topics.get(name, 0) for name, size in self.topics.items()}
        tables = {
            name: [size - old for size, old in zip(sizes, before.tables.get(name, (0, 0)), strict=True)]
            for name, sizes in self.tables.items()
        }
        return {
            "topics": {name: size for name, size in sorted(topics.items()) if size},
            "tables": {name: sizes for name, sizes in sorted(tables.items()) if any(sizes)},
            "wal": self.wal - before.wal,
        }

    def total(self) -> int:
        """Bytes of topics and tables together."""
        return sum(self.topics.values()) + sum(map(sum, self.tables.values()))


def look(stack: Stack) -> Seen:
    """What is there now."""
    with closing(postgres.connect(stack.settings().acting_as(SETUP), "bench")) as db, db, db.cursor() as cur:
        cur.execute(TABLES)
        tables = {name: (rows, indexes) for name, rows, indexes in cur}
        cur.execute("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint")
        (wal,) = cur.fetchone()
    return Seen(_logs(stack.kafka_dir), tables, wal)


def _logs(kafka_dir: Path) -> Counter[str]:
    """Topic → bytes of its partitions' segments."""
    found: Counter[str] = Counter()
    for path in kafka_dir.rglob("*.log"):
        topic, _, partition = path.parent.name.rpartition("-")
        if partition.isdigit():
            found[topic] += path.stat().st_size
    return found


def settle(stack: Stack, db: connection) -> None:
    """Until nothing waits for Kafka and its logs stand still. Raises TimeoutError."""
    deadline, before = time.monotonic() + WAIT_S, 0
    while True:
        with db, db.cursor() as cur:
            cur.execute("SELECT NOT EXISTS (SELECT FROM outbox)")
            (is_empty,) = cur.fetchone()
        now = sum(_logs(stack.kafka_dir).values())
        if is_empty and now - before < STILL:
            return
        if time.monotonic() > deadline:
            raise TimeoutError(f"it still moves after {WAIT_S} s")
        before = now
        time.sleep(QUIET_S)


def pids(stack: Stack) -> dict[str, int]:
    """Servers and processes; vendors' work is done on their machines."""
    return {info["name"]: info["pid"] for info in supervisor.process_info(stack) if info["pid"]}


def memory(stack: Stack) -> dict[str, float]:
    """MB by process; of what several share, each its part."""
    return resident_mb(pids(stack))


def newest(settings: Settings) -> dict[str, dict[str, int]]:
    """Compacted topic → how many keys it has, and bytes of the newest message of each, as they are before
    compression: so much stays when Kafka has compacted it."""
    wanted = {topic.name: topic for topic in topics(settings.vendors) if topic.cleanup == "compact"}
    return {name: _newest(settings, topic) for name, topic in wanted.items()}


def _newest(settings: Settings, topic: Topic) -> dict[str, int]:
    sizes: dict[bytes, int] = {}
    parts = kafka.partitions(topic.name)
    with closing(kafka.consumer(settings)) as consumer:
        consumer.assign(parts)
        consumer.seek_to_beginning(*parts)
        ends = consumer.end_offsets(parts)
        while any(consumer.position(part) < ends[part] for part in parts):
            for messages in consumer.poll(timeout_ms=500).values():
                for message in messages:
                    sizes[message.key or b""] = len(message.key or b"") + len(message.value or b"")
    return {"keys": len(sizes), "bytes": sum(sizes.values())}
