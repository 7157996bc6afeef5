"""How much a record weighs on its way. Validation takes chunks of at most 4 MiB, and portraits are large."""

from collections.abc import Sequence
from typing import Final

import polars as pl

from producers.model import SourceTable, faults_of
from schemas.contracts.chunks import MAX_VALUE

TOO_LARGE: Final = "CELL-113"
MAX_BYTES: Final = MAX_VALUE // 2
"""Of a chunk's texts, and so of one record's: half of what validation takes, the rest is for all else."""


def refuse_large(tables: Sequence[SourceTable]) -> list[SourceTable]:
    """A record that no chunk can carry is refused here; sent, it would keep its whole push from closing."""
    return [t.refuse(faults_of(TOO_LARGE, "", weights(t.records) > MAX_BYTES)) for t in tables]


def weights(records: pl.DataFrame) -> pl.Series:
    """Bytes of each record's texts; what else it holds is small."""
    if records.estimated_size() <= MAX_BYTES:
        return pl.zeros(records.height, dtype=pl.Int64, eager=True)
    texts = [pl.col(n).str.len_bytes().cast(pl.Int64) for n, t in records.schema.items() if t == pl.String]
    return records.select(pl.sum_horizontal(pl.lit(0, dtype=pl.Int64), *texts)).to_series()
