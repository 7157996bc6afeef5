"""What was wrong with a push, page by page: its refused records and removals, then what the check found in
the version that it made or found unchanged, then what the Ministry refused of that."""

from typing import Any, Final

from psycopg2.extensions import connection

from readings import own_ids
from readings.database import rows
from readings.followed import Followed

_ALL: Final = """
SELECT 0 AS part, 'refused' AS verdict, removal, record_type, chunk, source, sheet, source_row AS row,
    client_id, rule, fields, '' AS identity
FROM record_refused WHERE (vendor, push_id, dataset_id) = (%(vendor)s, %(push_id)s, %(dataset_id)s)
UNION ALL
SELECT 1, CASE severity WHEN 'block' THEN 'blocking' ELSE 'warning' END, false, record_type, 0, '', '', 0, '',
    rule, fields, identity
FROM finding WHERE dataset_id = %(dataset_id)s AND since_version <= %(checked)s
    AND (until_version IS NULL OR until_version > %(checked)s)
UNION ALL
SELECT 1, 'warning', false, record_type, 0, '', '', 0, '', 'VER-001', '{}', identity
FROM absence WHERE dataset_id = %(dataset_id)s AND since_version <= %(checked)s
    AND (until_version IS NULL OR until_version > %(checked)s)
UNION ALL
SELECT 2, 'ministry', false, record_type, 0, '', '', 0, '', code, '{}', identity
FROM ministry_receipt JOIN ministry_export_record USING (export_id, record_id)
WHERE export_id = %(export)s AND code <> '000-000'
"""

_PAGE: Final = f"""
SELECT * FROM ({_ALL}) AS said
ORDER BY part, record_type, source, sheet, row, chunk, client_id, rule, identity, fields
OFFSET %(after)s LIMIT %(limit)s
"""

_BY_RULE: Final = f"""
SELECT verdict, rule, record_type, count(*) AS lines,
    count(DISTINCT (chunk, row, client_id, identity)) AS records
FROM ({_ALL}) AS said GROUP BY part, verdict, rule, record_type
ORDER BY part, verdict, lines DESC, rule, record_type
"""


def page(conn: connection, one: Followed, after: int, limit: int) -> list[dict[str, Any]]:
    """At most ``limit`` of them behind the first ``after``, in an order that later ones only lengthen.

    A finding has the ``client_id`` by which the push's vendor knows the record, if this vendor brought it.
    """
    found = rows(conn, _PAGE, {**_key(one), "after": after, "limit": limit})
    own_ids.tell(found, own_ids.of_push(conn, one.push))
    return found


def by_rule(conn: connection, one: Followed) -> list[dict[str, Any]]:
    """Verdict, rule and record type: ``lines`` in all pages, of so many distinct ``records``."""
    return rows(conn, _BY_RULE, _key(one))


def _key(one: Followed) -> dict[str, Any]:
    """Nothing of a version that was not checked, nor of an answer that is not this version's."""
    named = {name: one.push[name] for name in ("vendor", "push_id", "dataset_id")}
    answered = one.exports[-1]["export_id"] if one.exports else ""
    return {**named, "checked": one.checked, "export": answered}
