"""The province's key: made at the first setup, kept beside the other secrets, never in the database.

A ledger that was made with another key would find nobody, and give everybody a second identity. So a process
that writes to it asks ``opened`` first, and setup makes a key only for a ledger that is empty.
"""

import secrets
from contextlib import closing
from pathlib import Path
from typing import Final

from psycopg2.extensions import connection, cursor

from runtime import new_file, postgres
from runtime.settings import Settings
from schemas.errors import Problem, ProblemList, SourceLocation
from sinks.provincial.records import fill, ledger
from sinks.provincial.records.mac import Mac

KEY_BYTES: Final = 32


def opened(settings: Settings, cur: cursor) -> Mac:
    """The key that the ledger was made with; ProblemList (IDN-003) if it is not in its file."""
    mac = _read(settings.identity_key_file)
    if mac is None or ledger.made_with(cur) != ledger.fingerprint(mac):
        raise _other_key(settings)
    return mac


def problems(settings: Settings) -> list[Problem]:
    """IDN-003 if the ledger was made with another key than ours, or ours is missing (`csdl doctor`)."""
    with closing(postgres.connect(settings, "csdl-identity")) as conn, conn, conn.cursor() as cur:
        try:
            opened(settings, cur)
        except ProblemList as found:
            return found.problems
    return []


def establish(settings: Settings, conn: connection) -> None:
    """Make the key at the first setup, fill the ledger with what stood before it. Harmless when repeated.

    Raises ProblemList (IDN-003) if the ledger was made with another key than that of the file.
    """
    with conn, conn.cursor() as cur:
        cur.execute("LOCK TABLE identity_ledger IN SHARE ROW EXCLUSIVE MODE")
        made_with, empty = ledger.made_with(cur), ledger.is_empty(cur)
        mac = _read(settings.identity_key_file)
        if mac is None and empty:
            mac = _make(settings.identity_key_file)
        if mac is None or (made_with != ledger.fingerprint(mac) and not empty):
            raise _other_key(settings)
        ledger.begin(cur, mac)
        if not ledger.is_filled(cur):
            fill.fill(cur, mac)


def _read(path: Path) -> Mac | None:
    """None if there is no key in it."""
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii"))
    except (FileNotFoundError, ValueError):
        return None
    return Mac(key) if len(key) == KEY_BYTES else None


def _make(path: Path) -> Mac:
    """A new key, readable by its owner alone; never over a file that is there."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = secrets.token_bytes(KEY_BYTES)
    try:
        new_file.write(path, key.hex() + "\n")
    except FileExistsError:
        raise ProblemList([Problem(ledger.OTHER_KEY, SourceLocation(str(path)))]) from None
    return Mac(key)


def _other_key(settings: Settings) -> ProblemList:
    path = settings.identity_key_file
    return ProblemList([Problem(ledger.OTHER_KEY, SourceLocation(str(path)))])
