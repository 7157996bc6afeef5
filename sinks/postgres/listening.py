"""Waiting for rows that somebody else commits, instead of asking again and again."""

import select
from typing import Final

from psycopg2.extensions import cursor

from runtime import postgres
from runtime.settings import Settings

OUTBOX: Final = "outbox"
VERSIONS: Final = "version"
"""Channels, by the table of whose new rows they tell."""


def tell(cur: cursor, channel: str) -> None:
    """Wake who listens, once the transaction is committed."""
    cur.execute(f"NOTIFY {channel}")


class Listener:
    """A connection of its own: one that stores hears nothing before its transaction ends."""

    def __init__(self, settings: Settings, application: str, channel: str) -> None:
        self._conn = postgres.connect(settings, application)
        self._conn.autocommit = True
        with self._conn.cursor() as cur:
            cur.execute(f"LISTEN {channel}")

    def wait(self, seconds: float) -> None:
        """Until something has been told since the last time, at most so long."""
        select.select([self._conn], [], [], seconds)
        self._conn.poll()
        self._conn.notifies.clear()

    def close(self) -> None:
        """Leave."""
        self._conn.close()
