"""Connections that a service's requests borrow: as many as work at once, none left in a transaction."""

import select
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, LifoQueue

import psycopg2
from psycopg2.extensions import TRANSACTION_STATUS_IDLE, connection

from runtime import postgres
from runtime.settings import Settings


class Connections:
    """Made when they are needed, kept for the next request; a broken one is thrown away."""

    def __init__(self, settings: Settings, name: str) -> None:
        """``name``: as the server shows whose they are."""
        self._settings, self._name = settings, name
        self._idle: LifoQueue[connection] = LifoQueue()

    @contextmanager
    def statement(self) -> Iterator[connection]:
        """One on which each statement is a transaction of its own: a single one costs one round trip."""
        with self.borrowed() as conn:
            conn.autocommit = True
            try:
                yield conn
            finally:
                if not conn.closed:
                    conn.autocommit = False

    @contextmanager
    def borrowed(self) -> Iterator[connection]:
        """One, for a short while. Raises psycopg2.OperationalError if the server is away."""
        conn = self._take()
        try:
            yield conn
        except psycopg2.Error:
            if conn.closed or conn.get_transaction_status() != TRANSACTION_STATUS_IDLE:
                conn.close()
            raise
        finally:
            if not conn.closed:
                conn.rollback()
                self._idle.put(conn)

    def close(self) -> None:
        """Let go of those that nobody has."""
        while True:
            try:
                self._idle.get_nowait().close()
            except Empty:
                return

    def _take(self) -> connection:
        """A kept one that the server still knows, or a new one."""
        while True:
            try:
                conn = self._idle.get_nowait()
            except Empty:
                return postgres.connect(self._settings, self._name)
            if not conn.closed and _silent(conn):
                return conn
            conn.close()


def _silent(conn: connection) -> bool:
    """Whether the server has said nothing since: to an idle connection it speaks only when it ends it. No
    question is sent, which each request would wait for several times."""
    heard = select.poll()
    heard.register(conn.fileno(), select.POLLIN)
    return not heard.poll(0)
