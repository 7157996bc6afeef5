"""Names of units as they are kept, and letters that only look like Vietnamese ones. Pure."""

import unicodedata
from typing import Final

MARKS: Final = frozenset("\u0300\u0301\u0302\u0303\u0306\u0309\u031b\u0323")
"""Grave, acute, circumflex, tilde, breve, hook above, horn, dot below: all marks that Vietnamese has."""

SIGNS: Final = frozenset(" .,-–/()&'’\"“”+:;*°")
CODE: Final = r"[0-9A-Za-z]{2,20}"
"""Form of a unit's code: ASCII alone, so that no two codes look alike."""


def clean(text: str) -> str:
    """The one way to write it: composed letters, single blanks."""
    return unicodedata.normalize("NFC", " ".join(text.split()))


def strange(name: str) -> str:
    """Characters of a clean name that Vietnamese does not write, each as U+XXXX: Cyrillic о, a zero-width
    blank, a full-width digit. "" if there is none."""
    found = {c for c in name if not _known(c)}
    return " ".join(f"U+{ord(c):04X}" for c in sorted(found))


def kept(name: str) -> str:
    """A clean name without them."""
    return clean("".join(c for c in name if _known(c)))


def _known(char: str) -> bool:
    if char.isascii():
        return char.isalnum() or char in SIGNS
    if char in SIGNS or char in "đĐ":
        return True
    parts = unicodedata.normalize("NFD", char)
    return len(parts) > 1 and parts[0].isascii() and parts[0].isalpha() and MARKS.issuperset(parts[1:])
