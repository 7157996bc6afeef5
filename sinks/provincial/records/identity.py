"""Whose record is this? Found by the contract's keys, the strongest first, so identity outlives the vendor.

Frames in, frames out; nothing here knows a database or a record type. Columns that start with ``_`` are
ours: ``_dataset``, ``_row`` (position in the order of chunks and rows), ``_identity``. ``Vendor`` in a key is
the column of that name.

A weaker key never joins two records whose stronger keys both have a value and differ: a vendor that gives a
leaver's ClientId to a newcomer, or one citizen number for two pupils, must not lose a pupil. Such a doubling
is visible to the checks; a silent overwriting would not be.
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Final

import polars as pl

Keys = Sequence[Sequence[str]]

PART_END: Final = "\x1f"
VENDOR: Final = "Vendor"
IDENTITY_BYTES: Final = 12


def fields_of(keys: Keys) -> list[str]:
    """Fields that the keys name, each once, without the vendor."""
    return list(dict.fromkeys(f for key in keys for f in key if f != VENDOR))


def with_keys(frame: pl.DataFrame, keys: Keys) -> pl.DataFrame:
    """The frame with its keys.

    ``_k0`` … ``_kn``: the dataset and the key's fields as one text, null if one of them is blank.
    ``_g0`` … ``_gn``: the same, but null for a code that the platform issued (``_issued_<field>`` says so):
    it finds its record, yet it is no ground to tell two records apart.
    """
    keyed = frame.with_columns(_key(frame, key).alias(f"_k{i}") for i, key in enumerate(keys))
    guards = [_guard(frame, i, key) for i, key in enumerate(keys)]
    return keyed.with_columns(guards)


def repeats(incoming: pl.DataFrame, keys: Keys) -> pl.DataFrame:
    """Rows that stand for a record which an earlier row of the push already is: ``_row``, ``_key`` (index).

    ``incoming`` comes from with_keys. A vendor's own id must be unique in a push whatever else differs (the
    specification's rule for ClientId), and is looked at first, as adapters and validation do; the other keys
    follow the rule above.
    """
    found: list[pl.DataFrame] = []
    left = incoming.select("_row", *_names(keys))
    for i, key in sorted(enumerate(keys), key=lambda numbered: VENDOR not in numbered[1]):
        name = f"_k{i}"
        keyed = left.filter(pl.col(name).is_not_null())
        if keyed[name].n_unique() == keyed.height:
            continue
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

    Both frames come from with_keys; ``current`` has ``_identity`` as well. ``incoming`` holds no repeats.
    """
    found: list[pl.DataFrame] = []
    left = incoming.select("_row", *_names(keys))
    free = current.select("_identity", "_dataset", *_names(keys))
    for i in range(len(keys)):
        name = f"_k{i}"
        if left.is_empty() or free.is_empty():
            break
        pairs = (
            left.filter(pl.col(name).is_not_null())
            .join(free, on=name, suffix="_held")
            .filter(~_conflict(i, "_held"))
            .sort("_row", "_identity")
            .unique("_row", keep="first")
            .unique(["_dataset", "_identity"], keep="first")
        )
        if pairs.is_empty():
            continue
        found.append(pairs.select("_row", "_identity"))
        left = left.join(pairs, on="_row", how="anti")
        free = free.join(pairs, on=["_dataset", "_identity"], how="anti")
    empty = pl.DataFrame(schema={"_row": incoming.schema["_row"], "_identity": pl.String})
    return pl.concat([empty, *found])


def issue(record_type: str, new: pl.DataFrame, keys: Keys, taken: pl.DataFrame) -> pl.Series:
    """Identities of new records: a hash of the strongest key that has a value; null where none has.

    ``new`` comes from with_keys; ``taken`` has the ``_dataset``, ``_identity`` we hold. A hash, because an
    identity travels to the Ministry and stands in findings, where no citizen number may stand. It leaves out
    year and period, so a record known by the same key has one identity in all datasets of its school.
    """
    school = pl.col("_dataset").str.split(".").list.first()
    values = [pl.col(f"_k{i}").str.strip_prefix(pl.col("_dataset")) for i in range(len(keys))]
    texts = new.select(
        pl.coalesce(
            pl.concat_str(pl.lit(f"{record_type}{PART_END}{i}{PART_END}"), school, value)
            for i, value in enumerate(values)
        )
    )
    issued = [None if text is None else _hash(text) for text in texts.to_series().to_list()]
    wanted = new.select("_dataset", pl.Series("_identity", issued, dtype=pl.String))
    held = set(
        taken.join(wanted, on=["_dataset", "_identity"], how="semi").select("_dataset", "_identity").rows()
    )
    if held:
        # Whoever had this key first has another one now, and keeps the identity.
        everyone = set(taken.select("_dataset", "_identity").rows())
        issued = [_free(d, i, everyone) for d, i in wanted.rows()]
    return pl.Series("_identity", issued, dtype=pl.String)


def _free(dataset: str, identity: str | None, taken: set[tuple[str, str]]) -> str | None:
    while identity is not None and (dataset, identity) in taken:
        identity = _hash(identity)
    return identity


def _key(frame: pl.DataFrame, key: Sequence[str]) -> pl.Expr:
    parts = [pl.col("_dataset")]
    for name in key:
        column = pl.col(name) if frame.schema[name] == pl.String else pl.col(name).cast(pl.String)
        parts.append(pl.when(column != "").then(column))
    return pl.concat_str(parts, separator=PART_END, ignore_nulls=False)


def _guard(frame: pl.DataFrame, i: int, key: Sequence[str]) -> pl.Expr:
    issued = [pl.col(f"_issued_{name}") for name in key if f"_issued_{name}" in frame.columns]
    given = ~pl.any_horizontal(issued) if issued else pl.lit(True)
    return pl.when(given).then(pl.col(f"_k{i}")).alias(f"_g{i}")


def _names(keys: Keys) -> list[str]:
    return [f"_{letter}{i}" for i in range(len(keys)) for letter in "kg"]


def _conflict(upto: int, suffix: str) -> pl.Expr:
    """A stronger key has a value on both sides, and they differ."""
    differing = [
        (pl.col(f"_g{j}") != pl.col(f"_g{j}{suffix}")).fill_null(False)  # null: one side has no value
        for j in range(upto)
    ]
    return pl.any_horizontal(differing) if differing else pl.lit(False)


def _hash(text: str) -> str:
    return blake2b(text.encode(), digest_size=IDENTITY_BYTES).hexdigest()
