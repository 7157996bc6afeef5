"""Versions that wait for their check: which are taken together, and what load counted in them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from psycopg2.extensions import cursor

from schemas.contracts import contracts
from sinks.postgres import rows as by_name
from sinks.provincial.records.read import VersionId

BATCH: Final = 128
"""Versions at once …"""

MAX_RECORDS: Final = 15_000
"""… of so many records together, or one version alone: the rules run at full speed over some thousands, and
what is read is held at once."""


@dataclass(frozen=True)
class Unchecked:
    """A version to check: records by type as load counted them and as the push brought them, the types of
    which that was the whole list, refused records, and by type those that whole lists lacked."""

    dataset_id: str
    version: int
    records: Mapping[str, int]
    received: Mapping[str, int]
    whole: Sequence[str]
    refused: int
    absent: Mapping[str, int]

    @property
    def absences(self) -> int:
        """Records that whole lists lacked."""
        return sum(self.absent.values())

    def declared(self, refused: Mapping[tuple[str, str], int]) -> dict[tuple[str, str], int]:
        """(dataset, type) → records that a control total speaks of, without those that were refused.

        Of a whole list: what it brought. Else: what is held and not absent.
        """
        counts = {
            t: self.received.get(t, 0) - refused.get((self.dataset_id, t), 0)
            if t in self.whole
            else self.records.get(t, 0) - self.absent.get(t, 0)
            for t in contracts.record_types()
        }
        return {(self.dataset_id, t): n for t, n in counts.items()}


def take(cur: cursor, batch: int) -> list[Unchecked]:
    """Versions that nobody else is checking, the first loaded first; at most one a dataset."""
    # A dataset's versions are checked one after the other, so their commands keep their order.
    cur.execute(
        "SELECT v.dataset_id, v.version, v.records, v.received, v.whole, v.refused FROM version v "
        "WHERE v.checked_at IS NULL AND NOT EXISTS (SELECT FROM version o WHERE o.dataset_id = v.dataset_id "
        "AND o.version < v.version AND o.checked_at IS NULL) "
        "ORDER BY v.loaded_at LIMIT %s FOR UPDATE SKIP LOCKED",
        (batch,),
    )
    found = _bounded(by_name.fetch(cur))
    absent = _absent(cur, [(row["dataset_id"], row["version"]) for row in found])
    return [Unchecked(**row, absent=absent.get(row["dataset_id"], {})) for row in found]


def _bounded(found: Sequence[by_name.Row]) -> list[by_name.Row]:
    """The first of them, of so many records together; the others stay for the next batch."""
    total = 0
    taken: list[by_name.Row] = []
    for row in found:
        total += sum(row["records"].values())
        if taken and total > MAX_RECORDS:
            break
        taken.append(row)
    return taken


def _absent(cur: cursor, of: Sequence[VersionId]) -> dict[str, dict[str, int]]:
    """Dataset → type → records that the last whole list lacked, of these versions (one a dataset)."""
    cur.execute(
        "SELECT a.dataset_id, a.record_type, count(*) AS records "
        "FROM unnest(%s::text[], %s::int[]) AS w (dataset_id, version) JOIN absence a USING (dataset_id) "
        "WHERE a.since_version <= w.version AND coalesce(a.until_version > w.version, true) GROUP BY 1, 2",
        ([d for d, _ in of], [n for _, n in of]),
    )
    out: dict[str, dict[str, int]] = {}
    for row in by_name.fetch(cur):
        out.setdefault(row["dataset_id"], {})[row["record_type"]] = row["records"]
    return out


def refused(cur: cursor, of: Sequence[VersionId]) -> dict[tuple[str, str], int]:
    """(dataset, type) → records refused in the push that made the version; a refused removal is none."""
    cur.execute(
        "SELECT v.dataset_id, r.record_type, count(DISTINCT (r.chunk, r.source_row, r.client_id)) "
        "FROM unnest(%s::text[], %s::int[]) AS w (dataset_id, version) "
        "JOIN version v USING (dataset_id, version) "
        "JOIN record_refused r USING (vendor, push_id, dataset_id) WHERE NOT r.removal GROUP BY 1, 2",
        ([d for d, _ in of], [n for _, n in of]),
    )
    return {(dataset, record_type): n for dataset, record_type, n in cur.fetchall()}
