"""The records of one type that several complete pushes bring, as one long frame. Pure.

Rows stand in the order of push, chunk number and row: within a push, the order that decides which of two rows
for one record counts.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from sinks.postgres.copying import Records
from sinks.provincial.load import messages
from sinks.provincial.load.messages import Part, Tombstones
from sinks.provincial.load.push_store import RefusedRecord
from sinks.provincial.load.pushes import Arrived, Push, whole_types


@dataclass(frozen=True)
class Complete:
    """A push to apply and its chunks by number; ``version`` is the one that its rows begin with."""

    push: Push
    chunks: Sequence[Part]
    version: int
    tombstones: Sequence[Tombstones] = ()

    def whole(self) -> frozenset[str]:
        """Types of which it is the whole list."""
        return whole_types(self.push, (c.record_type for c in self.chunks if messages.received(c)))

    def client_ids_refused(self, record_type: str) -> set[str]:
        """The vendor's own ids of the records that validation or the adapter refused."""
        chunks = (c for c in self.chunks if c.record_type == record_type)
        return {r["ClientId"] for c in chunks for r in c.header["Refused"]} - {""}


@dataclass(frozen=True)
class PushedRecords:
    """``records`` in the contract's columns; ``place`` row by row beside them.

    ``place``: ``_row`` (position), ``_push`` (index in ``pushes``), ``_part`` (index in ``parts``),
    ``_dataset``, ``Vendor``, ``_source_row``.
    """

    record_type: str
    pushes: Sequence[Complete]
    parts: Sequence[Part]
    records: Records
    place: pl.DataFrame

    def refusal(self, row: int, rule: str, fields: Sequence[str]) -> tuple[int, RefusedRecord]:
        """(index of the push, what is said of the record at this position)."""
        place = self.place.row(row, named=True)
        header, frame = self.parts[place["_part"]].header, self.records.frame
        client_id = frame["ClientId"][row] if "ClientId" in frame.columns else ""
        return place["_push"], RefusedRecord(
            self.pushes[place["_push"]].push.key,
            self.record_type,
            header["Chunk"],
            header["Source"],
            header["Sheet"],
            place["_source_row"],
            client_id or "",
            rule,
            fields,
        )


def brought(chunks: Iterable[Part | Tombstones]) -> Arrived:
    """What the chunks of a push brought."""
    records: Counter[str] = Counter()
    removed: Counter[str] = Counter()
    accepted: Counter[str] = Counter()
    removals_accepted = 0
    for chunk in chunks:
        if isinstance(chunk, Part):
            records[chunk.record_type] += messages.received(chunk)
            accepted[chunk.record_type] += messages.accepted(chunk)
        else:
            removed[chunk.record_type] += messages.received(chunk)
            removals_accepted += messages.accepted(chunk)
    return Arrived(records, accepted, removed, removals_accepted)


def pushed_records(record_type: str, pushes: Sequence[Complete]) -> PushedRecords | None:
    """None if the pushes bring no record of the type."""
    parts = [
        (i, c)
        for i, p in enumerate(pushes)
        for c in p.chunks
        if c.record_type == record_type and c.records.frame.height
    ]
    if not parts:
        return None
    of_part = pl.DataFrame(
        {
            "_push": [i for i, _ in parts],
            "_part": range(len(parts)),
            "_dataset": [pushes[i].push.key.dataset_id for i, _ in parts],
            "Vendor": [pushes[i].push.key.vendor for i, _ in parts],
        },
        schema={"_push": pl.UInt32, "_part": pl.UInt32, "_dataset": pl.String, "Vendor": pl.String},
    )
    part = [n for n, (_, c) in enumerate(parts) for _ in range(c.records.frame.height)]
    source_rows = [row for _, c in parts for row in c.header["Rows"]]
    place = of_part[pl.Series(part, dtype=pl.UInt32)].with_columns(
        pl.Series("_source_row", source_rows, dtype=pl.Int32)
    )
    records = Records.concat([c.records for _, c in parts])
    return PushedRecords(record_type, pushes, [c for _, c in parts], records, place.with_row_index("_row"))
