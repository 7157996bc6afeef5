"""How versions were digested first. What was approved by it must still be exported; nothing new is.

Its faults are why there is a rule 2: line ends and separators hash as a blank, and the digest is over the
rows alone, so that two datasets or two versions with equal rows have one digest.
"""

import io
from collections.abc import Iterable
from hashlib import sha256

import polars as pl


def row_texts(plain: pl.DataFrame) -> list[bytes]:
    """Texts of rows without nested columns: fields joined by U+001F."""
    out = io.BytesIO()
    plain.with_columns(pl.col(pl.String).str.replace_all("[\x00\n\r\x1e\x1f]", " ")).write_csv(
        out,
        include_header=False,
        separator="\x1f",
        line_terminator="\x1e",
        quote_style="never",
        null_value="",
    )
    return out.getvalue().split(b"\x1e")[:-1]


def rows_digest(rows: Iterable[tuple[str, str, str]]) -> str:
    """Digest of sorted (record type, identity, row hash)."""
    digest = sha256()
    for row in rows:
        digest.update(("\x1f".join(row) + "\x1e").encode())
    return digest.hexdigest()
