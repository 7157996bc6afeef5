"""Looking at exports, and trying one again that was withheld."""

from dataclasses import dataclass
from typing import Final

from psycopg2.extensions import connection

from schemas.errors import Problem, ProblemList

UNKNOWN: Final = "EXP-002"
NOT_WITHHELD: Final = "EXP-003"


@dataclass(frozen=True)
class Export:
    """One line of the list. ``records`` is 0 until the export is packed."""

    export_id: str
    dataset_id: str
    version: int
    state: str
    code: str
    records: int
    accepted: int
    refused: int


def listed(conn: connection, state: str | None = None) -> list[Export]:
    """Exports in the order of their forwarding, of one state or of all."""
    with conn, conn.cursor() as cur:
        cur.execute(
            "SELECT export_id, dataset_id, version, state, code, "
            "(SELECT coalesce(sum(value::int), 0)::int FROM jsonb_each_text(records)), accepted, refused "
            "FROM ministry_export WHERE %(state)s::text IS NULL OR state = %(state)s "
            "ORDER BY opened_at, export_id",
            {"state": state},
        )
        return [Export(*row) for row in cur.fetchall()]


def retry(conn: connection, export_id: str) -> None:
    """Let the exporter look at a withheld export once more.

    Raises ProblemList: EXP-002 unknown, EXP-003 not withheld.
    """
    with conn, conn.cursor() as cur:
        cur.execute("SELECT state FROM ministry_export WHERE export_id = %s FOR UPDATE", (export_id,))
        row = cur.fetchone()
        if row is None:
            raise ProblemList([Problem(UNKNOWN, params={"export": export_id})])
        if row[0] != "mismatch":
            raise ProblemList([Problem(NOT_WITHHELD, params={"export": export_id, "state": row[0]})])
        cur.execute(
            "UPDATE ministry_export SET state = 'opened', code = '', digest_found = '' WHERE export_id = %s",
            (export_id,),
        )
