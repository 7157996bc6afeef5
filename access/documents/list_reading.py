"""A Form 2 list as somebody sends it, Word file or workbook → its lines, each with its place.

The table is found by its captions; what else stands in the file is left alone. Pure.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from access.documents.fields import LEVELS
from access.documents.form2 import LINE_CAPTIONS, Line
from producers.text import fold, nfc
from schemas.errors import Problem, ProblemList, SourceLocation

NO_LIST: Final = "FORM-079"
NO_COLUMN: Final = "FORM-080"
COLUMN_TWICE: Final = "FORM-081"
HIDDEN: Final = "FORM-083"

SYNONYMS: Final = {
    "school": ("Mã đơn vị",),
    "name": ("Tên đơn vị", "Trường", "Đơn vị"),
    "levels": ("Cấp",),
    "software": ("Tên phần mềm", "Tên phần mềm đang sử dụng", "Phần mềm đang sử dụng"),
    "vendor": ("Đơn vị cung cấp", "Đơn vị cung cấp và hỗ trợ"),
    "account": ("Tài khoản",),
    "officer": ("Họ tên cán bộ phụ trách",),
    "form1_number": ("Mẫu số 1", "Số công văn", "Số Mẫu số 1"),
    "contract_confirmed": ("Hợp đồng", "Đã có hợp đồng"),
}
FEWEST: Final = 4
"""Known captions, as whole cells of one row, that make it the header."""

_LEVEL_WORDS: Final = {
    "mầm non": "MN",
    "tiểu học": "TH",
    "trung học cơ sở": "THCS",
    "trung học phổ thông": "THPT",
}
_YES: Final = frozenset(map(fold, ("có", "đã ký", "đã có", "x", "✓", "rồi")))
_NO: Final = frozenset(map(fold, ("chưa", "không", "chưa ký", "chưa có")))
_TOTAL: Final = re.compile(r"(?i)tổng (?:số|cộng)[^0-9]{0,30}([0-9]{1,5})")

Rows = list[tuple[int, Mapping[int, str]]]


@dataclass(frozen=True)
class ListRead:
    """Lines with their row in the file and where it is; ``count``: how many it says that there are."""

    lines: tuple[Line, ...]
    places: tuple[SourceLocation, ...]
    count: int | None


def listed(tables: Iterable[tuple[str, Rows]], hidden: Collection[str], around: str, file: str) -> ListRead:
    """Of a file's tables (``list_file.py`` has them read): names of ``hidden`` ones, texts ``around`` them.

    Raises ProblemList with all that is wrong with the file's form: FORM-079 to 083.
    """
    tables = list(tables)
    if secret := [
        name for name, rows in tables if name in hidden and any(_header(cells) for _, cells in rows)
    ]:
        raise ProblemList([Problem(HIDDEN, SourceLocation(file, name)) for name in secret])
    lines: list[Line] = []
    places: list[SourceLocation] = []
    problems: list[Problem] = []
    found = False
    for name, rows in tables:
        columns: dict[int, str] = {}
        for row, cells in rows:
            place = SourceLocation(file, name, row)
            if header := _header(cells):
                wrong = _wrong(header, place)
                found, columns = True, {} if wrong else header
                problems += wrong
            elif columns and (line := _line(cells, columns)) is not None:
                lines.append(line)
                places.append(place)
    if not found:
        problems.append(
            Problem(NO_LIST, SourceLocation(file), {"columns": ", ".join(LINE_CAPTIONS.values())})
        )
    if problems:
        raise ProblemList(problems)
    total = _TOTAL.search(nfc(around))
    return ListRead(tuple(lines), tuple(places), int(total[1]) if total else None)


def _captions() -> dict[str, str]:
    known = {name: (caption, *SYNONYMS[name]) for name, caption in LINE_CAPTIONS.items()}
    return {fold(caption): name for name, captions in known.items() for caption in captions}


_KNOWN: Final = _captions()


def _header(cells: Mapping[int, str]) -> dict[int, str]:
    """Column → field, of a row that is a header; of any other nothing."""
    found = {at: _KNOWN[fold(text)] for at, text in cells.items() if len(text) < 100 and fold(text) in _KNOWN}
    return found if len(set(found.values())) >= FEWEST else {}


def _wrong(header: Mapping[int, str], place: SourceLocation) -> list[Problem]:
    there = list(header.values())
    problems = []
    for name, caption in LINE_CAPTIONS.items():
        at = SourceLocation(place.file, place.sheet, place.row, name)
        if there.count(name) != 1:
            problems.append(Problem(COLUMN_TWICE if name in there else NO_COLUMN, at, {"column": caption}))
    return problems


def _line(cells: Mapping[int, str], columns: Mapping[int, str]) -> Line | None:
    """None of a row that holds nothing but a total."""
    said = {name: nfc(cells.get(at, "")) for at, name in columns.items()}
    if not any(said.values()):
        return None
    if not said["school"] and any(_TOTAL.match(text) for text in map(nfc, cells.values())):
        return None
    contract = fold(said.pop("contract_confirmed"))
    confirmed = True if contract in _YES else False if contract in _NO else None
    return Line(levels=_levels(said.pop("levels")), contract_confirmed=confirmed, **said)


def _levels(text: str) -> tuple[str, ...]:
    if word := _LEVEL_WORDS.get(text.lower()):
        return (word,)
    found = [part for part in re.split(r"[-–,;/+&\s]+", text.upper()) if part]
    order = {level: at for at, level in enumerate(LEVELS)}
    return tuple(sorted(found, key=lambda level: order.get(level, len(order))))
