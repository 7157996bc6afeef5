"""What Kafka and the signed checkpoints know that an older PostgreSQL does not: told when it was lost alone.

Pushes, acts and exports it reads again by itself. Accounts and keys are in its tables only; but accounts that
acted stand in events, each key's limits in a topic of their own, and how many acts of people were recorded is
signed.
"""

import re
from collections.abc import Iterator
from typing import Final

from psycopg2.extensions import connection, cursor

from access.credentials.limits_topic import LimitsTopic
from backup.cut import MACHINES
from backup.lost import ACTED, CREDENTIAL, RECORDED, Thing
from runtime import kafka
from runtime.settings import Settings
from sinks.checkpoints import acts, audit
from sinks.checkpoints.writer import began
from streams.machines import topic_log

ACCOUNT: Final = re.compile(r"A([1-9]\d*)")
"""As an account stands in events: by its number."""


def unknown(settings: Settings, conn: connection) -> list[Thing]:
    """All of it. Raises KafkaError, ProblemList (AUD-), psycopg2.Error."""
    with conn, conn.cursor() as cur:
        found = [*_acted(settings, cur), *_keys(settings, cur), *_recorded(settings, cur)]
    return sorted(found)


def _acted(settings: Settings, cur: cursor) -> Iterator[Thing]:
    cur.execute("SELECT number FROM account")
    here = {number for (number,) in cur.fetchall()}
    units: dict[int, str] = {}
    for machine in MACHINES:
        for message in topic_log.read(settings, kafka.partitions(machine.events_topic)):
            record = topic_log.record(message, machine.event_contract) or {}
            if (said := ACCOUNT.fullmatch(record.get("Account") or "")) and int(said[1]) not in here:
                units[int(said[1])] = record.get("Unit") or ""
    for number, unit in units.items():
        yield Thing(ACTED, f"A{number}", 1, "", unit)


def _keys(settings: Settings, cur: cursor) -> Iterator[Thing]:
    cur.execute("SELECT handle FROM vendor_credential")
    here = {handle for (handle,) in cur.fetchall()}
    topic = LimitsTopic(settings)
    topic.close()
    for handle, limits in topic.known.items():
        if handle not in here and limits.revoked_at is None:
            yield Thing(CREDENTIAL, handle, 1, limits.vendor, limits.school)


def _recorded(settings: Settings, cur: cursor) -> Iterator[Thing]:
    """Acts on accounts, keys, findings: their chain as it was signed last, against the table."""
    if not began(settings):
        return
    row, _ = audit.read_row(settings, settings.checkpoints_dir)
    sealed = row.state.reached.get(acts.TABLE, {}).get(acts.SUBJECT)
    cur.execute(f"SELECT coalesce(max(number), 0) FROM {acts.TABLE}")
    (last,) = cur.fetchone()
    if sealed is not None and (count := sealed.next - 1 - last) > 0:
        yield Thing(RECORDED, str(last + 1), count, "", "")
