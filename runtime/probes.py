"""Does a server answer now? One question to each, bounded in time; what is not an answer has a reason.

A question of their own protocols: a server that is stopped in mid-life still takes connections.
"""

import select
import socket
import time
from typing import Final

import psycopg2
from psycopg2.extensions import POLL_OK, POLL_READ, connection

from runtime import credentials
from runtime.settings import Settings
from schemas.errors import ProblemList

BOUND_S: Final = 5.0
"""Longest wait for an answer; with several brokers, for all of them."""

NO_TABLES: Final = "–"


def reason(fault: BaseException, bound_s: float = BOUND_S) -> str:
    """A few words for a fault on the way to a server; never its text, which may hold names."""
    match fault:
        case TimeoutError():
            return f"no answer in {bound_s:.0f} s"
        case ConnectionRefusedError():
            return "connection refused"
        case ConnectionResetError() | BrokenPipeError():
            return "connection closed"
        case socket.gaierror():
            return "host name unknown"
        case ValueError():
            return "no address"
    return type(fault).__name__


class Database:
    """PostgreSQL, asked over a connection that is kept; a new one is made when that breaks."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._conn: connection | None = None
        self.revision = ""
        """Of the tables, at the last answer; NO_TABLES if there are none."""

    def ask(self, bound_s: float = BOUND_S) -> BaseException | None:
        """None if it answers; else psycopg2.Error, TimeoutError or ProblemList (SEC-207). One that was
        restarted answers."""
        deadline = time.monotonic() + bound_s
        kept = self._conn is not None
        fault = self._ask(deadline)
        if fault is not None and kept and not isinstance(fault, TimeoutError):
            fault = self._ask(deadline)
        return fault

    def close(self) -> None:
        """Let go."""
        conn, self._conn = self._conn, None
        if conn is not None:
            conn.close()

    def _ask(self, deadline: float) -> BaseException | None:
        try:
            if self._conn is None:
                self._conn = psycopg2.connect(
                    self._settings.database,
                    application_name="csdl-probe",
                    async_=True,
                    **credentials.at_database(self._settings),
                )
                _wait(self._conn, deadline)
            with self._conn.cursor() as cur:
                try:
                    cur.execute("SELECT version_num FROM alembic_version")
                    _wait(self._conn, deadline)
                    self.revision = ", ".join(sorted(number for (number,) in cur.fetchall())) or NO_TABLES
                except psycopg2.errors.UndefinedTable:
                    self.revision = NO_TABLES
        except (psycopg2.Error, TimeoutError, ProblemList) as fault:
            self.close()
            return fault
        return None


def _wait(conn: connection, deadline: float) -> None:
    while (state := conn.poll()) != POLL_OK:
        left = deadline - time.monotonic()
        fd = [conn.fileno()]
        ready = select.select(*((fd, [], []) if state == POLL_READ else ([], fd, [])), max(left, 0))
        if left <= 0 or not any(ready):
            raise TimeoutError
