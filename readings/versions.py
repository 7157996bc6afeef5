"""Versions of datasets, as plain rows for printing."""

from typing import Any

from psycopg2.extensions import connection
from psycopg2.extras import RealDictCursor

_REHASHED = """
SELECT dataset_id, version, loaded_at, digest, digest_rule FROM version WHERE rehashed
ORDER BY dataset_id, version
"""


def rehashed(conn: connection) -> list[dict[str, Any]]:
    """Versions whose digest by today's rule differs by more than the rule itself: some of their rows hold
    characters that the first rule took for blanks."""
    with conn.cursor(cursor_factory=RealDictCursor) as cursor:
        cursor.execute(_REHASHED)
        return [dict(row) for row in cursor]
