"""What stands in a signed PDF against what the act says of it: difference by difference. Pure.

The text comes from whatever wrote the PDF: words may be cut anywhere, and a tone may stand on either vowel.
So blanks and tones are left out on both sides; letters and numbers are compared. What stands in the document
is not repeated: it may name a person.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Final

from access.documents.fields import bare_area
from access.documents.form1 import CAPTIONS
from access.documents.form2 import CAPTIONS as FORM2_CAPTIONS
from access.documents.signed_pdf import Findings
from schemas.errors import Problem, SourceLocation

NO_NUMBER: Final = "FORM-055"
NO_DAY: Final = "FORM-056"
OTHER_AREA: Final = "FORM-057"
OTHER_COUNT: Final = "FORM-058"
NO_SCHOOL: Final = "FORM-059"
EXTRA: Final = "FORM-060"

_TONES: Final = dict.fromkeys(map(ord, "\u0300\u0301\u0303\u0309\u0323"))
_CODE: Final = re.compile(r"(?<![0-9A-Za-z])[0-9A-Z]{6,20}(?![0-9A-Za-z])")


@dataclass(frozen=True)
class Due:
    """What a document must say: number, date, and each of these schools (code → name) by one of the two.

    ``area``: the district or commune, ``count``: how many schools; "" and None where the act does not know.
    ``whole``: these are all schools that it may name.
    """

    number: str
    day: date
    schools: tuple[tuple[str, str], ...]
    area: str = ""
    count: int | None = None
    whole: bool = False


def can_be_compared(found: Findings) -> bool:
    """Whether it has a text on every page that says something: of a scan only people can say what it says."""
    return not found.unread and any(map(str.isalnum, found.text))


def differences(
    found: Findings, due: Due, is_school: Callable[[str, date], bool], file: str = ""
) -> list[Problem]:
    """All differences; none where ``can_be_compared`` is false."""
    if not can_be_compared(found):
        return []
    text = _plain(found.text)
    lines = "\n".join(map(_plain, found.text.splitlines()))
    place = SourceLocation(file)
    problems = []
    if not (_numbered(lines, due.number) or _numbered(text, due.number)):
        problems.append(_at(place, "number", NO_NUMBER))
    if not (_dated(lines, due.day) or _dated(text, due.day)):
        problems.append(_at(place, "day", NO_DAY, due=f"{due.day:%d/%m/%Y}"))
    if due.area and _plain(bare_area(due.area)) not in text:
        problems.append(_at(place, "area", OTHER_AREA, due=due.area))
    if due.count is not None and {int(total) for total in _total().findall(lines)} != {due.count}:
        problems.append(_at(place, "count", OTHER_COUNT, due=due.count))
    codes = set(_CODE.findall(found.text))
    for code, name in due.schools:
        if code not in codes and not _named(text, code, name):
            problems.append(_at(place, "school", NO_SCHOOL, school=code, due=name))
    if due.whole:
        own = {code for code, _ in due.schools}
        others = sorted(code for code in codes - own if is_school(code, due.day))
        problems += [_at(place, "school", EXTRA, school=code) for code in others]
    return problems


def _plain(text: str) -> str:
    letters = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).lower()).translate(_TONES)
    return "".join(unicodedata.normalize("NFC", letters).replace("y", "i").split())


def _numbered(text: str, number: str) -> bool:
    return re.search(rf"(?<![0-9]){re.escape(_plain(number))}(?![0-9])", text) is not None


def _dated(text: str, day: date) -> bool:
    d, m, y = day.day, day.month, day.year
    words = rf"{_plain('ngày')}0?{d}{_plain('tháng')}0?{m}{_plain('năm')}{y}(?![0-9])"
    return re.search(rf"{words}|(?<![0-9])0?{d}[/.-]0?{m}[/.-]{y}(?![0-9])", text) is not None


@cache
def _total() -> re.Pattern[str]:
    """How many schools it says that there are."""
    return re.compile(rf"(?:{_plain('tổng số')}|{_plain('tổng cộng')})[^0-9]{{0,30}}?([0-9]{{1,5}})(?![0-9])")


def _named(text: str, code: str, name: str) -> bool:
    return _plain(code) in text or (bool(name.strip()) and _once(text, _plain(name)))


def _once(text: str, name: str) -> bool:
    """A school's name, and not the beginning of another's that has a number behind it."""
    return re.search(rf"{re.escape(name)}(?![0-9])", text) is not None


def _at(place: SourceLocation, field: str, code: str, **params: object) -> Problem:
    at = SourceLocation(place.file, place.sheet, place.row, field)
    captions = {"school": CAPTIONS["school"], **FORM2_CAPTIONS}
    return Problem(code, at, {"field": captions[field], **params})
