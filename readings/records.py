"""Which records a school's last whole lists lacked, and which removals wait: identities, never a value."""

from typing import Any

from psycopg2.extensions import connection

from readings import own_ids
from readings.database import rows

_ABSENT = """
SELECT a.record_type, a.identity, a.since_version, a.vendor, a.push_id
FROM absence a WHERE a.dataset_id = %s AND a.until_version IS NULL
ORDER BY a.record_type, a.since_version, a.identity
"""

_WAITING = """
SELECT removal_id, record_type, cardinality(identities) AS records, vendor, push_id, role, account, reason,
    asked_at, version
FROM removal WHERE dataset_id = %s AND state = 'waiting' ORDER BY asked_at, removal_id
"""


def version(conn: connection, dataset_id: str) -> int:
    """The dataset's newest version, 0 if it has none."""
    found = rows(conn, "SELECT version FROM dataset WHERE dataset_id = %s", (dataset_id,))
    return int(found[0]["version"]) if found else 0


def absent(conn: connection, dataset_id: str) -> list[dict[str, Any]]:
    """Records held that the last whole list of their type lacked, with the vendor's own id."""
    found = rows(conn, _ABSENT, (dataset_id,))
    own_ids.tell(found, own_ids.of_dataset(conn, dataset_id))
    return found


def waiting(conn: connection, dataset_id: str) -> list[dict[str, Any]]:
    """Removals that wait for the head of the school."""
    return rows(conn, _WAITING, (dataset_id,))
