"""All that was found in a push: what was refused of it, and what the check found in the version it became."""

from typing import Any

from psycopg2.extensions import connection

from readings import findings, own_ids, pushes
from readings.database import rows

Row = dict[str, Any]


def of_push(conn: connection, push_id: str) -> tuple[list[Row], list[Row], list[Row]]:
    """(the push, one row a dataset, with ``checked_at`` of its version; refused records; findings of it).

    A finding has ``client_id``, by which its vendor knows the record: nothing of a record that another vendor
    brought.
    """
    found, refused = pushes.one(conn, push_id)
    checked: list[Row] = []
    for push in found:
        push["checked_at"] = _checked_at(conn, push)
        if push["checked_at"] is not None:
            checked += _findings(conn, push)
    return found, refused, checked


def _checked_at(conn: connection, push: Row) -> Any:
    if not push["version"]:
        return None
    key = (push["dataset_id"], push["version"])
    said = rows(conn, "SELECT checked_at FROM version WHERE dataset_id = %s AND version = %s", key)
    return said[0]["checked_at"] if said else None


def _findings(conn: connection, push: Row) -> list[Row]:
    found = findings.of_version(conn, push["dataset_id"], push["version"])
    own_ids.tell(found, own_ids.of_push(conn, push))
    return found
