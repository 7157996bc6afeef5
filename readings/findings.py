"""What the check found in a version, and what its push lacked."""

from typing import Any, Final

from psycopg2.extensions import connection
from psycopg2.extras import RealDictCursor

_OF_VERSION: Final = """
SELECT rule, severity, record_type, identity, fields FROM finding
WHERE dataset_id = %(dataset)s AND since_version <= %(version)s
  AND (until_version IS NULL OR until_version > %(version)s)
UNION ALL
SELECT 'VER-001', 'warn', record_type, identity, '{}' FROM absence
WHERE dataset_id = %(dataset)s AND since_version <= %(version)s
  AND (until_version IS NULL OR until_version > %(version)s)
ORDER BY rule, record_type, identity, fields
"""


def of_version(conn: connection, dataset_id: str, version: int) -> list[dict[str, Any]]:
    """One row a finding: rule, severity, record_type, identity, fields. A version must have been checked."""
    with conn.cursor(cursor_factory=RealDictCursor) as cursor:
        cursor.execute(_OF_VERSION, {"dataset": dataset_id, "version": version})
        return [dict(row) for row in cursor]
