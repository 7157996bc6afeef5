"""A Form 2 list as somebody sends it, Word file or workbook → its lines, each with its place.

The file is read apart (``list_cells.py``). The table is found by its captions; what else stands in the file
is left alone.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from access.documents import list_cells, packages
from access.documents.fields import LEVELS
from access.documents.form2 import LINE_CAPTIONS, Line
from access.documents.list_cells import HIDDEN
from producers.text import fold, nfc
from runtime.apart import Apart, Bounds, Stopped
from schemas.errors import Problem, ProblemList, SourceLocation

NO_LIST: Final = "FORM-079"
NO_COLUMN: Final = "FORM-080"
COLUMN_TWICE: Final = "FORM-081"

READER: Final = Apart(list_cells.__name__, at_once=1)
BOUNDS: Final = Bounds(memory=1024 * 1024 * 1024, seconds=60, answer=64 * 1024 * 1024)
"""A list of 2,000 schools takes a tenth of a second and 10 MiB."""

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


def read(data: bytes, file: str) -> ListRead:
    """Raises ProblemList with all that is wrong with the file's form: FORM-074 to 083."""
    try:
        answer = json.loads(bytes(READER.ask(json.dumps(file).encode(), data, BOUNDS)))
    except Stopped:
        raise ProblemList([Problem(packages.TOO_MUCH, SourceLocation(file))]) from None
    if refused := answer.get("refused"):
        raise ProblemList([Problem(code, SourceLocation(file, sheet)) for code, sheet in refused])
    tables: list[tuple[str, Rows]] = [
        (name, [(row, dict(cells)) for row, cells in rows]) for name, rows in answer["tables"]
    ]
    if hidden := [
        name for name, rows in tables if name in answer["hidden"] and any(_header(c) for _, c in rows)
    ]:
        raise ProblemList([Problem(HIDDEN, SourceLocation(file, name)) for name in hidden])
    return _listed(tables, answer["around"], file)


def _listed(tables: Iterable[tuple[str, Rows]], around: str, file: str) -> ListRead:
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
