"""Rows that are due by age are deleted, a few thousand at a time, each batch a transaction of its own.

So no lock is long, and one that was cut off goes on where it stood. Of two at once the second does nothing.
"""

from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from typing import Final

from psycopg2.extensions import connection

from retention import policy
from retention.policy import Kept
from runtime import postgres
from runtime.accounts import SETUP
from runtime.settings import Settings
from schemas.errors import Problem, ProblemList

BATCH: Final = 5_000
LOCK: Final = 0x6373646D
AT_WORK: Final = "RET-001"

_DUE: Final = "SELECT count(*) FROM {table} o WHERE {due}"
_GO: Final = (
    "DELETE FROM {table} WHERE ctid = ANY(ARRAY(SELECT o.ctid FROM {table} o WHERE {due} LIMIT %(most)s))"
)

Told = Callable[[str, int], object]
"""Told of a table and how many of its rows have gone so far."""


def due(settings: Settings) -> dict[str, int]:
    """Table → rows that are due by age."""
    with closing(_connected(settings)) as conn, conn, conn.cursor() as cur:
        found = {}
        for kept in policy.aged():
            cur.execute(_DUE.format(table=kept.name, due=kept.due), {"days": timedelta(days=int(kept.long))})
            (found[kept.name],) = cur.fetchone()
        return found


def run(settings: Settings, told: Told = lambda table, gone: None) -> dict[str, int]:
    """Delete what is due; table → rows that went. Raises ProblemList (RET-001) while another does."""
    with closing(_connected(settings)) as conn:
        with conn, conn.cursor() as cur:
            cur.execute("SELECT pg_try_advisory_lock(%s)", (LOCK,))
            if cur.fetchone() != (True,):
                raise ProblemList([Problem(AT_WORK)])
        return {kept.name: _delete(conn, kept, told) for kept in policy.aged()}


def _delete(conn: connection, kept: Kept, told: Told) -> int:
    gone, last = 0, BATCH
    while last == BATCH:
        with conn, conn.cursor() as cur:
            statement = _GO.format(table=kept.name, due=kept.due)
            cur.execute(statement, {"days": timedelta(days=int(kept.long)), "most": BATCH})
            last = cur.rowcount
        gone += last
        told(kept.name, gone)
    return gone


def _connected(settings: Settings) -> connection:
    return postgres.connect(settings.acting_as(SETUP), "csdl retention")
