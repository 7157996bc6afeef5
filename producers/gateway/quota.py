"""How many records may be pushed for a school in a minute: one counter a grant, in PostgreSQL.

The counter belongs to the grant (vendor and school), not to a key: neither a rotated key nor a second gateway
nor one that was started again has a minute of its own. Time is the database's. A minute begins with the first
push that is counted after the last one was over, so within it never more than the quota is taken.

A push costs its records, a dry run too: it is read and judged all the same. What came to nothing costs by its
size (``unread``), or sending rubbish would be free.
"""

from dataclasses import dataclass
from math import ceil
from typing import Final

from psycopg2.extensions import cursor

from schemas.errors import Problem, ProblemList

USED_UP: Final = "GATE-020"
TOO_FEW_LEFT: Final = "GATE-021"
NEVER_FITS: Final = "GATE-022"

WINDOW_S: Final = 60

BYTES_A_RECORD: Final = 8 * 1024
"""A body of which nothing is counted costs a record for so many bytes: twice what one takes in a packet."""


@dataclass(frozen=True)
class Standing:
    """What is left of a grant's minute: records, and seconds until the next begins."""

    limit: int
    left: int
    reset_s: int = WINDOW_S

    def headers(self) -> dict[str, str]:
        """As of draft-ietf-httpapi-ratelimit-headers-10. Its registry has no unit for what we count: ours is
        said by its own name, which a client that does not know it passes over."""
        return {
            "RateLimit-Policy": f'"records";q={self.limit};w={WINDOW_S};qu="records"',
            "RateLimit": f'"records";r={self.left};t={self.reset_s}',
        }

    def refused(self, records: int = 0) -> ProblemList:
        """That too little is left: for so many records, or for any."""
        code = TOO_FEW_LEFT if records else USED_UP
        params = {"limit": self.limit, "left": self.left, "records": records, "retry_after": self.reset_s}
        return ProblemList([Problem(code, params=params)])


@dataclass(frozen=True)
class Quota:
    """Of one grant: ``limit`` records a minute."""

    vendor: str
    school: str
    limit: int

    def standing(self, cur: cursor) -> Standing:
        """What is left now; nothing is taken. Raises psycopg2.Error."""
        cur.execute(_LOOK, (self.vendor, self.school))
        row = cur.fetchone()
        return Standing(self.limit, self.limit) if row is None else self._standing(*row)

    def take(self, cur: cursor, records: int) -> Standing:
        """Take the records of a push, all or none, in the caller's transaction: what that undoes was not
        taken. Raises ProblemList: GATE-021 if too few are left, GATE-022 if there are never so many;
        psycopg2.Error."""
        if records > self.limit:
            raise ProblemList([Problem(NEVER_FITS, params={"limit": self.limit, "records": records})])
        cost = max(records, 1)
        taken, found = self._take(cur, cost, cost)
        if not taken:
            raise found.refused(cost)
        return found

    def charge(self, cur: cursor, size: int) -> Standing:
        """Take what a request of so many bytes costs that came to nothing, at most what is left.
        Raises psycopg2.Error."""
        return self._take(cur, unread(size), 0)[1]

    def _take(self, cur: cursor, cost: int, least: int) -> tuple[bool, Standing]:
        names = ("vendor", "school", "limit", "cost", "least")
        values = (self.vendor, self.school, self.limit, min(cost, self.limit), least)
        cur.execute(_TAKE, dict(zip(names, values, strict=True)))
        taken, *row = cur.fetchone()
        return taken, self._standing(*row)

    def _standing(self, used: int, left_s: float) -> Standing:
        if left_s <= 0 or left_s > WINDOW_S:
            return Standing(self.limit, self.limit)
        return Standing(self.limit, max(self.limit - used, 0), ceil(left_s))


def unread(size: int) -> int:
    """What a body of so many bytes costs of which no record was counted."""
    return 1 + size // BYTES_A_RECORD


_LEFT: Final = f"extract(epoch FROM since - clock_timestamp())::float8 + {WINDOW_S}"

_LOOK: Final = f"SELECT used, {_LEFT} FROM gateway_quota WHERE vendor = %s AND school = %s"

_TAKE: Final = f"""
INSERT INTO gateway_quota AS q (vendor, school, since, used, taken)
VALUES (%(vendor)s, %(school)s, clock_timestamp(), %(cost)s, true)
ON CONFLICT (vendor, school) DO UPDATE SET (since, used, taken) = (
    SELECT
        CASE WHEN over THEN now ELSE q.since END,
        CASE
            WHEN over THEN %(cost)s
            WHEN left_over >= %(least)s THEN q.used + least(%(cost)s, greatest(left_over, 0))
            ELSE q.used
        END,
        over OR left_over >= %(least)s
    FROM (
        SELECT now, now - q.since NOT BETWEEN interval '0' AND interval '{WINDOW_S} s' AS over,
            %(limit)s - q.used AS left_over
        FROM (SELECT clock_timestamp() AS now) AS at
    ) AS found
)
RETURNING taken, used, {_LEFT}
"""
"""One statement, which waits for whoever takes of the same row: two see it one after the other. ``least``: so
many must be left. A clock that was set back begins a minute, too: nobody waits for yesterday to come again.
A row's ``taken`` is what the last request was told: an update that leaves the row alone would give nothing
back to look at."""
