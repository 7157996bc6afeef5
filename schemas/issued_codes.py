"""Codes that the platform issues itself when a first push lacks them, e.g. MaLopHoc.

A code is a function of what names the thing (school, year, class name), so that the producer, the database
and a second push of another vendor all arrive at the same one without asking anybody.
"""

import base64
import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

LENGTH: Final = 10
"""Characters of base32 after the prefix: 50 bits, far beyond the number of classes of a province."""

_SEPARATORS: Final = r"[\s/_.\-–—]+"
_WORD: Final = re.compile(rf"^(?:LỚP|LOP){_SEPARATORS}")


def fold(value: object) -> str:
    """Canonical form of a name: ``6A1``, ``6 a1``, ``Lớp 6A1`` are one; ``6/1``, ``6_1``, ``6.1`` another."""
    text = unicodedata.normalize("NFC", str(value)).strip().upper()
    text = _WORD.sub("", text)
    return re.sub(_SEPARATORS, lambda m: "." if _joins_digits(m, text) else "", text)


def code(prefix: str, values: Sequence[object]) -> str | None:
    """The issued code of one thing, None while one of the values that name it is missing."""
    folded = ["" if v is None else fold(v) for v in values]
    if not all(folded):
        return None
    digest = hashlib.sha1("\x1f".join(folded).encode(), usedforsecurity=False).digest()
    return prefix + base64.b32encode(digest).decode("ascii")[:LENGTH]


def codes(prefix: str, rows: Iterable[Sequence[object]]) -> list[str | None]:
    """``code`` of each row of values."""
    return [code(prefix, row) for row in rows]


def issue(rule: Mapping[str, Any], columns: Mapping[str, Sequence[object]]) -> list[str | None]:
    """Codes by the contract's own words: ``rule`` is ``{"prefix": …, "from": [names]}``."""
    return codes(rule["prefix"], zip(*(columns[name] for name in rule["from"]), strict=True))


def _joins_digits(match: "re.Match[str]", text: str) -> bool:
    return text[match.start() - 1 : match.start()].isdigit() and text[match.end() : match.end() + 1].isdigit()
