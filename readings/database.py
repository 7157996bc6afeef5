"""The one place where a command opens the database."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg2
from psycopg2.extensions import connection

from runtime import postgres
from runtime.settings import Settings
from schemas.errors import Problem, ProblemList


@contextmanager
def database(application: str) -> Iterator[connection]:
    """A connection of its own. Raises ProblemList (SYS-002) if PostgreSQL is away."""
    try:
        conn = postgres.connect(Settings(), application)
    except psycopg2.OperationalError:
        raise ProblemList([Problem("SYS-002")]) from None
    with closing(conn):
        yield conn
