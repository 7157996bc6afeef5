"""Whose record is this, within its dataset? Found by the contract's keys, the strongest first.

Frames in, frames out, with the columns of ``keys.with_keys``; nothing here knows a database or a record type.

A weaker key never joins two records whose stronger keys both have a value and differ: a vendor that gives a
leaver's ClientId to a newcomer, or one citizen number for two pupils, must not lose a pupil. A key that two
held records have joins none of them here: the ledger says whose it is (claims.py).
"""

from typing import Final

import polars as pl

from sinks.provincial.records import witnesses
from sinks.provincial.records.keys import VENDOR, Keys, names

RECORD: Final = ["_dataset", "_identity"]


def repeats(incoming: pl.DataFrame, keys: Keys) -> pl.DataFrame:
    """Rows that stand for a record which an earlier row of the push already is: ``_row``, ``_key`` (index).

    A vendor's own id must be unique in a push whatever else differs (the specification's rule for ClientId),
    and is looked at first, as adapters and validation do; the other keys follow the rule above.
    """
    found: list[pl.DataFrame] = []
    left = incoming.select("_row", *names(keys))
    for i, key in sorted(enumerate(keys), key=lambda numbered: VENDOR not in numbered[1]):
        name = f"_k{i}"
        nulls = left[name].null_count()
        if left[name].n_unique() - min(nulls, 1) == left.height - nulls:
            continue
        keyed = left.filter(pl.col(name).is_not_null())
        first = keyed.sort("_row").unique(name, keep="first")
        pairs = keyed.join(first, on=name, suffix="_first").filter(pl.col("_row") > pl.col("_row_first"))
        if VENDOR not in key:
            pairs = pairs.filter(~_conflict(i, "_first"))
        found.append(pairs.select("_row", pl.lit(i, dtype=pl.Int32).alias("_key")))
        left = left.join(found[-1], on="_row", how="anti")
    empty = pl.DataFrame(schema={"_row": incoming.schema["_row"], "_key": pl.Int32})
    return pl.concat([empty, *found]).sort("_row")


def match(incoming: pl.DataFrame, current: pl.DataFrame, keys: Keys) -> pl.DataFrame:
    """``_row``, ``_identity`` of the rows that are a record we hold; each record is taken once.

    ``current`` has ``_identity`` as well. ``incoming`` holds no repeats.
    """
    found: list[pl.DataFrame] = []
    left = incoming.select("_row", *names(keys))
    free = current.select("_identity", "_dataset", *names(keys))
    for i in range(len(keys)):
        name = f"_k{i}"
        if left.is_empty() or free.is_empty():
            break
        pairs = (
            left.filter(pl.col(name).is_not_null())
            .join(free, on=name, suffix="_held")
            .filter(~_conflict(i, "_held"))
        )
        if pairs["_row"].n_unique() < pairs.height:
            pairs = pairs.filter(pl.col("_row").is_unique())
        pairs = pairs.sort("_row").unique(RECORD, keep="first")
        if pairs.is_empty():
            continue
        found.append(pairs.select("_row", "_identity"))
        left = left.join(pairs, on="_row", how="anti")
        free = free.join(pairs, on=RECORD, how="anti")
    empty = pl.DataFrame(schema={"_row": incoming.schema["_row"], "_identity": pl.String})
    return pl.concat([empty, *found])


def changed(
    matched: pl.DataFrame, incoming: pl.DataFrame, current: pl.DataFrame, keys: Keys, fields: list[str]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(matched rows that contradict the record they were matched to, those that say something new of it).

    Both ``_row``, ``_identity``. ``incoming`` and ``current`` have ``row_hash`` and the witnesses ``fields``;
    a row whose hash is that of the row held says nothing new.
    """
    if matched.is_empty():
        return matched, matched
    seen = ["row_hash", *names(keys), *fields]
    pairs = (
        matched.join(incoming.select("_row", "_dataset", "row_hash"), on="_row")
        .join(current.select(*RECORD, pl.col("row_hash").alias("_hash_held")), on=RECORD)
        .filter(pl.col("row_hash") != pl.col("_hash_held"))
    )
    if pairs.is_empty():
        return matched.clear(), matched.clear()
    pairs = (
        pairs.select("_row", *RECORD)
        .join(incoming.select("_row", *seen), on="_row")
        .join(current.select(*RECORD, *seen), on=RECORD, suffix="_held")
    )
    against = witnesses.contradict(pairs, fields, "_held").select("_row", "_identity")
    said = [*names(keys), *fields]
    news = pl.any_horizontal(
        pl.col(n).is_not_null() & pl.col(n).ne_missing(pl.col(n + "_held")) for n in said
    )
    told = pairs.filter(news).select("_row", "_identity")
    return against, told.join(against, on="_row", how="anti") if against.height else told


def _conflict(upto: int, suffix: str) -> pl.Expr:
    """A stronger key has a value on both sides, and they differ."""
    differing = [
        (pl.col(f"_g{j}") != pl.col(f"_g{j}{suffix}")).fill_null(False)  # null: one side has no value
        for j in range(upto)
    ]
    return pl.any_horizontal(differing) if differing else pl.lit(False)
