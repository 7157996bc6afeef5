"""The table of acts (`audit_event`) as one more chain that checkpoints seal: its rows in the order of number.

A row is taken once it is older than the caller says: of two writers in one moment the lower number may be
there later.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import datetime
from typing import Any, Final

from psycopg2.extensions import connection
from psycopg2.extras import RealDictCursor

from runtime import postgres
from runtime.settings import Settings
from sinks.checkpoints.checkpoint import Head, Reached

TABLE: Final = "audit_event"
"""Its name where chains have that of their topic."""

SUBJECT: Final = "0"
"""It is one chain, of one part."""

AT_ONCE: Final = 5_000

_ROWS: Final = f"""
SELECT * FROM {TABLE} WHERE number > %s AND at < clock_timestamp() - make_interval(secs => %s)
ORDER BY number LIMIT {AT_ONCE}
"""

Row = Mapping[str, Any]


def after(head: Head, row: Row) -> Head:
    """The head after a row: its hash is that of the head before and of all that the row says."""
    said = {name: _plain(value) for name, value in row.items()}
    text = json.dumps([head.hash, said], sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return Head(head.sequence + 1, hashlib.sha256(text.encode("utf-8")).hexdigest())


def reached(row: Row) -> Reached:
    """How far the table was read."""
    return Reached(row["number"] + 1, row["number"], int(row["at"].timestamp() * 1000))


def rows(settings: Settings, begin: int, older_than_s: float) -> Iterator[Row]:
    """All rows from a number on. Raises psycopg2.Error."""
    with closing(postgres.connect(settings, "csdl checkpoints")) as conn:
        while found := _some(conn, begin, older_than_s):
            yield from found
            begin = found[-1]["number"] + 1


def _some(conn: connection, begin: int, older_than_s: float) -> list[dict[str, Any]]:
    with conn, conn.cursor(cursor_factory=RealDictCursor) as cur:
        cur.execute(_ROWS, (begin - 1, older_than_s))
        return [dict(row) for row in cur]


def _plain(value: Any) -> Any:
    return int(value.timestamp() * 1_000_000) if isinstance(value, datetime) else value
