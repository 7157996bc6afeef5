"""Messages that the database has for Kafka and that their topics do not take."""

from dataclasses import dataclass
from datetime import datetime

from psycopg2.extensions import connection

from readings.database import rows


@dataclass(frozen=True)
class SetAside:
    """So many messages of one topic, for one reason, the oldest written at ``since``."""

    topic: str
    code: str
    count: int
    since: datetime


_SET_ASIDE = """
SELECT topic, code, count(*) AS count, min(created_at) AS since FROM outbox WHERE code <> ''
GROUP BY topic, code ORDER BY topic, code
"""


def set_aside(conn: connection) -> list[SetAside]:
    """What stays in the table while the rest goes on, by topic and code."""
    return [SetAside(**row) for row in rows(conn, _SET_ASIDE)]
