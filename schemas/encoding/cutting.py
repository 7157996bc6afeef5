"""Where chunks end: by records and by bytes, wherever chunks are made. Pure."""

from collections.abc import Iterator, Sequence
from typing import Final

import polars as pl

from schemas.contracts.chunks import MAX_VALUE

MAX_BYTES: Final = MAX_VALUE // 2
"""Of a chunk's texts, and so of one record's: half of what validation takes, the rest is for all else."""


def weights(records: pl.DataFrame) -> pl.Series:
    """Bytes of each record's texts, those in its lists included where they are many; what else it holds is
    small. What a frame takes in memory says nothing: equal texts may stand there once.
    """
    lists = [
        pl.struct(name).struct.json_encode()
        for name, dtype in records.schema.items()
        if dtype.is_nested() and records[name].estimated_size() > MAX_BYTES // 8
    ]
    # As one text: a length of each is a step for each column, which takes longer than all texts of a school.
    whole = pl.concat_str(pl.lit(""), pl.col(pl.String), *lists, ignore_nulls=True)
    return records.select(whole.str.len_bytes().cast(pl.Int64)).to_series()


def cuts(sizes: Sequence[int], most: int) -> Iterator[tuple[int, int]]:
    """(start, end) of runs of at most ``most`` items and MAX_BYTES; an item alone may have more."""
    start = held = 0
    for i, n in enumerate(sizes):
        if i > start and (i - start == most or held + n > MAX_BYTES):
            yield start, i
            start, held = i, 0
        held += n
    yield start, len(sizes)
