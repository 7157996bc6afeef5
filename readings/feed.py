"""What became of pushes, as a vendor reads it: one school's events in the order in which they were told.

One snapshot answers: where the feed ends, whether the reader's place is still in it, and what follows. Ids
are committed in their order (``sinks.feed.store``), so nothing appears later before the end that was seen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from psycopg2.extensions import connection, cursor

MOST_PUSHES: Final = 100


@dataclass(frozen=True)
class Place:
    """Where a reader stands: after the event ``id``. ``chain`` seals that event and all before it."""

    id: int = 0
    chain: bytes = b""


@dataclass(frozen=True)
class Ends:
    """The feed's last event, and the last that was let go of as too old."""

    head: Place
    pruned: Place


@dataclass(frozen=True)
class Page:
    """``next`` stands behind all events that were looked at, also those of others. ``more``: at least one of
    the reader's own follows."""

    events: Sequence[Mapping[str, Any]]
    next: Place
    more: bool


@dataclass(frozen=True)
class Gone:
    """The reader's place is not in this feed. ``pruned``: it was, and what followed is not kept any more;
    else the feed is another one than was read, as after an older copy was restored.

    ``kept_since``: Kafka's time of the oldest of the reader's events that is there. ``pushes``: ids of its
    pushes of which the reader may have missed something, newest first, at most ``MOST_PUSHES`` and one more.
    """

    pruned: bool
    kept_since: datetime | None
    pushes: Sequence[str]


@dataclass(frozen=True)
class KeptAside:
    """Acts that are not told, of versions that may come or that are lost: how many, since when, one of the
    datasets."""

    lost: bool
    count: int
    since: datetime
    dataset_id: str


_ENDS = "SELECT head, chain, pruned, pruned_chain FROM push_feed"

_PAGE: Final = """
SELECT id, event_id, kind, push_id, dataset_id, school, version, at, said, chain FROM push_event
WHERE vendor = %(vendor)s AND school = %(school)s AND id > %(after)s AND id <= %(head)s
ORDER BY id LIMIT %(limit)s
"""

_MISSED: Final = """
SELECT push_id FROM push
WHERE vendor = %(vendor)s AND starts_with(dataset_id, %(school)s || '.')
ORDER BY opened_at DESC, push_id LIMIT %(limit)s
"""


def page(conn: connection, vendor: str, school: str, after: Place | None, limit: int) -> Page | Gone:
    """The reader's next events, at most so many; from the oldest that is kept if it stands nowhere."""
    with conn, conn.cursor() as cur:
        ends = _ends(cur)
        place = after or ends.pruned
        if not is_in_it(place, ends, _chain(cur, place, ends)):
            return _gone(cur, vendor, school, place, ends)
        asked = {"vendor": vendor, "school": school, "after": place.id, "head": ends.head.id}
        found = _rows(cur, _PAGE, asked | {"limit": limit + 1})
    events, more = found[:limit], len(found) > limit
    last = Place(events[-1]["id"], bytes(events[-1]["chain"])) if more else ends.head
    return Page(events, last, more)


def newest(conn: connection) -> Place:
    """The feed's end."""
    with conn, conn.cursor() as cur:
        return _ends(cur).head


def kept_aside(conn: connection) -> list[KeptAside]:
    """What the feed does not tell, since nobody can say whose push it concerns."""
    with conn, conn.cursor() as cur:
        found = _rows(
            cur,
            "SELECT lost, count(*) AS count, min(at) AS since, min(dataset_id) AS dataset_id "
            "FROM push_event_waiting GROUP BY lost ORDER BY lost",
            {},
        )
    return [KeptAside(**row) for row in found]


def is_in_it(place: Place, ends: Ends, chain: bytes | None) -> bool:
    """Whether all that a reader has seen at its place is the beginning of this feed, and all that follows is
    kept. ``chain``: of the event of that id, None if there is none."""
    if place.id == ends.pruned.id:
        return place.chain == ends.pruned.chain
    return ends.pruned.id < place.id <= ends.head.id and place.chain == chain


def _ends(cur: cursor) -> Ends:
    """First in its transaction: all that follows sees the same moment."""
    cur.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
    [row] = _rows(cur, _ENDS, {})
    return Ends(Place(row["head"], bytes(row["chain"])), Place(row["pruned"], bytes(row["pruned_chain"])))


def _chain(cur: cursor, place: Place, ends: Ends) -> bytes | None:
    if place.id == ends.head.id:
        return ends.head.chain
    found = _rows(cur, "SELECT chain FROM push_event WHERE id = %(id)s", {"id": place.id})
    return bytes(found[0]["chain"]) if found else None


def _gone(cur: cursor, vendor: str, school: str, place: Place, ends: Ends) -> Gone:
    asked = {"vendor": vendor, "school": school, "after": ends.pruned.id, "head": ends.head.id}
    oldest = _rows(cur, _PAGE, asked | {"limit": 1})
    pushes = _rows(cur, _MISSED, {"vendor": vendor, "school": school, "limit": MOST_PUSHES + 1})
    kept_since = oldest[0]["at"] if oldest else None
    return Gone(place.id < ends.pruned.id, kept_since, [row["push_id"] for row in pushes])


def _rows(cur: cursor, statement: str, asked: Mapping[str, Any]) -> list[dict[str, Any]]:
    cur.execute(statement, asked)
    names = [column[0] for column in cur.description]
    return [dict(zip(names, row, strict=True)) for row in cur.fetchall()]
