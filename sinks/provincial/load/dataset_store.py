"""Datasets and their versions in PostgreSQL, read and written set by set."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from psycopg2.extensions import cursor
from psycopg2.extras import Json

from schemas import datasets as dataset_ids
from schemas.left_to_do import Counts
from sinks.postgres import listening
from sinks.postgres import rows as by_name


@dataclass
class Dataset:
    """A dataset as it stands: newest version, when what was applied last was begun, records by type."""

    dataset_id: str
    version: int = 0
    opened_at: datetime | None = None
    records: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Version:
    """A version, and who made it: a vendor's push, or a removal by the school. ``whole``: types of which
    that was the whole list."""

    dataset_id: str
    version: int
    vendor: str
    push_id: str
    records: Mapping[str, int]
    received: Counts = field(default_factory=dict)
    removed: Counts = field(default_factory=dict)
    whole: Iterable[str] = ()
    written: int = 0
    refused: int = 0


def datasets(cur: cursor, ids: Iterable[str]) -> dict[str, Dataset]:
    """These datasets as they stand; one that is new begins at version 0."""
    wanted = sorted(set(ids))
    out = {d: Dataset(d) for d in wanted}
    cur.execute(
        "SELECT d.dataset_id, d.version, d.opened_at, coalesce(v.records, '{}') AS records FROM dataset d "
        "LEFT JOIN version v USING (dataset_id, version) WHERE d.dataset_id = ANY(%s)",
        (wanted,),
    )
    out.update((row["dataset_id"], Dataset(**row)) for row in by_name.fetch(cur))
    return out


def put_datasets(cur: cursor, some: Iterable[Dataset]) -> None:
    """Write these datasets as they stand, but for those to which nothing was ever applied."""
    rows = []
    for d in some:
        if d.opened_at is not None:
            school, year, period = dataset_ids.split(d.dataset_id)
            of = {"dataset_id": d.dataset_id, "school": school, "school_year": year, "period": period}
            rows.append(of | {"version": d.version, "opened_at": d.opened_at})
    by_name.insert(
        cur,
        "dataset",
        rows,
        "ON CONFLICT (dataset_id) DO UPDATE SET version = EXCLUDED.version, opened_at = EXCLUDED.opened_at",
    )


def put_versions(cur: cursor, some: Sequence[Version]) -> None:
    """Write new versions, unchecked. Their datasets must stand."""
    rows = [
        {
            "dataset_id": v.dataset_id,
            "version": v.version,
            "vendor": v.vendor,
            "push_id": v.push_id,
            "reference_day": dataset_ids.reference_day(*dataset_ids.split(v.dataset_id)[1:]),
            "records": Json(dict(v.records)),
            "received": Json(dict(v.received)),
            "removed": Json(dict(v.removed)),
            "whole": sorted(v.whole),
            "written": v.written,
            "refused": v.refused,
        }
        for v in some
    ]
    by_name.insert(cur, "version", rows)
    if rows:
        listening.tell(cur, listening.VERSIONS)
