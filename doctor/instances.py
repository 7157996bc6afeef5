"""Do all machines divide the same work by the same number? Each process tells where it takes its turn."""

from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import Final

from deploy.processes import TABLE, Sharing
from doctor.section import Finding, of
from readings.database import rows
from runtime import postgres, turns
from runtime.settings import Settings
from schemas.errors import Problem

OTHER_NUMBER: Final = "SYS-013"

_TURNS: Final = """
SELECT DISTINCT application_name AS name FROM pg_stat_activity
WHERE datname = current_database() AND application_name LIKE 'csdl-turn %'
"""


def section(settings: Settings) -> Iterable[Finding]:
    """Whoever has its turn at the database runs by the number that these settings say."""
    with closing(postgres.connect(settings, "csdl doctor")) as conn:
        return of(differing(settings, [str(row["name"]) for row in rows(conn, _TURNS)]))


def differing(settings: Settings, sessions: Iterable[str]) -> Iterator[Problem]:
    """SYS-013 for each process that works elsewhere as one of another number. Pure. Of those that share
    partitions alone: others take what is free."""
    shared = {declared.name for declared in TABLE if declared.sharing is Sharing.PARTITIONS}
    for name, number in sorted({found for session in sessions if (found := turns.told(session))}):
        ours = settings.instances.get(name, 1)
        if name in shared and number != ours:
            yield Problem(OTHER_NUMBER, params={"name": name, "found": number, "ours": ours})
