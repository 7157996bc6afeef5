"""A push from its receipt to the Ministry's answer: all that the database knows of it, at one moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from psycopg2.extensions import connection
from psycopg2.extras import RealDictCursor

Row = Mapping[str, Any]

_PUSH: Final = """
SELECT push_id, vendor, dataset_id, kind, coalesce(outcome, 'open') AS outcome, code, version,
    received, accepted, refused, late, written, by_type, absent, stayed, removals, removed, waiting, chunks,
    CASE WHEN outcome IS NULL THEN push_chunks_seen(vendor, push_id, dataset_id) END AS chunks_seen,
    first_seen, opened_at, sender_opened_at, closed_at AS sender_closed_at, decided_at
FROM push WHERE push_id = %(push)s AND (%(vendor)s::text IS NULL OR vendor = %(vendor)s)
    AND (%(school)s::text IS NULL OR split_part(dataset_id, '.', 1) = %(school)s)
ORDER BY dataset_id, vendor
"""

_DOOR: Final = """
SELECT push_id, vendor, dataset_id, kind, state, records, received_at, sent_at FROM gateway_push
WHERE push_id = %(push)s AND (%(vendor)s::text IS NULL OR vendor = %(vendor)s)
    AND (%(school)s::text IS NULL OR school = %(school)s)
"""

_UNSEEN: Final[Row] = {
    "outcome": "open",
    "code": "",
    **dict.fromkeys(("version", "received", "accepted", "refused", "late", "written", "chunks_seen"), 0),
    **{name: {} for name in ("by_type", "absent", "stayed", "removals", "removed", "waiting")},
    **dict.fromkeys(
        ("chunks", "first_seen", "opened_at", "sender_opened_at", "sender_closed_at", "decided_at")
    ),
}
"""A push that came by the gateway and that load has seen nothing of yet."""

_VERSIONS: Final = """
SELECT dataset_id, v.version, vendor, push_id, loaded_at, checked_at, digest, blocking, warnings, records,
    v.version = d.version AS newest
FROM version v JOIN dataset d USING (dataset_id)
WHERE dataset_id = ANY(%(datasets)s)
  AND (v.version = d.version OR (dataset_id, v.version) IN (
      SELECT * FROM unnest(%(datasets)s::text[], %(versions)s::int[])))
"""

_IN_HAND: Final = """
SELECT dataset_id, state, version, held_version, level, route, locked, late, window_opens, window_closes
FROM confirmation WHERE dataset_id = ANY(%(datasets)s)
"""

_ACTS: Final = """
SELECT dataset_id, sequence, event, state, level, at, role, version, digest, reason_code, reason_text
FROM confirmation_event e
WHERE (dataset_id, version) IN (SELECT * FROM unnest(%(datasets)s::text[], %(versions)s::int[]))
ORDER BY dataset_id, sequence
"""
"""Who acted is not read: no status says a person's name."""

_EXPORTS: Final = """
SELECT export_id, dataset_id, version, sequence, digest, state, code, accepted, refused, sent_at, answered_at,
    (SELECT coalesce(jsonb_object_agg(code, n), '{}') FROM (
        SELECT r.code, count(*) AS n FROM ministry_receipt r
        WHERE r.export_id = e.export_id AND r.code <> '000-000' GROUP BY r.code
    ) AS counted) AS refused_by_code
FROM ministry_export e
WHERE (dataset_id, version) IN (SELECT * FROM unnest(%(datasets)s::text[], %(versions)s::int[]))
ORDER BY opened_at, export_id
"""


@dataclass(frozen=True)
class Followed:
    """One push for one dataset.

    ``door``: what the gateway knows of it; None: it came by Kafka. ``version``: the one that the push made or
    found unchanged, ``newest`` the dataset's newest; None: none that is known. ``in_hand``: the dataset's
    confirmation. ``acts`` and ``exports`` are of ``version``, in their order.
    """

    push: Row
    door: Row | None
    version: Row | None
    newest: Row | None
    in_hand: Row | None
    acts: Sequence[Row]
    exports: Sequence[Row]

    @property
    def checked(self) -> int:
        """The push's version if the check has been, else 0."""
        done = self.version is not None and self.version["checked_at"] is not None
        return int(self.push["version"]) if done else 0


def of_push(
    conn: connection, push_id: str, vendor: str | None = None, school: str | None = None
) -> list[Followed]:
    """The push, one a dataset and vendor; those of one vendor, and for one school, where they are named.
    Empty: there is none. All of it is of one moment."""
    if "\x00" in push_id:
        return []
    with conn, conn.cursor(cursor_factory=RealDictCursor) as cur:
        cur.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        asked = {"push": push_id, "vendor": vendor, "school": school}
        cur.execute(_DOOR, asked)
        doors = {(d["vendor"], d["dataset_id"]): d for d in cur}
        cur.execute(_PUSH, asked)
        seen = {(p["vendor"], p["dataset_id"]): dict(p) for p in cur}
        pushes = [_unseen(d) for key, d in doors.items() if key not in seen] + list(seen.values())
        if not pushes:
            return []
        of = {"datasets": [p["dataset_id"] for p in pushes], "versions": [p["version"] for p in pushes]}
        found: dict[str, list[Row]] = {}
        for name, statement in _QUESTIONS.items():
            cur.execute(statement, of)
            found[name] = [dict(row) for row in cur]
    return [_followed(p, doors.get((p["vendor"], p["dataset_id"])), found) for p in pushes]


_QUESTIONS: Final = {"versions": _VERSIONS, "in_hand": _IN_HAND, "acts": _ACTS, "exports": _EXPORTS}


def _unseen(door: Row) -> Row:
    return {**_UNSEEN, **{name: door[name] for name in ("push_id", "vendor", "dataset_id", "kind")}}


def _followed(push: Row, door: Row | None, found: Mapping[str, Sequence[Row]]) -> Followed:
    own = {name: [r for r in some if r["dataset_id"] == push["dataset_id"]] for name, some in found.items()}
    version = next((v for v in own["versions"] if v["version"] == push["version"]), None)
    digest = version["digest"] if version else None
    # The same number may have stood for other records, in a database that was restored from a copy since.
    acts, exports = (
        [r for r in own[name] if r["version"] == push["version"] and digest and r["digest"] == digest]
        for name in ("acts", "exports")
    )
    return Followed(
        push,
        door,
        version,
        newest=next((v for v in own["versions"] if v["newest"]), None),
        in_hand=next(iter(own["in_hand"]), None),
        acts=acts,
        exports=exports,
    )
