"""What the cells of a workbook show: shared texts, numbers and dates by their formats, escaped characters."""

import re
import zipfile
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from producers.adapters.grid import MAX_CHARS, MAX_COLUMNS, TooMuch

LARGEST_EXACT: Final = 10**15
"""Excel keeps 15 digits of a number."""

EPOCH: Final = datetime(1899, 12, 30)
EPOCH_1904: Final = datetime(1904, 1, 1)
LAST_DAY: Final = 2_958_466
"""The end of year 9999."""

_ESCAPE: Final = re.compile(r"_x([0-9A-Fa-f]{4})_")
_BRACKETS: Final = re.compile(r"\[[^\]]*\]")
_PLACES: Final = re.compile(r'((?:"[0-9]*"|\\[0-9])*)([0#? -]+)')
_QUOTED: Final = re.compile(r'"[^"]*"|\\.|_.|\[[^\]]*\]')


@dataclass
class Book:
    """A workbook under way: what its cells refer to, and how much has been read."""

    archive: zipfile.ZipFile
    texts: list[str] = field(default_factory=list)
    formats: list[str] = field(default_factory=list)
    """Number format of each style; a built-in date is ``d``."""
    epoch: datetime = EPOCH
    chars: int = 0
    elements: int = 0
    """Of all worksheets so far."""

    def taken(self, text: str) -> str:
        """The text of a cell that counts. Raises TooMuch."""
        self.chars += len(text)
        if self.chars > MAX_CHARS:
            raise TooMuch
        return text


def text_of(book: Book, kind: str, style: str, value: str) -> str:
    """What a cell of a kind (attribute ``t``) and a style shows. Raises ValueError, IndexError."""
    match kind:
        case "s":
            if "-" in value:  # Python would count from the end
                raise ValueError(value)
            return book.texts[int(value)] if value else ""
        case "b":
            return {"1": "true", "0": "false"}.get(value, value)
        case "n":
            return _number(book, value.strip(), style) if value else ""
        case _:  # inlineStr, str, e, d
            return unescaped(value)


def _number(book: Book, value: str, style: str) -> str:
    form = book.formats[int(style)] if style and book.formats else ""
    return number_text(float(value), form, book.epoch)


def number_text(number: float, form: str, epoch: datetime) -> str:
    """What a number format makes of a number, where it matters. Raises OverflowError, ValueError."""
    if is_date(form) and 0 <= number < LAST_DAY:
        moment = moment_of(number, epoch)
        return moment.isoformat(" ") if moment.time().isoformat() != "00:00:00" else moment.date().isoformat()
    if abs(number) >= LARGEST_EXACT:
        return f"{number:.14E}"
    if not number.is_integer():
        return repr(number)
    digits = str(int(number))
    if not form or number < 0 or (places := _places(form)) is None:
        return digits
    before, width = places
    return before + digits.zfill(width)


@lru_cache(1024)
def _places(form: str) -> tuple[str, int] | None:
    """What a number format of digits alone shows: (digits in quotes before the number, its least digits).

    ``0000000000``, ``0#########`` and ``"0"000000000`` show 626000001 as 0626000001; None for other forms.
    """
    first = _BRACKETS.sub("", form.split(";")[0])
    found = _PLACES.fullmatch(first)
    if found is None:
        return None
    places = re.sub("[ -]", "", found[2]).lstrip("#?")
    return re.sub(r'["\\]', "", found[1]), len(places)


def moment_of(number: float, epoch: datetime) -> datetime:
    """Days since the epoch, to the second."""
    return epoch + timedelta(seconds=round(number * 86_400))


@lru_cache(1024)
def is_date(form: str) -> bool:
    """Whether a number format shows a date or a time."""
    bare = _QUOTED.sub("", form.lower())
    return bare != "general" and any(c in bare for c in "dmyhs")


@lru_cache(MAX_COLUMNS)
def column_number(letters: str) -> int:
    """AL → 38."""
    number = 0
    for c in letters:
        if not "A" <= c <= "Z":
            raise ValueError(letters)
        number = number * 26 + ord(c) - 64
    if not 0 < number <= MAX_COLUMNS:
        raise ValueError(letters)
    return number


def unescaped(text: str) -> str:
    """``_x000D_`` is how a workbook writes a character that XML does not take."""
    if "_x" not in text:
        return text
    return _ESCAPE.sub(lambda m: _character(int(m[1], 16)), text)


def _character(code: int) -> str:
    return "\ufffd" if 0xD800 <= code < 0xE000 else chr(code)
