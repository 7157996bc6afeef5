"""Letters that are not the ones they seem to be, cell by cell: full-width forms, hidden characters, letters
of other scripts that look like ours (Ð for Đ, a Cyrillic one in a Latin word), texts of other encodings.

What can be put right in one way alone is; what cannot is named. Only a cell with something strange in it is
looked at, each distinct one once.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final

from producers.text.encodings import is_vietnamese, readings, telltale_pairs
from producers.text.syllables import is_syllable

_OURS: Final = (
    "ÀÁÂÃÈÉÊÌÍÒÓÔÕÙÚÝàáâãèéêìíòóôõùúýĂăĐđĨĩŨũƠơƯư" + "".join(map(chr, range(0x1EA0, 0x1EFA))) + "‘’“”–—…•°²³"
)
HIDDEN: Final = (
    "\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\u061c\u180e\u034f\ufe00-\ufe0f"
    "\u3164\u115f\u1160"
)
"""Characters that show nothing, as a class of a regular expression; the soft hyphen is a letter of TCVN3."""

BETWEEN: Final = "\x1f"
"""Stands between the cells of a column where one look is for all of them."""

OTHER: Final = f"[^{BETWEEN} -~{_OURS}]"
"""Anything but ASCII and the letters of Vietnamese, composed."""

_UPPER: Final = "ÀÁÂÃÈÉÊÌÍÒÓÔÕÙÚÝ"
LOST_LETTERS: Final = rf"\p{{L}}\?\p{{L}}|(?:^|[\s{BETWEEN}])\?\p{{L}}|\p{{L}}\?\s+\p{{L}}+\?|\x{{fffd}}"


@lru_cache(maxsize=1)
def strange() -> str:
    """What makes a cell worth a look, as a regular expression of polars."""
    pairs = "|".join(telltale_pairs())
    return rf"{OTHER}|\p{{Ll}}[{_UPPER}]|(?i:{pairs})|{LOST_LETTERS}"


_TWINS: Final = dict(
    zip(
        "АВЕКМНОРСТУХІЈЅҮаеорсухіјѕһԁԛԝүΑΒΕΖΗΙΚΜΝΟΡΤΥΧονακιρıɑɡ",
        "ABEKMHOPCTYXIJSYaeopcyxijshdqwyABEZHIKMNOPTYXovakipiag",
        strict=True,
    )
)
_EITHER: Final = {"υ": "uy"}
"""Looks like two of ours: the syllable decides."""

_STROKED: Final = str.maketrans("ÐƉðɖ", "ĐĐđđ")
_LATIN_NAMES: Final = ("LATIN ", "FEMININE ORDINAL", "MASCULINE ORDINAL", "MICRO SIGN")
_SOFT_HYPHEN: Final = "\u00ad"
_WORD: Final = re.compile(r"(?:[^\W\d_][\u0300-\u036f\u0335\u0336]*)+")
_FOREIGN_MARK: Final = re.compile(r"([Dd])[\u0335\u0336]")
_HIDDEN: Final = re.compile(f"[{HIDDEN}]+")
_LOST: Final = re.compile(r"[^\W\d_]\?[^\W\d_]|(?:^|\s)\?[^\W\d_]|[^\W\d_]\?\s+[^\W\d_]+\?|\ufffd")


@dataclass(frozen=True)
class Judged:
    """One text: as it is with what is certain put right, and what is the matter with it."""

    text: str
    mended: bool = False
    """Letters were exchanged or hidden characters left out."""
    alike: bool = False
    """Among them letters of another script."""
    encodings: tuple[str, ...] = ()
    lost: bool = False
    """A question mark or a sign for it stands where a letter was."""
    foreign: bool = False
    """Letters of another script that are no look-alikes."""
    mixed: bool = False
    """Some of them in one word with Latin ones."""


@lru_cache(maxsize=50_000)
def judge(text: str) -> Judged:
    """What a text in NFC with its blanks folded says, and what is strange about it."""
    said = _visible(_narrow(text))
    latin, foreign = _latin(said)
    shown = latin.replace(_SOFT_HYPHEN, "")
    letters = shown.translate(_STROKED)
    sound = _is_sound(letters) and (shown == latin or all(map(is_syllable, _WORD.findall(letters))))
    if not foreign and not sound and (encodings := readings(text)):
        return Judged(text, encodings=encodings)
    return Judged(
        letters,
        mended=letters != text,
        alike=latin != said or letters != shown,
        lost=bool(_LOST.search(letters)),
        foreign=foreign,
        mixed=foreign and _is_mixed(letters),
    )


def encodings_of(cells: Mapping[str, Judged], column: Iterable[str]) -> dict[str, str]:
    """Text → encoding of the texts of a column, ``cells`` being its strange ones.

    A text that could be of several is of the column's commonest; where that is most of the column's, a text
    that is Vietnamese both ways is of it too.
    """
    votes = Counter(name for judged in cells.values() for name in judged.encodings)
    found = {
        text: max(judged.encodings, key=lambda name: (votes[name], -judged.encodings.index(name)))
        for text, judged in cells.items()
        if judged.encodings
    }
    if not found:
        return {}
    common = Counter(found.values()).most_common(1)[0][0]
    others = [t for t in column if not t.isascii() and t not in cells]
    unicode = sum(not _is_old(t) for t in others)
    if len(found) > unicode:
        found |= {t: common for t in others if _is_old(t) and common in readings(t)}
    return found


def _is_old(text: str) -> bool:
    """Whether it may be of an encoding of one byte a letter."""
    return all(ord(char) <= 0xFF for char in text)


def _is_sound(text: str) -> bool:
    """Vietnamese as it stands, and without the signs of letters that were taken for others."""
    odd = any(one.islower() and two in _UPPER for one, two in pairwise(text))
    return not odd and is_vietnamese(text) and all(c.isascii() or c in _OURS for c in text)


def _narrow(text: str) -> str:
    """Full-width and other forms of ASCII's own characters → these."""
    if all(ord(c) < 0xFF00 for c in text):
        return text
    return "".join(unicodedata.normalize("NFKC", c) if _is_form(ord(c)) else c for c in text)


def _is_form(code: int) -> bool:
    return 0xFF01 <= code <= 0xFF5E or 0x1D400 <= code <= 0x1D7FF


def _visible(text: str) -> str:
    """Without hidden characters; one that stands for a blank between two words becomes it."""
    if not _HIDDEN.search(text):
        return text
    parts = _HIDDEN.split(text)
    said = parts[0]
    for part in parts[1:]:
        before, after = re.search(r"[^\W\d_]*$", said), re.match(r"[^\W\d_]*", part)
        one, two = before[0] if before else "", after[0] if after else ""
        apart = one and two and not is_syllable(one + two) and is_syllable(one) and is_syllable(two)
        said += (" " if apart else "") + part
    return unicodedata.normalize("NFC", said)


def _latin(text: str) -> tuple[str, bool]:
    """(text with the look-alikes of Latin letters exchanged, whether letters of another script remain)."""
    text = _FOREIGN_MARK.sub(lambda m: "Đ" if m[1] == "D" else "đ", text)
    if all(_is_latin(c) for c in text):
        return text, False
    latin = any(c.isalnum() and _is_latin(c) for c in text)
    said = _WORD.sub(lambda m: _word(m[0], latin), text)
    return unicodedata.normalize("NFC", said), any(not _is_latin(c) for c in said)


def _is_mixed(text: str) -> bool:
    words = [[_is_latin(c) for c in word] for word in _WORD.findall(text)]
    return any(any(word) and not all(word) for word in words)


def _word(word: str, among_latin: bool) -> str:
    if all(_is_latin(c) for c in word):
        return word
    spellings = [""]
    for char in word:
        twins = _EITHER.get(char) or _TWINS.get(char) or (char if _is_latin(char) else "")
        spellings = [spelling + twin for spelling in spellings for twin in twins]
    spellings = [unicodedata.normalize("NFC", s) for s in spellings]
    sure = [s for s in spellings if is_syllable(s)] or spellings
    mixed = any(c.isalpha() and _is_latin(c) for c in word)
    return sure[0] if len(sure) == 1 and (mixed or among_latin) else word


@lru_cache(maxsize=4096)
def _is_latin(char: str) -> bool:
    if char.isascii() or unicodedata.category(char) not in ("Lu", "Ll", "Lt", "Lo"):
        return True
    return char not in _TWINS and unicodedata.name(char, "").startswith(_LATIN_NAMES)
