"""What went to the Ministry, and what became of it."""

from dataclasses import dataclass
from typing import Final

from psycopg2.extensions import connection

from readings.database import rows

HELD_UP: Final = ("opened", "mismatch")
"""States of one that has not gone out. With a code it does not for that reason: opened, it waits for load and
check; else for somebody."""


@dataclass(frozen=True)
class Export:
    """One line of the list. ``records`` is 0 until the export is packed.

    ``sequence`` is the place of its forwarding in the dataset's chain, -1 if not known.
    """

    export_id: str
    dataset_id: str
    version: int
    sequence: int
    state: str
    code: str
    records: int
    accepted: int
    refused: int


_LISTED = """
SELECT export_id, dataset_id, version, sequence, state, code, accepted, refused,
       (SELECT coalesce(sum(value::int), 0)::int FROM jsonb_each_text(records)) AS records
FROM ministry_export WHERE %(state)s::text IS NULL OR state = %(state)s
ORDER BY opened_at, export_id
"""


def listed(conn: connection, state: str | None = None) -> list[Export]:
    """Exports in the order of their forwarding, of one state or of all."""
    return [Export(**row) for row in rows(conn, _LISTED, {"state": state})]
