"""School years that the tables hold, or held."""

from dataclasses import dataclass

from psycopg2.extensions import connection

from readings.database import rows

_LISTED = """
SELECT d.school_year AS year, count(DISTINCT d.dataset_id) AS datasets,
    count(DISTINCT e.dataset_id) AS answered,
    (
        SELECT coalesce(sum(greatest(c.reltuples, 0)), 0)::bigint FROM pg_inherits i
        JOIN pg_class p ON p.oid = i.inhparent JOIN pg_class c ON c.oid = i.inhrelid
        WHERE c.relname = p.relname || '_' || d.school_year
    ) AS rows,
    coalesce((max(y.closed_at) AT TIME ZONE 'Asia/Ho_Chi_Minh')::date::text,
        CASE WHEN count(y.school_year) > 0 THEN '…' ELSE '' END) AS closed,
    coalesce(max(y.backup), '') AS backup
FROM dataset d
LEFT JOIN ministry_export e ON e.dataset_id = d.dataset_id AND e.version = d.version AND e.state = 'answered'
LEFT JOIN school_year_closed y ON y.school_year = d.school_year
GROUP BY d.school_year ORDER BY d.school_year
"""


@dataclass(frozen=True)
class SchoolYear:
    """One. ``answered``: datasets whose newest version the Ministry has answered; ``rows`` of records, about;
    ``closed``: the day, "…" while it is under way, "" if it is not; ``backup`` that holds it then."""

    year: int
    datasets: int = 0
    answered: int = 0
    rows: int = 0
    closed: str = ""
    backup: str = ""


def listed(conn: connection) -> list[SchoolYear]:
    """Oldest first."""
    return [SchoolYear(**row) for row in rows(conn, _LISTED)]
