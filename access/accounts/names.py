"""One name an account: however it is typed, whatever letters look like it. Pure.

The canonical form is what is shown; the key is what must be unique and what a login looks for. Two names
that a reader may take for each other have one key: tones and their place, đ and d, 0 and o, 1 and l. A letter
of another script is in no name at all.
"""

import re
import unicodedata
from typing import Final

SHORTEST: Final = 3
LONGEST: Final = 64

_MARKS: Final = frozenset("\u0300\u0301\u0303\u0309\u0323\u0302\u0306\u031b")
"""Combining marks of Vietnamese: five tones, circumflex, breve, horn."""

_BASE: Final = re.compile(r"[a-zđ0-9][a-zđ0-9._-]*[a-zđ0-9]")
_ALIKE: Final = str.maketrans({"đ": "d", "0": "o", "1": "l"})


def canonical(typed: str) -> str | None:
    """The name in its one form (NFC, small letters, no blanks around it); None if it cannot be one."""
    if len(typed) > 4 * LONGEST:
        return None
    text = unicodedata.normalize("NFC", unicodedata.normalize("NFKC", typed).casefold().strip())
    if not SHORTEST <= len(text) <= LONGEST:
        return None
    parts = unicodedata.normalize("NFD", text)
    base = "".join(char for char in parts if char not in _MARKS)
    return text if _BASE.fullmatch(base) else None


def key(name: str) -> str:
    """What all names that look like a canonical one have in common."""
    parts = unicodedata.normalize("NFD", name)
    return "".join(char for char in parts if char not in _MARKS).translate(_ALIKE)


def person(typed: str) -> str | None:
    """The code of a person, as persons are compared: NFKC, small letters, ASCII; None if it is none."""
    if len(typed) > 4 * LONGEST:
        return None
    text = unicodedata.normalize("NFKC", typed).casefold().strip()
    return text if re.fullmatch(r"[a-z0-9][a-z0-9._/-]{0,63}", text) else None
