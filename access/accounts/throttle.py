"""Attempts to log in, counted before the password is looked at: of a hundred at once only the first ten are.

By name, whether there is such an account or not; a success forgets what came before it. The count is
committed before anything is checked, so that neither a crash nor a second service gives one back.
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from psycopg2.extensions import connection

from access.accounts import names

LIMIT: Final = 10
WINDOW: Final = timedelta(minutes=15)

_COUNT: Final = """
INSERT INTO login_attempt AS a (name_hash, since, attempts) VALUES (%(name)s, now(), 1)
ON CONFLICT (name_hash) DO UPDATE SET
    since = CASE WHEN a.since <= now() - %(window)s THEN now() ELSE a.since END,
    attempts = CASE WHEN a.since <= now() - %(window)s THEN 1 ELSE least(a.attempts + 1, 1000000) END
RETURNING attempts, ceil(extract(epoch FROM since + %(window)s - now()))::int
"""


@dataclass(frozen=True)
class Attempt:
    """One attempt: the how many-th of its window, and seconds until that ends."""

    number: int
    wait_s: int

    @property
    def throttled(self) -> bool:
        """Whether it may not be looked at."""
        return self.number > LIMIT


def count(conn: connection, typed: str) -> Attempt:
    """Count an attempt for a name and commit."""
    with conn, conn.cursor() as cur:
        cur.execute(_COUNT, {"name": _hash(typed), "window": WINDOW})
        return Attempt(*cur.fetchone())


def forget(conn: connection, typed: str) -> None:
    """The password was right: what came before counts no more. Old windows of others go too."""
    with conn, conn.cursor() as cur:
        cur.execute("DELETE FROM login_attempt WHERE name_hash = %s", (_hash(typed),))
        cur.execute(
            "DELETE FROM login_attempt WHERE name_hash IN (SELECT name_hash FROM login_attempt"
            " WHERE since <= now() - %s LIMIT 100 FOR UPDATE SKIP LOCKED)",
            (WINDOW,),
        )


def _hash(typed: str) -> bytes:
    """Of all spellings of one account the same; what was typed may be anything, so it is not kept."""
    name = names.canonical(typed)
    text = names.key(name) if name is not None else typed[: 4 * names.LONGEST]
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
