"""What the gateway keeps of pushes: one row each, what a key stands for, lists as they came for a while."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import psycopg2
from psycopg2.extensions import connection, cursor
from psycopg2.extras import Json

from producers.gateway.idempotency import Kept
from producers.model import Target

_KEPT: Final = """
SELECT g.push_id, g.fingerprint, g.answer, extract(epoch FROM clock_timestamp() - g.received_at)::float8,
    coalesce(p.outcome, '')
FROM gateway_push g LEFT JOIN push p USING (vendor, push_id, dataset_id)
WHERE g.vendor = %s AND g.school = %s AND g.key_hash = %s
"""

_BEGIN: Final = """
INSERT INTO gateway_push
    (push_id, vendor, school, dataset_id, kind, credential, key_hash, fingerprint, records, received_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, clock_timestamp())
"""

_KNOWN: Final = """
SELECT EXISTS (SELECT FROM gateway_push WHERE push_id = %s)
    OR EXISTS (SELECT FROM push WHERE push_id = %s AND outcome = 'incomplete')
"""

_ANEW: Final = """
UPDATE gateway_push SET push_id = %s, credential = %s, records = %s, received_at = clock_timestamp()
WHERE push_id = %s AND state = 'sending'
"""

_SENT: Final = """
UPDATE gateway_push SET state = 'sent', sent_at = clock_timestamp(), answer = %s
WHERE push_id = %s AND state = 'sending'
"""

_FILE: Final = "INSERT INTO gateway_file (push_id, position, name, content) VALUES (%s, %s, %s, %s)"

TEXT: Final = "text"
"""Member of what is kept of an answer: all of it, to the letter. An own id may hold what no JSON of the
database does (NUL)."""

_FORGET_KEYS: Final = """
UPDATE gateway_push SET key_hash = NULL, answer = NULL
WHERE received_at < now() - make_interval(days => %s) AND (key_hash IS NOT NULL OR answer IS NOT NULL)
"""

_FORGET_FILES: Final = "DELETE FROM gateway_file WHERE kept_at < now() - make_interval(days => %s)"


@dataclass(frozen=True)
class Began:
    """A push that is about to be sent. ``records``: by type received, accepted, refused."""

    push_id: str
    target: Target
    dataset_id: str
    credential: int
    fingerprint: bytes
    records: Mapping[str, Mapping[str, int]]
    key_hash: bytes | None = None


@contextmanager
def held(conn: connection, number: int) -> Iterator[bool]:
    """Whether the lock of this number is ours until the end: it goes with the connection of a process that
    is killed. ``conn`` has no transaction under way."""
    with conn, conn.cursor() as cur:
        cur.execute("SELECT pg_try_advisory_lock(%s)", (number,))
        ((ours,),) = cur.fetchall()
    try:
        yield ours
    finally:
        if ours:
            _let_go(conn, number)


def _let_go(conn: connection, number: int) -> None:
    """By the connection's end, if nothing else helps: another request would borrow the lock along with it."""
    try:
        conn.rollback()
        with conn, conn.cursor() as cur:
            cur.execute("SELECT pg_advisory_unlock(%s)", (number,))
    except psycopg2.Error:
        conn.close()


def kept(cur: cursor, vendor: str, school: str, key_hash: bytes) -> Kept | None:
    """What a key stands for; None if for nothing."""
    cur.execute(_KEPT, (vendor, school, key_hash))
    row = cur.fetchone()
    if row is None:
        return None
    return Kept(row[0], bytes(row[1]), None if row[2] is None else json.loads(row[2][TEXT]), row[3], row[4])


def known(cur: cursor, push_id: str) -> bool:
    """Whether a push had this id that cannot be sent by it again: its key was forgotten, or load waits for it
    no more."""
    cur.execute(_KNOWN, (push_id, push_id))
    ((found,),) = cur.fetchall()
    return bool(found)


def begin(cur: cursor, began: Began) -> None:
    """On record before anything of it is sent. Raises psycopg2.errors.UniqueViolation of a key that another
    request took meanwhile."""
    cur.execute(
        _BEGIN,
        (
            began.push_id,
            began.target.vendor,
            began.target.school,
            began.dataset_id,
            began.target.kind,
            began.credential,
            began.key_hash,
            began.fingerprint,
            Json(began.records),
        ),
    )


def begin_anew(cur: cursor, before: str, began: Began) -> None:
    """The key stands for a push of another id from now on."""
    cur.execute(_ANEW, (began.push_id, began.credential, Json(began.records), before))


def sent(
    cur: cursor, push_id: str, answer: Mapping[str, Any], files: Sequence[tuple[str, bytes]] = ()
) -> None:
    """The broker has all of it; ``files`` are kept to be given back with marks. The first says it."""
    rows = [{**of, **{n: of[n].replace("\x00", "") for n in ("file", "sheet")}} for of in answer["rows"]]
    cur.execute(
        _SENT, (Json({"rows": rows, "columns": answer["columns"], TEXT: json.dumps(answer)}), push_id)
    )
    if cur.rowcount:
        for position, (name, data) in enumerate(files):
            cur.execute(_FILE, (push_id, position, name, data))


def forget(cur: cursor, keys_days: int, files_days: int) -> tuple[int, int]:
    """(keys, files) that were kept long enough and are gone."""
    cur.execute(_FORGET_KEYS, (keys_days,))
    keys = cur.rowcount
    cur.execute(_FORGET_FILES, (files_days,))
    return keys, cur.rowcount
