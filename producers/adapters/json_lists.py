"""JSON that is no packet, as sheets: each list of objects, its members' paths above their values.

What vendors' services answer: a list, lists within an object, lists grouped under a heading. Row 0 of a sheet
has the paths, levels joined by `` > ``; row n the n-th object of all lists at that place. What stands beside
the outermost lists (``maTruongHoc``, ``namHoc``) is a title of each, in row -1.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from producers.adapters.grid import MAX_AREA, MAX_CHARS, MAX_NAMES, Cells, TooMuch
from producers.adapters.said_twice import Path, Twice, loads
from schemas.errors import Problem, SourceLocation
from schemas.pointers import pointer

LEVEL: Final = " > "
WHOLE: Final = "[]"
"""Name of the list that is all of a file."""

TITLES: Final = -1
LONGEST: Final = 40
"""Of what is taken for a title: codes and years, no texts."""

Found = tuple[list[Cells], list[Problem]]


@dataclass
class _List:
    """All objects at one place; ``columns``: path → number."""

    columns: dict[str, int] = field(default_factory=dict)
    rows: dict[int, dict[int, str]] = field(default_factory=dict)


def read(source: str, data: bytes) -> Found:
    """(sheets, what stands where an object is due, and objects that say a member twice). ``data`` is well
    formed. Raises TooMuch, RecursionError."""
    reader = _Reader(source)
    value, _ = loads(data)
    reader.take(value, "", ())
    sheets = []
    for name, found in reader.lists.items():
        head = {number: path for path, number in found.columns.items()}
        if head:
            above = {TITLES: {1: "; ".join(reader.beside)}} if reader.beside else {}
            sheets.append(Cells(name or WHOLE, False, {**above, 0: head, **found.rows}))
    return sheets, reader.problems


class _Reader:
    def __init__(self, source: str) -> None:
        self.lists: dict[str, _List] = {}
        self.problems: list[Problem] = []
        self.beside: list[str] = []
        self._source = source
        self._chars = 0

    def take(self, value: Any, path: str, steps: Path) -> None:
        """What stands at a path, from the outermost object or list on."""
        if isinstance(value, list) and any(isinstance(item, dict) for item in value):
            self._list(value, path, steps)
        elif isinstance(value, dict):
            self._twice(value, path, 0, steps)
            for name, member in value.items():
                self.take(member, _below(path, name), (*steps, name))
                if isinstance(member, str) and len(member) <= LONGEST:
                    self.beside.append(f"{name}: {member}")

    def _list(self, items: list[Any], path: str, steps: Path) -> None:
        found = self.lists.setdefault(path, _List())
        for at, item in enumerate(items):
            row = len(found.rows) + 1
            cells = found.rows[row] = {}
            if not isinstance(item, dict):
                self._problem(
                    "FILE-007", path, row, (*steps, at), found=_kind(item), due="đối tượng/object {}"
                )
                continue
            for name, text in self._texts(item, "", path, row, (*steps, at)):
                column = found.columns.setdefault(name, len(found.columns) + 1)
                cells[column] = text
                self._chars += len(text)
            many = len(found.columns)
            if many > MAX_NAMES or row * many > MAX_AREA or self._chars > MAX_CHARS:
                raise TooMuch

    def _texts(
        self, item: dict[str, Any], within: str, path: str, row: int, steps: Path
    ) -> Iterator[tuple[str, str]]:
        """Members that are values; lists of objects among them are sheets of their own."""
        self._twice(item, path, row, steps)
        for name, value in item.items():
            inner = _below(within, name)
            if isinstance(value, dict):
                yield from self._texts(value, inner, path, row, (*steps, name))
            elif isinstance(value, list) and any(isinstance(part, dict) for part in value):
                self._list(value, _below(path, inner), (*steps, name))
            elif value is not None and value != []:
                yield inner, _text(value)

    def _twice(self, value: dict[str, Any], path: str, row: int, steps: Path) -> None:
        for name in value.names if isinstance(value, Twice) else ():
            self._problem("FILE-008", path, row, (*steps, name), name=name)

    def _problem(self, code: str, path: str, row: int, steps: Path, **params: str) -> None:
        place = SourceLocation(self._source, path or WHOLE, row, pointer=pointer(steps))
        self.problems.append(Problem(code, place, params))


def _below(path: str, name: str) -> str:
    return f"{path}{LEVEL}{name}" if path else name


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_text(part) for part in value if part is not None)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _kind(value: Any) -> str:
    return "danh sách/list []" if isinstance(value, list) else "giá trị/value"
