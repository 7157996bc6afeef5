"""One spelling for what says the same: records are normalised before they are hashed and stored.

Texts are in NFC, every run of blanks and control characters is one blank, none at the ends, and nothing but
blanks is no value. Lists of records and of texts stand in the order of their values, in the contract's order
of fields; -0.0 is 0.0. NUL stays: it is no way to write a blank, and PostgreSQL refuses its record. So do
infinity and NaN, which validation refuses, but for those in lists: JSON has none. A day outside the years 1
to 9999 is no date in the frame, and in the text what PostgreSQL refuses.
"""

import json
import re
from datetime import date
from functools import lru_cache
from math import isfinite
from typing import Any, Final
from unicodedata import normalize

import polars as pl

from schemas.encoding import digest

FIRST_DAY: Final = date(1, 1, 1)
LAST_DAY: Final = date(9999, 12, 31)
BLANKS: Final = r"[\s\x01-\x1f\x7f-\x9f]+"

# Printable ASCII but the backslash of JSON's escapes, the separators, and the letters of Vietnamese, which
# are in NFC: two bytes from C3 to C6, three from E1 BA or E1 BB.
_PLAIN: Final = bytes(
    [0x1E, 0x1F, *(c for c in range(0x20, 0x7F) if c != 0x5C), *range(0x80, 0xC0), *range(0xC3, 0xC7), 0xE1]
)
_ODD: Final = bytes(c not in _PLAIN for c in range(256))


def texts(records: pl.DataFrame) -> tuple[pl.DataFrame, list[bytes]]:
    """The records as they are stored, nested lists as JSON text; their row texts (encoding.digest)."""
    beyond = _beyond(records)
    if not beyond:
        return _texts(records)
    within = [pl.when(is_day(name)).then(pl.col(name)).alias(name) for name in beyond]
    plain, rows = _texts(records.with_columns(within))
    end = digest.FIELD_END.encode()
    for name in beyond:
        place, days = records.columns.index(name), records[name].to_physical()
        for row in records.select(~is_day(name)).to_series().arg_true():
            fields = rows[row].split(end)
            fields[place] = b"day %d" % days[row]
            rows[row] = end.join(fields)
    return plain, rows


def is_day(name: str) -> pl.Expr:
    """Whether a date is of a year that a calendar has. polars panics at some others, Python has none."""
    return pl.col(name).is_between(FIRST_DAY, LAST_DAY)


def _beyond(records: pl.DataFrame) -> list[str]:
    """Columns with a day that no calendar has."""
    dates = [name for name, dtype in records.schema.items() if dtype == pl.Date]
    found = records.select(is_day(name).all().alias(name) for name in dates)
    return [name for name in dates if not found[name].item()]


def _texts(records: pl.DataFrame) -> tuple[pl.DataFrame, list[bytes]]:
    plain = _flat(records)
    text = digest.csv(plain)
    if not digest.is_fit(text, plain):  # the borders are not where they seem to be
        plain = _normal(plain)
        return plain, digest.split(digest.csv(plain))
    rows, odd = digest.split(text), _odd_rows(text)
    if not odd:
        return plain, rows
    normal = _normal(plain[odd])
    at = list(range(plain.height))
    for n, (row, mended) in enumerate(zip(odd, digest.split(digest.csv(normal)), strict=True)):
        rows[row], at[row] = mended, plain.height + n
    return pl.concat([plain, normal])[at], rows


def text(value: str) -> str | None:
    """One text; None if it says nothing."""
    return re.sub(BLANKS, " ", normalize("NFC", value)).strip(" ") or None


def _odd_rows(text: bytes) -> list[int]:
    """Rows that may have to be changed, by one look at the bytes of all; most often there are none."""
    every = digest.as_numbers(text)
    blank, border, three = every == 0x20, every <= 0x20, every == 0xE1
    after = every[1:]
    odd = blank[1:] & border[:-1] | border[1:] & blank[:-1] | three[:-1] & ~after.is_between(0xBA, 0xBB)
    if not (text.translate(None, _PLAIN) or odd.any() or text.startswith(b" ")):
        return []
    found = (digest.as_numbers(text.translate(_ODD)) == 1) | pl.concat([blank[:1], odd])
    ends = (every == 0x1E).arg_true()
    rows: list[int] = ends.search_sorted(found.arg_true(), "left").unique().sort().to_list()
    return rows


def _normal(plain: pl.DataFrame) -> pl.DataFrame:
    return plain.with_columns(_text_of(name) for name, dtype in plain.schema.items() if dtype == pl.String)


def _text_of(name: str) -> pl.Expr:
    normal = pl.col(name).str.normalize("NFC").str.replace_all(BLANKS, " ").str.strip_chars(" ")
    return pl.when(normal != "").then(normal).alias(name)


def _flat(records: pl.DataFrame) -> pl.DataFrame:
    nested = [name for name, dtype in records.schema.items() if dtype.is_nested()]
    doubles = [name for name, dtype in records.schema.items() if dtype == pl.Float64]
    plain = [digest.canonical(records[name], _json_text) for name in nested]
    # Not by adding 0.0: polars takes that for nothing and leaves it out.
    zero = [pl.when(pl.col(n) == 0.0).then(0.0).otherwise(pl.col(n)).alias(n) for n in doubles]
    return records.with_columns(*plain, *zero) if nested or doubles else records


def _json_text(nested: Any) -> str | None:
    return digest.json_text(_value(nested))


def _value(value: Any) -> Any:
    kind = type(value)
    if kind is str:
        return _text(value)
    if kind is dict:
        return {name: v if v is None else _value(v) for name, v in value.items()}
    if kind is list:
        return sorted(map(_value, value), key=_order) if len(value) > 1 else [_value(v) for v in value]
    if kind is float:
        return value + 0.0 if isfinite(value) else None
    return value.isoformat() if kind is date else value


def _order(value: Any) -> str:
    """Equal for equal values only; a record's fields in the contract's order."""
    return json.dumps(value, ensure_ascii=False)


_text = lru_cache(65_536)(text)
"""Nested texts are codes, which come again and again."""
