"""Does a server answer now? One question to each, bounded in time; what is not an answer has a reason.

A question of their own protocols: a server that is stopped in mid-life still takes connections.
"""

import select
import socket
import struct
import time
from typing import Final

import psycopg2
from psycopg2.extensions import POLL_OK, POLL_READ, connection

from runtime.settings import Settings

BOUND_S: Final = 5.0
"""Longest wait for an answer; with several brokers, for all of them."""

API_VERSIONS: Final = 18
ASKED_BY: Final = b"csdl-probe"
CORRELATION: Final = 0x6373646C
_BODY: Final = struct.pack(">hhih", API_VERSIONS, 0, CORRELATION, len(ASKED_BY)) + ASKED_BY
_QUESTION: Final = struct.pack(">i", len(_BODY)) + _BODY

NO_TABLES: Final = "–"


def kafka(bootstrap_servers: str, bound_s: float = BOUND_S) -> str:
    """ "" if a broker answers, else why none does: of the first, since one reason is enough."""
    servers = [server.strip() for server in bootstrap_servers.split(",")]
    reasons = []
    for server in servers:
        reason = _broker(server, bound_s / len(servers))
        if not reason:
            return ""
        reasons.append(reason)
    return reasons[0]


def _broker(server: str, bound_s: float) -> str:
    """Any Kafka answers ApiVersions version 0, also before it knows who asks."""
    host, _, port = server.rpartition(":")
    deadline = time.monotonic() + bound_s
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=bound_s) as asked:
            asked.sendall(_QUESTION)
            said = b""
            while len(said) < 8:
                asked.settimeout(max(deadline - time.monotonic(), 0.001))
                more = asked.recv(8 - len(said))
                if not more:
                    return "connection closed"
                said += more
    except (OSError, ValueError) as fault:
        return reason(fault, bound_s)
    return "" if struct.unpack(">ii", said)[1] == CORRELATION else "what answers is no Kafka"


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
        """None if it answers; else psycopg2.Error or TimeoutError. One that was restarted answers."""
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
                    self._settings.database, application_name="csdl-probe", async_=True
                )
                _wait(self._conn, deadline)
            with self._conn.cursor() as cur:
                try:
                    cur.execute("SELECT version_num FROM alembic_version")
                    _wait(self._conn, deadline)
                    self.revision = ", ".join(sorted(number for (number,) in cur.fetchall())) or NO_TABLES
                except psycopg2.errors.UndefinedTable:
                    self.revision = NO_TABLES
        except (psycopg2.Error, TimeoutError) as fault:
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
