"""Hashes that let anyone recompute what was confirmed.

A row's text is its fields in the contract's order, joined by U+001F, with the separators at the end cut
off; a null, a blank text and an empty list are all empty. New fields only ever go to the end of a contract,
so adding an optional one changes no hash. The hash is BLAKE2b of 16 bytes. A dataset's digest is SHA-256
over (type, identity, row hash), sorted.
"""

import io
import json
from collections.abc import Iterable
from datetime import date
from hashlib import blake2b, sha256
from math import isfinite
from typing import Any, Final

import polars as pl

FIELD_END: Final = "\x1f"
ROW_END: Final = "\x1e"
UNFIT: Final = "\x00\n\r" + ROW_END + FIELD_END
"""Characters that would blur the borders of fields and rows: validation refuses them (ENV-313)."""

HASH_BYTES: Final = 16


def row_hashes(records: pl.DataFrame) -> pl.Series:
    """One hex string of 32 characters a row; ``records`` has the contract's columns in its order."""
    return pl.Series("row_hash", text_hashes(row_texts(records)[0]), dtype=pl.String)


def row_texts(records: pl.DataFrame) -> tuple[list[bytes], bool]:
    """The rows' texts with all their separators, and whether they say exactly what the records say.

    They do not if a value holds an UNFIT character, which the text has as a blank.
    """
    plain = flat(records)
    text = _csv(plain)
    ends = records.height * (records.width - 1), records.height
    fit = (text.count(FIELD_END.encode()), text.count(ROW_END.encode())) == ends
    fit = fit and not any(c in text for c in (b"\x00", b"\n", b"\r"))
    if not fit:
        text = _csv(plain.with_columns(pl.col(pl.String).str.replace_all(f"[{UNFIT}]", " ")))
    return text.split(ROW_END.encode())[:-1], fit


def text_hashes(texts: Iterable[bytes]) -> list[str]:
    """``row_hashes`` of rows whose texts are at hand."""
    end = FIELD_END.encode()
    return [blake2b(t.rstrip(end), digest_size=HASH_BYTES).hexdigest() for t in texts]


def flat(records: pl.DataFrame) -> pl.DataFrame:
    """Nested lists as canonical JSON text; every other column as it is."""
    nested = [name for name, dtype in records.schema.items() if isinstance(dtype, pl.List | pl.Struct)]
    return records.with_columns(_canonical(records[name]) for name in nested) if nested else records


def dataset_digest(rows: Iterable[tuple[str, str, str]]) -> str:
    """Digest of (record type, identity, row hash) rows; the order given does not matter. Hex SHA-256."""
    digest = sha256()
    for record_type, identity, row_hash in sorted(rows):
        digest.update(f"{record_type}{FIELD_END}{identity}{FIELD_END}{row_hash}{ROW_END}".encode())
    return digest.hexdigest()


def _csv(records: pl.DataFrame) -> bytes:
    out = io.BytesIO()
    records.write_csv(
        out,
        include_header=False,
        separator=FIELD_END,
        line_terminator=ROW_END,
        quote_style="never",
        null_value="",
    )
    return out.getvalue()


def _canonical(nested: pl.Series) -> pl.Series:
    texts = [_json(value) for value in nested.to_list()]
    return pl.Series(nested.name, texts, dtype=pl.String)


def _json(value: Any) -> str | None:
    kept = _without_blanks(value)
    return None if kept in (None, [], {}) else json.dumps(kept, ensure_ascii=False, sort_keys=True)


def _without_blanks(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            k: v for k, v in ((k, _without_blanks(v)) for k, v in value.items()) if v not in (None, "", [])
        }
    if isinstance(value, list):
        return [_without_blanks(v) for v in value]
    if isinstance(value, float):
        return value + 0.0 if isfinite(value) else None  # jsonb knows no -0.0, NaN or infinity
    return value.isoformat() if isinstance(value, date) else value
