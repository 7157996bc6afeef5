"""One of an instance at a time: a second waits for its turn instead of fencing the first for ever.

A turn is comfort, not safety: two that run although they should not (another data directory, a lease that ran
out while its holder was frozen) are kept apart by epochs in the database and by Kafka's fences.
"""

import fcntl
import logging
import re
from pathlib import Path
from threading import Event, Thread
from typing import Any, Final

import psycopg2
from psycopg2.extensions import connection

from runtime import postgres
from runtime.health import Servers
from runtime.process import Gate, leave
from runtime.settings import Settings
from schemas.errors import Problem

log = logging.getLogger("csdl")

LEASE_S: Final = 15
"""A holder that is frozen or cut off keeps the turn so long; one that was killed frees it at once."""

BEAT_S: Final = 3.0


def told(session: str) -> tuple[str, int] | None:
    """Process and number of its instances, of the application name of a session that holds a turn."""
    found = re.fullmatch(r"csdl-turn ([a-z-]+)-\d+ of (\d+)", session)
    return (found[1], int(found[2])) if found else None


class FolderTurn(Gate):
    """A lock on a file in the data directory. The kernel frees a dead one's."""

    def __init__(self, folder: Path, label: str) -> None:
        self._path, self._label = folder / "turns" / label, label
        self._file: Any = None

    def refused(self) -> Problem | None:
        """SYS-006 while another has it."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._file or self._path.open("w")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return Problem("SYS-006", params={"name": self._label})
        return None

    def close(self) -> None:
        """Free it."""
        if self._file is not None:
            self._file.close()


class DatabaseTurn(Gate):
    """An advisory lock of a session of its own, which a thread keeps alive: a lease.

    The server ends the session of a holder that has not been heard of for LEASE_S; a holder that learns that
    its session has ended ends too, as after a kill: at once, or when the server is back.
    """

    def __init__(self, settings: Settings, label: str, servers: Servers, of: int = 1) -> None:
        """``of``: how many of the process there are, by our settings; ``told`` reads it in the session."""
        self._settings, self._label, self._servers, self._of = settings, label, servers, of
        self._conn: connection | None = None
        self._closed = Event()

    def refused(self) -> Problem | None:
        """SYS-006 while another has it, SYS-002 while PostgreSQL is away."""
        try:
            if not self._taken():
                return Problem("SYS-006", params={"name": self._label})
        except psycopg2.OperationalError as fault:
            self._conn = None
            return postgres.away(fault)
        Thread(target=self._beat, daemon=True, name="turn").start()
        return None

    def close(self) -> None:
        """Free it."""
        self._closed.set()
        if self._conn is not None:
            self._conn.close()

    def _taken(self) -> bool:
        if self._conn is None:
            self._conn = postgres.connect(self._settings, f"csdl-turn {self._label} of {self._of}")
            self._conn.autocommit = True
            with self._conn.cursor() as cur:
                cur.execute("SET idle_session_timeout = %s", (f"{LEASE_S}s",))
        with self._conn.cursor() as cur:
            cur.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", (f"csdl {self._label}",))
            return bool(cur.fetchone()[0])

    def _beat(self) -> None:
        conn = self._conn
        while conn is not None and not self._closed.wait(BEAT_S):
            try:
                with conn.cursor() as cur:
                    cur.execute("SELECT 1")
            except psycopg2.Error as fault:
                self._servers.wait(self._closed)
                if not self._closed.is_set():
                    log.error("%s: the turn is lost (%s); ending", self._label, type(fault).__name__)
                    leave(1)
