"""An approved version as the messages that go to the Ministry. Pure: the same rows give the same bytes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid5

import polars as pl

from schemas.contracts import contracts
from schemas.contracts.chunks import MAX_RECORDS
from schemas.encoding import codec, columnar
from schemas.encoding.cutting import cuts, weights
from schemas.encoding.digest import RULE, row_hashes, version_digest
from sinks.ministry.export.forwarding import Forwarding
from sinks.provincial.records import read

Rows = Mapping[str, pl.DataFrame]
"""Record type → the version's rows, as sinks.provincial.records.read gives them."""


@dataclass(frozen=True)
class Package:
    """All messages of one export in order, opened to closed, and the ids in them.

    ``ids`` has the columns record_id, record_type, identity.
    """

    messages: list[bytes]
    ids: pl.DataFrame
    records: dict[str, int]
    chunks: int


def digest(dataset_id: str, version: int, rows: Rows, rule: int = RULE) -> str:
    """Digest of the version as it stands, by the rule that it was checked by.

    Recomputed from the records' fields: no stored hash is believed.
    """
    return version_digest(
        dataset_id,
        version,
        (
            (record_type, identity, row_hash)
            for record_type, frame in rows.items()
            for identity, row_hash in zip(
                frame["_identity"], row_hashes(read.records(record_type, frame), rule), strict=True
            )
        ),
        rule,
    )


def package(forwarding: Forwarding, rows: Rows) -> Package:
    """The export of ``rows``, types in the contracts' order and records by identity."""
    chunks: list[bytes] = []
    ids: list[pl.DataFrame] = []
    totals: dict[str, int] = {}
    for record_type in contracts.record_types():
        frame = rows.get(record_type)
        if frame is None or frame.is_empty():
            continue
        frame = frame.sort("_identity")
        of_type = pl.DataFrame({"identity": frame["_identity"]}).with_columns(
            record_type=pl.lit(record_type),
            record_id=pl.Series(record_ids(forwarding.export_id, record_type, frame["_identity"].to_list())),
        )
        totals[record_type] = frame.height
        ids.append(of_type)
        chunks += _chunks(forwarding, record_type, frame, of_type["record_id"], first=len(chunks))
    header = forwarding.header() | {"Digest": forwarding.digest, "Records": totals, "Chunks": len(chunks)}
    opened, closed = codec.encode("ExportOpened", header), codec.encode("ExportClosed", header)
    listed = pl.concat(ids) if ids else pl.DataFrame(schema=dict.fromkeys(_IDS, pl.String))
    return Package([opened, *chunks, closed], listed.select(_IDS), totals, len(chunks))


_IDS: Final = ("record_id", "record_type", "identity")


def record_ids(export_id: str, record_type: str, identities: list[str]) -> list[str]:
    """Ids of records in one export, for the Ministry to answer by. They tell nothing of the identity."""
    namespace = UUID(export_id)
    return [str(uuid5(namespace, f"{record_type}/{identity}")) for identity in identities]


def _chunks(
    forwarding: Forwarding, record_type: str, frame: pl.DataFrame, ids: pl.Series, first: int
) -> list[bytes]:
    records = read.records(record_type, frame)
    headers = [
        forwarding.header() | {"Chunk": first + n, "Ids": ids[start:end].to_list()}
        for n, (start, end) in enumerate(cuts(weights(records).to_list(), MAX_RECORDS))
    ]
    lengths = [len(header["Ids"]) for header in headers]
    return columnar.encode_chunks(record_type, headers, lengths, records, suffix="Exported")
