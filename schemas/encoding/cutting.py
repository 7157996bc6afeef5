"""Where chunks end: by records and by bytes, wherever chunks are made. Pure."""

from collections.abc import Iterator, Sequence
from typing import Final

import polars as pl

from schemas.contracts.chunks import MAX_VALUE

MAX_BYTES: Final = MAX_VALUE // 2
"""Of a chunk's texts, and so of one record's: half of what validation takes, the rest is for all else."""


def weights(records: pl.DataFrame) -> pl.Series:
    """Bytes of each record's texts, those in its lists included where they are many; what else it holds is
    small. What a frame takes in memory says nothing: equal texts may stand there once. Where all records
    together stay below MAX_BYTES, each counts as the longest.
    """
    lists = [
        name
        for name, dtype in records.schema.items()
        if dtype.is_nested() and records[name].estimated_size() > MAX_BYTES // 8
    ]
    if not lists and (longest := _longest(records)) * records.height <= MAX_BYTES:
        return pl.repeat(longest, records.height, dtype=pl.Int64, eager=True)
    texts = [pl.col(name) for name, dtype in records.schema.items() if dtype == pl.String]
    texts += [pl.struct(name).struct.json_encode() for name in lists]
    sizes = [text.str.len_bytes().cast(pl.Int64).fill_null(0) for text in texts]
    return records.select(pl.sum_horizontal(pl.lit(0, dtype=pl.Int64), *sizes)).to_series()


def _longest(records: pl.DataFrame) -> int:
    """Bytes that no record's texts go beyond: the longest text of each column together, which is seen at once
    for all columns where the sum of each record is not."""
    longest = records.select(pl.col(pl.String).str.len_bytes().max())
    return sum(of_column or 0 for row in longest.iter_rows() for of_column in row)


def cuts(sizes: Sequence[int], most: int) -> Iterator[tuple[int, int]]:
    """(start, end) of runs of at most ``most`` items and MAX_BYTES; an item alone may have more."""
    start = held = 0
    for i, n in enumerate(sizes):
        if i > start and (i - start == most or held + n > MAX_BYTES):
            yield start, i
            start, held = i, 0
        held += n
    yield start, len(sizes)
