"""Events that a reader put aside, since they do not belong to their chain; never what they hold."""

from dataclasses import dataclass
from datetime import datetime

from psycopg2.extensions import connection

from readings.database import rows


@dataclass(frozen=True)
class ChainFault:
    """One such event. ``stands_at`` is the subject's last sequence that the reader acted on, 0 if none."""

    reader: str
    subject: str
    sequence: int
    fault: str
    topic: str
    partition: int
    source_offset: int
    first_seen: datetime
    acknowledged: datetime | None
    stands_at: int


_FAULTS = """
SELECT f.reader, f.subject, f.sequence, f.fault, f.topic, f.partition, f.source_offset, f.first_seen,
       f.acknowledged, coalesce(p.sequence, 0) AS stands_at
FROM chain_fault f LEFT JOIN chain_position p USING (reader, subject)
WHERE %(everything)s OR f.acknowledged IS NULL
ORDER BY f.first_seen, f.reader, f.topic, f.partition, f.source_offset
"""


@dataclass(frozen=True)
class ReadEvent:
    """The last event of a dataset's chain that a reader has acted on."""

    reader: str
    subject: str
    sequence: int
    hash: str


_READ = """
SELECT reader, subject, sequence, hash FROM chain_position
WHERE subject LIKE '%%.%%.%%' AND subject NOT LIKE '%%/%%' AND sequence > 0
ORDER BY subject, reader
"""


def read_events(conn: connection) -> list[ReadEvent]:
    """Up to where readers of confirmation's events have acted, each dataset by itself."""
    return [ReadEvent(**row) for row in rows(conn, _READ)]


def faults(conn: connection, everything: bool = False) -> list[ChainFault]:
    """Those that nobody has acknowledged, or all, in the order in which they were seen."""
    return [ChainFault(**row) for row in rows(conn, _FAULTS, {"everything": everything})]


def positions(conn: connection, reader: str) -> dict[str, tuple[int, str]]:
    """Subject → sequence and hash of the last event that the reader acted on."""
    found = rows(conn, "SELECT subject, sequence, hash FROM chain_position WHERE reader = %s", (reader,))
    return {row["subject"]: (row["sequence"], row["hash"]) for row in found}


def offsets(conn: connection, reader: str) -> dict[tuple[str, int], int]:
    """(topic, partition) → the offset that the reader reads next."""
    found = rows(
        conn, "SELECT topic, partition, next_offset FROM consumer_offset WHERE consumer = %s", (reader,)
    )
    return {(row["topic"], row["partition"]): row["next_offset"] for row in found}
