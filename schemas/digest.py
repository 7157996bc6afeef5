"""Hashes that let anyone recompute what was confirmed.

A row's hash covers the fields that have a value, by name in alphabetical order, so adding an optional field to
the contract changes no hash. A dataset's digest covers (type, identity, row hash) in order.
"""

import json
from collections.abc import Iterable
from datetime import date
from hashlib import blake2b, sha256
from typing import Any, Final

import polars as pl

FIELD_END: Final = "\x1e"
NAME_END: Final = "\x1f"
"""Control characters never stand in a value (ENV-313), so no two records share a text."""

HASH_BYTES: Final = 16


def row_hashes(records: pl.DataFrame) -> pl.Series:
    """One hex string of 32 characters a row. A null, a blank text and an empty list are no value."""
    nested = {n: _canonical(records[n]) for n, t in records.schema.items() if isinstance(t, pl.List | pl.Struct)}
    frame = records.with_columns(**nested) if nested else records
    parts = [_part(name, dtype) for name, dtype in sorted(frame.schema.items())]
    texts = frame.select(pl.concat_str(parts, ignore_nulls=True)).to_series().to_list()
    digests = [blake2b(text.encode(), digest_size=HASH_BYTES).hexdigest() for text in texts]
    return pl.Series("row_hash", digests, dtype=pl.String)


def dataset_digest(rows: Iterable[tuple[str, str, str]]) -> str:
    """Digest of (record type, identity, row hash) rows; the order given does not matter. Hex SHA-256."""
    digest = sha256()
    for record_type, identity, row_hash in sorted(rows):
        digest.update(f"{record_type}{NAME_END}{identity}{NAME_END}{row_hash}{FIELD_END}".encode())
    return digest.hexdigest()


def _part(name: str, dtype: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    present = column.is_not_null() & (column != "") if dtype == pl.String else column.is_not_null()
    text = column.cast(pl.String) if dtype != pl.String else column
    return pl.when(present).then(pl.concat_str([pl.lit(name + NAME_END), text, pl.lit(FIELD_END)]))


def _canonical(nested: pl.Series) -> pl.Series:
    texts = [_json(value) for value in nested.to_list()]
    return pl.Series(nested.name, texts, dtype=pl.String)


def _json(value: Any) -> str | None:
    kept = _without_blanks(value)
    return None if kept in (None, [], {}) else json.dumps(kept, ensure_ascii=False, sort_keys=True)


def _without_blanks(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: v for k, v in ((k, _without_blanks(v)) for k, v in value.items()) if v not in (None, "", [])}
    if isinstance(value, list):
        return [_without_blanks(v) for v in value]
    return value.isoformat() if isinstance(value, date) else value
