"""History by version: which rows a push adds and which it replaces. Pure frames.

Invariant: of a record's rows exactly one is current (``valid_to`` is NULL), and its neighbour in time ends
where it begins. A row whose hash did not change is not written again.
"""

from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True)
class Changes:
    """What a push does to the rows of one record type.

    ``written`` holds ``_row`` of new or changed records; ``replaced`` the ``_dataset``, ``_identity`` of the
    rows they end.
    """

    written: pl.DataFrame
    replaced: pl.DataFrame


def changes(incoming: pl.DataFrame, current: pl.DataFrame) -> Changes:
    """Compare a push with what we hold.

    ``incoming``: ``_row``, ``_dataset``, ``_identity``, ``row_hash``, one row a record.
    ``current``: ``_dataset``, ``_identity``, ``row_hash`` of the datasets that the push touches.
    """
    record = ["_dataset", "_identity"]
    if current.is_empty():
        return Changes(incoming[["_row"]], current[record])
    both = incoming.join(current, on=record, how="left", suffix="_held")
    changed = both.filter(pl.col("row_hash").ne_missing(pl.col("row_hash_held")))
    return Changes(
        written=changed.select("_row"),
        replaced=changed.filter(pl.col("row_hash_held").is_not_null()).select(record),
    )
