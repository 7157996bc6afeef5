"""Hashes that let anyone recompute what was confirmed: rule 2, which covers every byte that is stored.

A row's text is its fields in the contract's order, joined by U+001F, with the separators at the end cut
off; a null, a blank text and an empty list are all empty. New fields only ever go to the end of a contract,
so adding an optional one changes no hash. The hash is BLAKE2b of 16 bytes. What is stored is normalised
before (schemas.encoding.normal), so no value holds a separator; of a row that holds one all the same, stored
before that was so, the text is U+001E and its values as a JSON list, which no other row's text can be.

A version's digest is SHA-256 over its dataset, its number, its records by type, and (type, identity, row
hash) of each, sorted. How versions were digested before is kept in digest_rule_1.
"""

import io
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from hashlib import blake2b, sha256
from math import isfinite
from typing import Any, Final

import polars as pl
import pyarrow as pa

from schemas.encoding import digest_rule_1

RULE: Final = 2
"""By which versions are digested today."""

FIELD_END: Final = "\x1f"
ROW_END: Final = "\x1e"
UNFIT: Final = "\n\r" + ROW_END + FIELD_END
"""Characters that would blur the borders of fields and rows."""

HASH_BYTES: Final = 16

Row = tuple[str, str, str]
"""(record type, identity, row hash)."""

DATASET: Final = "dataset_id"
ROW: Final = ["record_type", "identity", "row_hash"]
"""A Row as columns."""


def row_hashes(records: pl.DataFrame, rule: int = RULE) -> pl.Series:
    """One hex string of 32 characters a row; ``records`` has the contract's columns in its order."""
    texts = digest_rule_1.row_texts(flat(records)) if rule == 1 else row_texts(records)
    return pl.Series("row_hash", text_hashes(texts), dtype=pl.String)


def row_texts(records: pl.DataFrame) -> list[bytes]:
    """The rows' texts with all their separators."""
    plain = flat(records)
    text = csv(plain)
    if is_fit(text, plain):
        return split(text)
    unfit = plain.select(pl.any_horizontal(pl.lit(False), pl.col(pl.String).str.contains(f"[{UNFIT}]")))
    rows = zip(unfit.to_series().fill_null(False), plain.iter_slices(1), strict=True)
    return [_unfit_text(row) if odd else split(csv(row))[0] for odd, row in rows]


def text_hashes(texts: Iterable[bytes]) -> list[str]:
    """``row_hashes`` of rows whose texts are at hand."""
    end = FIELD_END.encode()
    return [blake2b(t.rstrip(end), digest_size=HASH_BYTES).hexdigest() for t in texts]


def version_digest(dataset_id: str, version: int, rows: Iterable[Row], rule: int = RULE) -> str:
    """Digest of a version by the rule that it was checked by; the order of rows does not matter. Hex SHA-256.

    Raises ValueError for a rule that never was.
    """
    if rule == 1:
        return digest_rule_1.rows_digest(sorted(rows))
    if rule != RULE:
        raise ValueError(f"no version was ever digested by rule {rule}")
    frame = pl.DataFrame(list(rows), schema=dict.fromkeys(ROW, pl.String), orient="row")
    return version_digests({dataset_id: version}, frame.with_columns(pl.lit(dataset_id).alias(DATASET)))[
        dataset_id
    ]


def version_digests(versions: Mapping[str, int], rows: pl.DataFrame) -> dict[str, str]:
    """Dataset → digest of its version, by today's rule, of many at once.

    ``rows`` (``dataset_id`` and ``ROW``) are those of all of these versions, one a dataset, in any order.
    """
    row = pl.concat_str(ROW, separator=FIELD_END) + ROW_END
    texts = rows.sort(DATASET, *ROW).group_by(DATASET, maintain_order=True).agg(row.str.join(""))
    text_of = dict(texts.iter_rows())
    counts: dict[str, list[tuple[str, str]]] = {}
    for dataset, record_type, n in rows.group_by(DATASET, ROW[0]).len().sort(DATASET, ROW[0]).iter_rows():
        counts.setdefault(dataset, []).append((record_type, str(n)))
    out = {}
    for dataset, version in versions.items():
        head = [(dataset, str(version)), *counts.get(dataset, [])]
        text = "".join(FIELD_END.join(part) + ROW_END for part in head) + text_of.get(dataset, "")
        out[dataset] = sha256(text.encode()).hexdigest()
    return out


def flat(records: pl.DataFrame) -> pl.DataFrame:
    """Nested lists as canonical JSON text; every other column as it is."""
    nested = [name for name, dtype in records.schema.items() if dtype.is_nested()]
    return records.with_columns(canonical(records[name], json_text) for name in nested) if nested else records


def canonical(nested: pl.Series, text: Callable[[Any], str | None]) -> pl.Series:
    """A column of lists as texts, each made by ``text``."""
    if nested.null_count() == len(nested):
        return pl.Series(nested.name, [None] * len(nested), dtype=pl.String)
    return pl.Series(nested.name, [text(value) for value in nested.to_list()], dtype=pl.String)


def json_text(value: Any) -> str | None:
    """A nested value as JSON, without what has no value; None if nothing is left."""
    kept = _without_blanks(value)
    return None if kept in (None, [], {}) else json.dumps(kept, ensure_ascii=False, sort_keys=True)


def csv(plain: pl.DataFrame, row_end: str = ROW_END) -> bytes:
    """Fields ended by U+001F, rows by U+001E, nothing quoted; of a frame without nested columns."""
    out = io.BytesIO()
    plain.write_csv(
        out,
        include_header=False,
        separator=FIELD_END,
        line_terminator=row_end,
        quote_style="never",
        null_value="",
    )
    return out.getvalue()


def split(text: bytes) -> list[bytes]:
    """The texts of the rows of ``csv``."""
    return text.split(ROW_END.encode())[:-1]


def is_fit(text: bytes, plain: pl.DataFrame) -> bool:
    """Whether the separators in the text are the frame's own."""
    every = as_numbers(text)
    ends = plain.height * (plain.width - 1), plain.height
    fit = tuple((every == ord(c)).sum() for c in (FIELD_END, ROW_END)) == ends
    return fit and not any(c in text for c in (b"\n", b"\r"))


def as_numbers(text: bytes) -> pl.Series:
    """Its bytes as a column, without a copy: to look at all of them at once."""
    return pl.Series(pa.Array.from_buffers(pa.uint8(), len(text), [None, pa.py_buffer(text)]))


def _unfit_text(row: pl.DataFrame) -> bytes:
    values = [None if v == "" else v.isoformat() if isinstance(v, date) else v for v in row.row(0)]
    while values and values[-1] is None:
        values.pop()
    return (ROW_END + json.dumps(values, ensure_ascii=False)).encode()


def _without_blanks(value: Any) -> Any:
    kind = type(value)
    if kind is dict:
        kept = ((name, _without_blanks(v)) for name, v in value.items() if v is not None)
        return {name: v for name, v in kept if v is not None and v != "" and v != []}
    if kind is list:
        return [_without_blanks(v) for v in value]
    if kind is float:
        return value + 0.0 if isfinite(value) else None  # jsonb knows no -0.0, NaN or infinity
    return value.isoformat() if kind is date else value
