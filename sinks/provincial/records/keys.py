"""The keys of a record as texts that compare equal when they mean the same. Frames in, frames out.

Columns that start with ``_`` are ours: ``_dataset``, ``_row`` (position in the order of chunks and rows),
``_identity``. ``Vendor`` in a key is the column of that name.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import polars as pl

from schemas.contracts.contracts import RecordType
from schemas.rules.derived import pattern
from sinks.provincial.records import issued

Keys = Sequence[Sequence[str]]

PART_END: Final = "\x1f"
VENDOR: Final = "Vendor"

_SAYS_NOTHING: Final = (
    r"(?i)^(?:[0\W_]*|không(?: có)?|khong(?: co)?|chưa(?: có)?|chua(?: co)?|n/?a|null|none|nil)$"
)
"""What is written where there is no number: zeros, dashes, "không"."""

_ONE_DIGIT: Final = "^(?:" + "|".join(f"{d}{{6,}}" for d in "123456789") + ")$"
"""111111111: nobody's number. A vendor's own counter may well reach it."""


def fields_of(keys: Keys) -> list[str]:
    """Fields that the keys name, each once, without the vendor."""
    return list(dict.fromkeys(f for key in keys for f in key if f != VENDOR))


def kind(key: Sequence[str]) -> str:
    """Name of a kind of key: ``MaHocSinh``, ``Vendor+ClientId``."""
    return "+".join(key)


def of_contract(contract: RecordType, frame: pl.DataFrame, keys: Keys) -> pl.DataFrame:
    """``with_keys`` of a record type's rows: numbers stand where they belong, issued codes are marked."""
    return with_keys(issued.marked(contract, _one_number(contract, frame)), keys)


def with_keys(frame: pl.DataFrame, keys: Keys) -> pl.DataFrame:
    """The frame with its keys.

    ``_k0`` … ``_kn``: the dataset and the key's fields as one text, null if one of them says nothing.
    ``_g0`` … ``_gn``: the same, but null for a code that the platform issued (``_issued_<field>`` says so):
    it finds its record, yet it is no ground to tell two records apart.
    """
    spelt = spelt_once(frame, fields_of(keys))
    keyed = frame.with_columns(_key(spelt, key).alias(f"_k{i}") for i, key in enumerate(keys))
    issued_of = [[n for name in key if (n := f"_issued_{name}") in frame.columns] for key in keys]
    if not any(issued_of):
        return keyed.hstack([keyed[f"_k{i}"].alias(f"_g{i}") for i in range(len(keys))])
    return keyed.with_columns(_guard(i, marks) for i, marks in enumerate(issued_of))


def names(keys: Keys) -> list[str]:
    """Columns that ``with_keys`` adds."""
    return [f"_{letter}{i}" for i in range(len(keys)) for letter in "kg"]


def spelt_once(frame: pl.DataFrame, names: Sequence[str]) -> dict[str, pl.Expr]:
    """The texts of these columns in NFC, without blanks at their ends. ASCII is NFC already."""
    texts = [name for name in names if frame.schema[name] == pl.String]
    beyond = [pl.col(n).str.len_bytes().sum() > pl.col(n).str.len_chars().sum() for n in texts]
    ascii_only = not beyond or not any(frame.select(pl.any_horizontal(beyond)).row(0))
    columns = {name: pl.col(name) if ascii_only else pl.col(name).str.normalize("NFC") for name in texts}
    return {name: column.str.strip_chars() for name, column in columns.items()}


def _one_number(contract: RecordType, frame: pl.DataFrame) -> pl.DataFrame:
    """With the numbers that were written in another field (``same_number``) moved to their own.

    One that stands there already counts: of two that differ the record's own field is believed.
    """
    for name, own in contract.same_number.items():
        form = pattern(contract.field(own).format or "")
        spelt = spelt_once(frame, [name, own])
        here, there = (spelt[n].str.contains(form).fill_null(False) for n in (name, own))
        frame = frame.with_columns(
            pl.when(here & ~there).then(pl.col(name)).otherwise(pl.col(own)).alias(own),
            pl.when(~here).then(pl.col(name)).alias(name),
        )
    return frame


def _key(spelt: Mapping[str, pl.Expr], key: Sequence[str]) -> pl.Expr:
    parts = [pl.col("_dataset")]
    for name in key:
        if name == VENDOR:
            parts.append(pl.when(pl.col(name) != "").then(pl.col(name)))
        elif (text := spelt.get(name)) is not None:
            nothing = text.str.contains(_SAYS_NOTHING)
            if VENDOR not in key:
                nothing |= text.str.contains(_ONE_DIGIT)
            parts.append(pl.when(~nothing).then(text))
        else:
            parts.append(pl.col(name).cast(pl.String))
    return pl.concat_str(parts, separator=PART_END, ignore_nulls=False)


def _guard(i: int, issued: Sequence[str]) -> pl.Expr:
    given = ~pl.any_horizontal(*issued) if issued else pl.lit(True)
    return pl.when(given).then(pl.col(f"_k{i}")).alias(f"_g{i}")
