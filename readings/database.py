"""The one place where a command opens the database, and how a question is asked."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Any

import psycopg2
from psycopg2.extensions import connection
from psycopg2.extras import RealDictCursor

from runtime import postgres
from runtime.settings import Settings
from schemas.errors import ProblemList


@contextmanager
def database(application: str) -> Iterator[connection]:
    """A connection of its own. Raises ProblemList (SYS-002, SYS-010) if PostgreSQL is away or refuses us."""
    try:
        conn = postgres.connect(Settings(), application)
    except psycopg2.OperationalError as fault:
        raise ProblemList([postgres.away(fault)]) from None
    with closing(conn):
        yield conn


def rows(
    conn: connection, statement: str, params: Mapping[str, Any] | Sequence[Any] = ()
) -> list[dict[str, Any]]:
    """What a question finds, a dict a row, in a transaction of its own."""
    with conn, conn.cursor(cursor_factory=RealDictCursor) as cur:
        cur.execute(statement, params or None)
        return [dict(row) for row in cur]
