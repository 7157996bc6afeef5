"""What the provincial database knows of pushes, as plain rows for printing."""

from datetime import datetime
from typing import Any

from psycopg2.extensions import connection

from readings.database import rows

_PUSH = """
SELECT push_id, vendor, dataset_id, kind, coalesce(outcome, 'open') AS outcome, code, version,
       received, accepted, refused, late, written, absent, stayed, removals, removed, waiting,
       opened_at, sender_opened_at, closed_at AS sender_closed_at, decided_at
FROM push
"""

_REFUSED = """
SELECT dataset_id, record_type, source, sheet, source_row AS row, client_id, rule, fields
FROM record_refused WHERE push_id = %s
ORDER BY dataset_id, record_type, source, sheet, source_row, rule
"""


def listed(conn: connection, newest: int | None = None) -> tuple[list[dict[str, Any]], int]:
    """(pushes, newest first: all, or so many of them; how many there are)."""
    found = rows(conn, f"{_PUSH} ORDER BY opened_at DESC, push_id, vendor, dataset_id LIMIT %s", (newest,))
    total = rows(conn, "SELECT count(*) AS pushes FROM push")[0]["pushes"]
    return found, max(total, len(found)) if newest is not None else len(found)


def one(conn: connection, push_id: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """(push as far as known, one row a dataset; refused records and the rules that refused them)."""
    found = rows(conn, f"{_PUSH} WHERE push_id = %s ORDER BY dataset_id, vendor", (push_id,))
    return found, refused(conn, push_id)


def refused(conn: connection, push_id: str) -> list[dict[str, Any]]:
    """Refused records of a push, one row a record and rule that refused it."""
    return rows(conn, _REFUSED, (push_id,))


def since(conn: connection, vendor: str, school: str, begun: datetime) -> list[dict[str, Any]]:
    """Pushes of a vendor for a school whose first message Kafka took from then on, oldest first."""
    return rows(
        conn,
        "SELECT push_id, coalesce(outcome, 'open') AS outcome, accepted, refused, opened_at FROM push"
        " WHERE vendor = %s AND dataset_id LIKE %s AND opened_at >= %s ORDER BY opened_at, push_id",
        (vendor, f"{school}.%", begun),
    )
