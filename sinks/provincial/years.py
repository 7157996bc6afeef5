"""School years in the tables: which there are, which were closed, and what a year holds, as one hash."""

import hashlib
from typing import Any, Final

from psycopg2.extensions import cursor

from schemas.datasets import split

CLOSED: Final = "SELECT school_year FROM school_year_closed"

_HELD: Final = """
SELECT v.dataset_id, v.version::text, v.digest FROM version v JOIN dataset d USING (dataset_id)
WHERE coalesce(v.digest, '') <> '' AND (%(year)s::int IS NULL OR d.school_year = %(year)s)
UNION ALL
SELECT dataset_id, export_id, accepted || '/' || refused FROM ministry_export
WHERE state = 'answered' AND (%(year)s::int IS NULL OR school_year = %(year)s)
"""


def closed(cur: cursor) -> set[int]:
    """Years whose records are gone from here, or going."""
    cur.execute(CLOSED)
    return {year for (year,) in cur.fetchall()}


def held(cur: cursor, year: int | None = None) -> dict[int, str]:
    """Year (all, or this one) → hash over every version's digest and every answered export: equal where two
    databases hold the same of it."""
    cur.execute(_HELD, {"year": year})
    hashes: dict[int, Any] = {}
    for line in sorted(cur.fetchall()):
        of = split(line[0])[1]
        hashes.setdefault(of, hashlib.sha256()).update(("\t".join(line) + "\n").encode())
    return {of: found.hexdigest() for of, found in sorted(hashes.items())}
