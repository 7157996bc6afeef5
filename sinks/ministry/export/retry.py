"""Trying an export again that was withheld: somebody's act, so a write."""

from typing import Final

from psycopg2.extensions import connection

from schemas.errors import Problem, ProblemList

UNKNOWN: Final = "EXP-002"
NOT_WITHHELD: Final = "EXP-003"


def retry(conn: connection, export_id: str) -> None:
    """Let the exporter look at a withheld export once more.

    Raises ProblemList: EXP-002 unknown, EXP-003 not withheld.
    """
    with conn, conn.cursor() as cur:
        cur.execute("SELECT state FROM ministry_export WHERE export_id = %s FOR UPDATE", (export_id,))
        row = cur.fetchone()
        if row is None:
            raise ProblemList([Problem(UNKNOWN, params={"export": export_id})])
        (state,) = row
        if state != "mismatch":
            raise ProblemList([Problem(NOT_WITHHELD, params={"export": export_id, "state": state})])
        cur.execute(
            "UPDATE ministry_export SET state = 'opened', code = '', digest_found = '', attempts = 0 "
            "WHERE export_id = %s",
            (export_id,),
        )
