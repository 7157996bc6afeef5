"""What somebody does about events that were put aside."""

from collections.abc import Sequence
from typing import Final

from psycopg2.extensions import connection

from schemas.errors import Problem, ProblemList

NOTHING_ASIDE: Final = "CHN-001"


def acknowledge(conn: connection, subjects: Sequence[str] | None) -> int:
    """Somebody has looked: the alert ends, the events stay aside. All subjects if None; how many events.

    Raises ProblemList (CHN-001) if nothing is put aside or marked there.
    """
    chosen = list(subjects) if subjects is not None else None
    with conn, conn.cursor() as cur:
        cur.execute(
            "UPDATE chain_fault SET acknowledged = now() WHERE acknowledged IS NULL "
            "AND (%(chosen)s::text[] IS NULL OR subject = ANY(%(chosen)s))",
            {"chosen": chosen},
        )
        events: int = cur.rowcount
        marks = 0
        for table, subject in _MARKED.items():
            cur.execute(
                f"UPDATE {table} SET chain_broken = false WHERE chain_broken "
                f"AND (%(chosen)s::text[] IS NULL OR {subject} = ANY(%(chosen)s))",
                {"chosen": chosen},
            )
            marks += cur.rowcount
        if not events and not marks:
            raise ProblemList([Problem(NOTHING_ASIDE)])
    return events


_MARKED: Final = {
    "confirmation": "dataset_id",
    "grant_state": "vendor || '/' || school",
    "unit": "unit_code",
}


def reread(conn: connection, reader: str) -> int:
    """Let a reader take the events anew from the first that it put aside: after its cause was mended.

    What it has acted on it passes over. A reader that runs finds its epoch gone at its next message, ends,
    and starts again there. How many events were put aside; raises ProblemList (CHN-001) if none was.
    """
    with conn, conn.cursor() as cur:
        cur.execute(
            "UPDATE consumer_offset o SET epoch = epoch + 1, updated_at = now(), "
            "next_offset = least(next_offset, (SELECT min(source_offset) FROM chain_fault f "
            "WHERE f.reader = o.consumer AND f.topic = o.topic AND f.partition = o.partition)) "
            "WHERE consumer = %s",
            (reader,),
        )
        cur.execute("DELETE FROM chain_fault WHERE reader = %s", (reader,))
        if not cur.rowcount:
            raise ProblemList([Problem(NOTHING_ASIDE)])
        return int(cur.rowcount)
