"""`csdl run credentials`: Kafka's users and rights of vendors' credentials, as table and grants have it.

It looks twice a second and compares with Kafka itself whenever something has changed, at every start and
every minute besides: what a crash left half done, or somebody changed by hand, is mended by the same
comparison. A grant that was taken back ends its credentials for good: another grant revives none of them.
Nor does a database that is restored from an older copy: what bounds a credential stands in Kafka besides
(``limits``).
"""

import logging
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from psycopg2.extensions import connection, cursor

from access import audit
from access.audit import AuditEvent, Kind
from access.credentials import broker, kafka_users, keyring, limits, limits_table, standing, store
from access.credentials.kafka_users import Wanted
from access.credentials.limits import Limits
from access.credentials.limits_topic import LimitsTopic
from runtime import kafka, metrics, postgres
from runtime.accounts import key_user
from runtime.process import Process
from schemas.errors import Problem
from streams.grants.machine import MACHINE
from streams.machines.state_cache import StateCache

log = logging.getLogger("csdl")

NAME: Final = "credentials"
LOST: Final = "KEY-024"
LOOK_S: Final = 0.5
"""Between two looks: a revocation is in force everywhere within two seconds."""
COMPARE_S: Final = 60.0
"""Between two comparisons with Kafka while nothing has changed."""
ACTS: Final[Mapping[str, str]] = {
    "revoked_at": "revoke",
    "ends_at": "end",
    "expires_at": "expire",
    "addresses": "narrow",
    "deactivated_at": "deactivate",
    "reactivated_at": "reactivate",
    "linked_at": "link",
}
"""What was lost of a credential → the act that brings it back, as it stands on record."""


class Credentials(Process):
    """The only one that makes and ends Kafka users of credentials."""

    name = NAME

    def open(self) -> None:
        """Read the grants, then compare at once."""
        self._keys = keyring.of(self.settings)
        self._conn: connection = self.closes(postgres.connect(self.settings, f"csdl-{NAME}"))
        self._record: connection = self.closes(postgres.connect(self.settings, f"csdl-{NAME}"))
        self._admin = self.closes(kafka.admin(self.settings))
        self._granted = StateCache(MACHINE, self.settings)
        self.closes(self._granted, lambda cache: cache.stop())
        self._granted.start()
        self._granted.catch_up()
        self._limits = self.closes(LimitsTopic(self.settings))
        self._mark: tuple[object, ...] = ()
        self._brought: Wanted | None = None
        self._compared = 0.0
        self._lost: frozenset[str] = frozenset()

    def step(self) -> None:
        """A short wait, a look."""
        if not self.stopping.wait(LOOK_S):
            self.look()

    def look(self) -> None:
        """End what a grant's end has ended; bring Kafka there if anything is due."""
        with self._conn, self._conn.cursor() as cur:
            self._end_with_their_grants(cur)
            self._limit_again(cur)
            found, sealed = store.at_kafka(cur)
            wanted = kafka_users.wanted(found, self._grant, store.now(cur))
        due = sealed or wanted != self._brought or time.monotonic() - self._compared > COMPARE_S
        if not due:
            return
        passwords = self._unsealed(sealed)
        there = broker.bring(self._admin, wanted, passwords, self.settings.vendor_bytes_per_s)
        with self._conn, self._conn.cursor() as cur:
            store.placed(cur, [number for number, handle, _ in sealed if key_user(handle) in passwords])
        self._brought, self._compared = wanted, time.monotonic()
        self._tell(wanted, there)

    def _grant(self, vendor: str, school: str) -> str:
        return standing.fault(self._granted.get, vendor, school)

    def _end_with_their_grants(self, cur: cursor) -> None:
        """On record first."""
        for vendor, school in store.grants(cur):
            if standing.ended(self._granted.get, vendor, school):
                ended = store.end_all(cur, vendor, school)
                events = [
                    AuditEvent(Kind.KEY, NAME, role="system", act="revoke", subject=one.subject)
                    for one in ended
                ]
                audit.record(self._record, events)

    def _limit_again(self, cur: cursor) -> None:
        """What an older copy of the table allows again; what Kafka does not know yet is kept there."""
        mark = limits_table.mark(cur)
        if mark == self._mark:
            return
        now = store.now(cur)
        rows = {one.handle: one for one in limits_table.limits(cur)}
        for handle, known in self._limits.known.items():
            if handle in rows and limits.behind(rows[handle], known, now):
                self._mend(cur, known, now)
        self._limits.keep(limits.unknown(limits_table.limits(cur), self._limits.known))
        self._mark = mark  # of before: what came since, while Kafka took these, is looked at next

    def _mend(self, cur: cursor, known: Limits, now: datetime) -> None:
        """On record first."""
        if mended := limits_table.mend(cur, known, now):
            one, changes = mended
            events = [
                AuditEvent(Kind.KEY, NAME, role="system", act=act, subject=one.subject)
                for column, act in ACTS.items()
                if column in changes
            ]
            audit.record(self._record, events)

    def _unsealed(self, sealed: Sequence[tuple[int, str, bytes]]) -> dict[str, str]:
        """User → password, of those that Kafka may not have yet."""
        found = {key_user(handle): self._keys.unseal(text, key_user(handle)) for _, handle, text in sealed}
        return {user: password for user, password in found.items() if password is not None}

    def _tell(self, wanted: Wanted, there: set[str]) -> None:
        """A user whom Kafka has lost cannot be made again: its password is nowhere. Said once."""
        writes = {one.user for one in wanted.writes}
        lost = frozenset(wanted.users - there)
        for outcome, users in (("writes", writes & there), ("stopped", there - writes), ("lost", lost)):
            metrics.KAFKA_KEYS.labels(outcome).set(len(users))
        for user in sorted(lost - self._lost):
            log.error("%s", Problem(LOST, params={"user": user}))
        self._lost = lost
