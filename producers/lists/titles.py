"""What titles and sheet names say of a list: school year, term, school, class."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from producers.text import nfc

_YEARS: Final = re.compile(r"(?<![0-9])(20[0-9]{2})\s*[-–—/_]\s*(20[0-9]{2}|[0-9]{2})(?![0-9])")
_YEAR: Final = re.compile(r"(?:NĂM HỌC|NH|NAMHOC|SCHOOLYEAR)\s*:?\s*(20[0-9]{2})(?![0-9])")
_SCHOOL: Final = re.compile(
    r"(?:MÃ(?: TRƯỜNG| ĐƠN VỊ)?|MATRUONG(?:HOC)?|SCHOOLCODE)\s*:?\s*([0-9]{10}|[0-9]{8})(?![0-9])"
)
_TERM: Final = re.compile(r"(?:HỌC K[ỲÌ]|\bHK)\s*\.?:?\s*(III?|I|[12])\b|(CẢ NĂM)\b")
_TERMS: Final = {"I": "1", "1": "1", "II": "2", "2": "2", "III": "3"}
_WHOLE_YEAR: Final = "3"
_CLASS: Final = re.compile(
    r"(?<!SỐ )\bLỚP\s*:?\s*"
    r"([0-9]{1,2}(?:\s?[A-ZĐ][A-ZĐ0-9]{0,4}|\s?[./_\-]\s?[A-ZĐ0-9]{1,5})?)(?![A-ZĐ0-9./])"
)
_CLASS_ALONE: Final = re.compile(r"^(?:DANH SÁCH(?: HỌC SINH| TRẺ)?\s+)?LỚP\s*:?\s*([^:]{1,24})$")
_SHEET: Final = re.compile(r"^(?:LỚP\s*)?([0-9]{1,2}(?:\s?[A-ZĐ][A-ZĐ0-9]{0,5}|\s?[._\-]\s?[A-ZĐ0-9]{1,5}))$")


_ANOTHER_KIND: Final = re.compile(
    r"\b(?:BẢNG ĐIỂM|SỔ ĐIỂM|PHIẾU ĐIỂM|NHẬN XÉT|KẾT QUẢ (?:HỌC TẬP|RÈN LUYỆN|GIÁO DỤC|ĐÁNH GIÁ|THI)"
    r"|ĐIỂM DANH|CHUYÊN CẦN|SỨC KH(?:ỎE|OẺ)|KHÁM BỆNH|HỌC PHÍ|THU TIỀN|KHOẢN THU|BẢO HIỂM|PHÒNG THI|DỰ THI"
    r"|THÍ SINH|ĐƯA ĐÓN|TUYẾN XE|THỜI KH(?:ÓA|OÁ) BIỂU|KHEN THƯỞNG)\b"
)
"""What a title calls a list that is none of the records sent here."""


@dataclass(frozen=True)
class Said:
    """First years of school years, terms (1, 2, 3 the whole year), codes of schools, names of classes; each
    as often as it differs, in the order in which they stand."""

    years: tuple[int, ...] = ()
    terms: tuple[str, ...] = ()
    schools: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()


def read(texts: Iterable[str]) -> Said:
    """What the titles of a table say."""
    said: dict[str, list[str]] = {"years": [], "terms": [], "schools": [], "classes": []}
    for text in texts:
        whole = nfc(text)
        upper = whole.upper()
        years = [m[1] for m in _YEARS.finditer(upper) if _follows(m[1], m[2])]
        said["years"] += years or _YEAR.findall(upper)
        said["schools"] += _SCHOOL.findall(upper)
        said["terms"] += [_TERMS[m[1]] if m[1] else _WHOLE_YEAR for m in _TERM.finditer(upper)]
        said["classes"] += _classes(whole, upper)
    once = {name: dict.fromkeys(found) for name, found in said.items()}
    classes = {same_class(name): name for name in reversed(once["classes"])}
    return Said(
        tuple(int(y) for y in once["years"]),
        tuple(once["terms"]),
        tuple(once["schools"]),
        tuple(reversed(classes.values())),
    )


def _follows(first: str, second: str) -> bool:
    return int(second[-2:]) == (int(first) + 1) % 100


def _classes(whole: str, upper: str) -> list[str]:
    """Spelt as in the title: upper case has as many letters, but in few alphabets that are not ours."""
    if len(whole) != len(upper):
        whole = upper
    alone = _CLASS_ALONE.match(upper)
    found = [alone] if alone and not upper.endswith(("HỌC", "LỚP")) else list(_CLASS.finditer(upper))
    return [whole[m.start(1) : m.end(1)].strip() for m in found]


def another_kind(texts: Iterable[str]) -> str | None:
    """The words of a title that call its list something else than a list of records sent here."""
    found = (_ANOTHER_KIND.search(nfc(text).upper()) for text in texts)
    return next((m[0].capitalize() for m in found if m), None)


def class_of_row(text: str) -> str | None:
    """The class that a row of its own names: ``LỚP 1A``."""
    whole = nfc(text)
    upper = whole.upper()
    found = _CLASS_ALONE.match(upper)
    if not found or not upper.startswith("LỚP") or len(whole) != len(upper):
        return None
    name = re.split(r"\s*\(|\s+[-–—]\s+", whole[found.start(1) : found.end(1)])[0].strip()
    return name if name and not name.upper().startswith("HỌC") else None


def class_of_sheet(name: str) -> str | None:
    """The class that a sheet's name is: ``6A``, ``6_1``, ``Lớp 6a``."""
    whole = nfc(name)
    found = _SHEET.match(whole.upper())
    if found and len(whole) == len(whole.upper()):
        return whole[found.start(1) : found.end(1)].strip()
    return class_of_row(whole)


def same_class(name: str) -> str:
    """``6A1``, ``6/A1``, ``6_a1``, ``6 A1`` are one."""
    return re.sub(r"[\s./_\-]+", "", nfc(name)).lower()
