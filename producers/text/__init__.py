"""What a text says, however it was typed: the one normaliser of lists, packets, captions and labels.

Here: blanks, composition and comparing; ``columns``: the same for whole columns. ``letters``: look-alikes,
hidden and full-width characters. ``encodings``: TCVN3, VNI, VISCII and UTF-8 read as another. ``syllables``:
what Vietnamese can write.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Final

from producers.text.letters import HIDDEN

_TONES: Final = "\u0300\u0301\u0303\u0309\u0323"
"""grave, acute, tilde, hook, dot: a syllable has at most one, and people put it on either vowel."""

_STARS: Final = re.compile(r"\(\s*\*\s*\)|\*")
_BLANKS: Final = re.compile(r"[\s\u200b\ufeff]+")
_ENDS: Final = re.compile(f"^[\\s{HIDDEN}]+|[\\s{HIDDEN}]+$")
_MARKS: Final = re.compile(r"['’‘`´.,;:/()\-–—]+")


def nfc(text: str) -> str:
    """NFC with every run of blanks (line breaks and U+00A0 too) made one, none at the ends."""
    return _ENDS.sub("", _BLANKS.sub(" ", unicodedata.normalize("NFC", text)))


@lru_cache(maxsize=20_000)
def fold(text: str) -> str:
    """Caption or label to compare: no stars, no capitals, i for y, the tone at the end of its word.

    ``Học kì`` = ``Học kỳ``, ``hoà`` = ``hòa``, ``Họ tên (*)`` = ``họ  tên``. Accents stay: Sổ is not Số.
    """
    words = nfc(_STARS.sub(" ", text)).lower().split(" ")
    return " ".join(_tone_last(word) for word in words).strip()


@lru_cache(maxsize=20_000)
def fold_label(text: str) -> str:
    """``fold`` without apostrophes, hyphens and commas: ``H'Mông``, ``H Mông``, ``Hmông`` are one."""
    return fold(_MARKS.sub(" ", text)).replace(" ", "")


def _tone_last(word: str) -> str:
    letters: list[str] = []
    tones: list[str] = []
    for ch in unicodedata.normalize("NFD", word):
        (tones if ch in _TONES else letters).append(ch)
    return unicodedata.normalize("NFC", "".join(letters)).replace("y", "i") + "".join(tones)
