"""Does each standby of PostgreSQL follow? By the slots that the role made for them: everybody may ask."""

from contextlib import closing
from dataclasses import dataclass
from typing import Final

from psycopg2.extensions import connection

from runtime import postgres
from runtime.settings import Settings
from schemas.errors import Problem

AWAY: Final = "SYS-021"
LOST: Final = "SYS-022"

BEHIND: Final = 256 * 2**20
"""So many bytes of the server's log a standby may lack before it is told: seconds of a full load."""

_SLOTS: Final = r"""
    SELECT slot_name, active, coalesce(wal_status = 'lost', false),
        coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn), 0)::bigint
    FROM pg_replication_slots
    WHERE slot_type = 'physical' AND NOT temporary AND slot_name LIKE 'csdl\_%'
    ORDER BY slot_name
"""


@dataclass(frozen=True)
class Standby:
    """``lost``: the server no longer has what it lacks. ``behind``: bytes of the server's log."""

    name: str
    follows: bool
    lost: bool
    behind: int

    @property
    def fine(self) -> bool:
        """Whether it would take over with hardly anything missing."""
        return self.follows and not self.lost and self.behind < BEHIND


def look(conn: connection) -> list[Standby]:
    """Every one that should be there; none where there is none."""
    with conn, conn.cursor() as cur:
        cur.execute(_SLOTS)
        return [Standby(*row) for row in cur.fetchall()]


def problems(settings: Settings) -> list[Problem]:
    """SYS-021 of each that is away or behind, SYS-022 of one that must be copied anew."""
    with closing(postgres.connect(settings, "csdl doctor")) as conn:
        found = look(conn)
    return [
        Problem(LOST if each.lost else AWAY, params={"name": each.name, "megabytes": each.behind // 2**20})
        for each in found
        if not each.fine
    ]
