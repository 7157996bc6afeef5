"""Where each dataset of a school stands: its newest version, its confirmation, a vendor's own last push."""

from typing import Any, Final

from psycopg2.extensions import connection

from readings.database import rows

_OF_SCHOOL: Final = """
WITH own AS (
    SELECT DISTINCT ON (dataset_id) dataset_id, push_id, kind, coalesce(outcome, 'open') AS outcome, code,
        version, received, accepted, refused, written, opened_at AS at
    FROM push WHERE vendor = %(vendor)s AND split_part(dataset_id, '.', 1) = %(school)s
        AND dataset_id LIKE %(like)s
    ORDER BY dataset_id, opened_at DESC, push_id
), came AS (
    SELECT DISTINCT ON (dataset_id) dataset_id, push_id, received_at
    FROM gateway_push WHERE vendor = %(vendor)s AND school = %(school)s
    ORDER BY dataset_id, received_at DESC, push_id
), named AS (
    SELECT dataset_id FROM dataset WHERE school = %(school)s
    UNION SELECT dataset_id FROM confirmation WHERE school = %(school)s
    UNION SELECT dataset_id FROM own UNION SELECT dataset_id FROM came
)
SELECT n.dataset_id, coalesce(d.version, 0) AS version, v.digest, v.checked_at, v.loaded_at, v.records,
    v.blocking, v.warnings, c.state, c.version AS version_in_hand, c.held_version,
    c.window_opens, c.window_closes, c.late, c.locked,
    CASE WHEN g.push_id IS NULL OR o.at >= g.received_at THEN o.push_id ELSE g.push_id END AS push_id,
    CASE WHEN g.push_id IS NULL OR o.at >= g.received_at OR o.push_id = g.push_id THEN to_jsonb(o) END AS push
FROM named n LEFT JOIN dataset d USING (dataset_id)
    LEFT JOIN version v ON v.dataset_id = d.dataset_id AND v.version = d.version
    LEFT JOIN confirmation c ON c.dataset_id = n.dataset_id
    LEFT JOIN own o ON o.dataset_id = n.dataset_id LEFT JOIN came g ON g.dataset_id = n.dataset_id
ORDER BY n.dataset_id
"""


def of_school(conn: connection, school: str, vendor: str) -> list[dict[str, Any]]:
    """One row a dataset. ``push`` is what load knows of the vendor's last one, None where it has seen nothing
    of it; no other vendor's is named."""
    like = school.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + ".%"
    return rows(conn, _OF_SCHOOL, {"school": school, "vendor": vendor, "like": like})
