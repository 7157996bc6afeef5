"""What the gateway kept long enough goes: keys after a campaign, files with personal data sooner."""

import logging
import time
from typing import Final

import psycopg2

from producers.gateway import store
from runtime.connections import Connections
from runtime.logs import AGAIN
from runtime.settings import Settings

log = logging.getLogger("csdl")
again = logging.getLogger(AGAIN)

EVERY_S: Final = 3_600.0
AGAIN_S: Final = 60.0


class Keeping:
    """Asked again and again by the process; looks once an hour."""

    def __init__(self, settings: Settings, connections: Connections) -> None:
        self._settings, self._connections = settings, connections
        self._due = time.monotonic()

    def step(self) -> None:
        """Forget what is due. Where the database is away it waits: pushes are not kept up by it."""
        if time.monotonic() < self._due:
            return
        self._due = time.monotonic() + AGAIN_S
        try:
            with self._connections.borrowed() as conn, conn, conn.cursor() as cur:
                keys, files = store.forget(cur, self._settings.push_key_days, self._settings.push_file_days)
        except psycopg2.Error as fault:
            again.warning("what is kept of pushes was not looked at: %s", type(fault).__name__)
            return
        self._due = time.monotonic() + EVERY_S
        if keys or files:
            log.info("forgot %d keys of pushes and %d files", keys, files)
