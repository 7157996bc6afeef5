"""Which records a school's last whole lists lacked, and which removals wait: identities, never a value."""

from typing import Any

from psycopg2.extensions import connection

from readings.database import rows
from schemas import datasets
from schemas.contracts import contracts

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
    for record_type in {row["record_type"] for row in found}:
        lacked = [row for row in found if row["record_type"] == record_type]
        ids = _client_ids(conn, record_type, dataset_id, [row["identity"] for row in lacked])
        for row in lacked:
            row["client_id"] = ids.get(row["identity"]) or ""
    return found


def waiting(conn: connection, dataset_id: str) -> list[dict[str, Any]]:
    """Removals that wait for the head of the school."""
    return rows(conn, _WAITING, (dataset_id,))


def _client_ids(conn: connection, record_type: str, dataset_id: str, identities: list[str]) -> dict[str, str]:
    contract = contracts.record(record_type)
    if not any(f.name == "ClientId" for f in contract.fields):
        return {}
    statement = (
        f"SELECT identity, client_id FROM {contract.table} "
        "WHERE school_year = %s AND dataset_id = %s AND identity = ANY(%s) AND valid_to IS NULL"
    )
    _, year, _ = datasets.split(dataset_id)
    found = rows(conn, statement, (year, dataset_id, identities))
    return {row["identity"]: row["client_id"] for row in found}
