"""The levels of each column's name, from one to three rows of captions.

A group's caption stands above its first column, or begins late; whoever draws merged cells may say how far it
reaches, and where they do not, the captions below say it: each belongs to the group on its left.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from producers.layouts.vocabulary import plain
from producers.text import nfc

Row = Mapping[int, str]
"""Column number → text, of one row."""

Span = tuple[int, int, int]
"""Level, first and last column of a merged cell."""

_DATA: Final = re.compile(r"[0-9]{4,}|[0-9]{1,2}[/.\-][0-9]{1,2}[/.\-][0-9]{2,4}")
_OTHERS: Final = re.compile(r"\b(cha|bố|mẹ|phụ huynh|giám hộ|đỡ đầu|gia đình|người đón|người thân)\b")
_KEY: Final = re.compile(r"^[A-Za-z_][A-Za-z0-9_.]*$")


def levels(rows: Sequence[Row], spans: Sequence[Span] = ()) -> dict[int, tuple[str, ...]]:
    """Column → its captions, outermost first; a column that nothing names is not there."""
    filled = [dict(row) for row in rows]
    for level, first, last in spans:
        for column in range(first + 1, last + 1):
            filled[level].setdefault(column, rows[level][first])
    starts = [{c: c for c in row} for row in rows]
    columns = sorted({c for row in filled for c in row})
    for level in range(len(rows) - 1):
        for c in columns:
            if c not in filled[level] and c - 1 in filled[level] and _below(rows, level, c, c - 1):
                filled[level][c] = filled[level][c - 1]
                starts[level][c] = starts[level].get(c - 1, c - 1)
    for level in range(len(rows) - 2, 0, -1):
        _late_groups(rows[level - 1], filled[level - 1], starts[level])
    return {c: path for c in columns if (path := _path([row.get(c) for row in filled]))}


def _below(rows: Sequence[Row], level: int, *columns: int) -> bool:
    """Whether each column has a caption of its own further down."""
    return all(any(c in row for row in rows[level + 1 :]) for c in columns)


def _late_groups(above: Row, filled: dict[int, str], starts: Mapping[int, int]) -> None:
    """A group that begins above the midst of a group below holds all of it."""
    runs: dict[int, list[int]] = {}
    for column, start in starts.items():
        runs.setdefault(start, []).append(column)
    for start, columns in runs.items():
        late = [c for c in columns if c != start and c in above]
        if len(late) == 1 and start not in above:
            filled.update(dict.fromkeys((c for c in columns if c < late[0]), above[late[0]]))


def _path(texts: Sequence[str | None]) -> tuple[str, ...]:
    path: list[str] = []
    for text in texts:
        caption = nfc(text or "")
        if caption and not (path and plain(path[-1]) == plain(caption)):
            path.append(caption)
    return tuple(path)


def is_level(above: Row, row: Row) -> bool:
    """Whether ``row`` holds captions below those of ``above``: each stands under a group or beside one.

    A record has something under captions that have no group.
    """
    beside = {c for c in row if c not in above}
    if not beside or any(_DATA.search(text) for text in row.values()):
        return False
    alone = [c for c in row if c in above and c + 1 not in beside]
    edges = [c for c in beside if c - 1 not in row and c + 1 not in row]
    return not alone and not edges


def of_others(above: Row, row: Row) -> int:
    """How many captions stand below a group of other persons than the record's: theirs are no captions of the
    record, whatever they are called."""
    below = 0
    for start, text in above.items():
        following = min((c for c in above if c > start), default=max(row) + 1)
        under = sum(column in row for column in range(start, following))
        if under > 1 and _OTHERS.search(nfc(text).lower()):
            below += under
    return below


def is_keys(above: Row, row: Row) -> bool:
    """Whether ``row`` holds a program's own names of the columns above it."""
    named = [c for c in row if c in above]
    keys = all(_KEY.match(text.strip()) for text in row.values())
    return keys and len(named) == len(row) and 2 * len(row) > len(above)


def is_numbering(columns: Sequence[int], row: Row) -> bool:
    """Whether ``row`` only numbers the columns: 1, 2, 3 … or (1), (2), (3) …, or A, B, 1, 2 …"""
    said = [row[c].strip().strip("()").removesuffix(".0") for c in sorted(row)]
    numbers = [int(text) for text in said if text.isdecimal() and len(text) < 4]
    letters = [text for text in said if len(text) == 1 and text.isalpha()]
    if len(numbers) + len(letters) != len(said) or len(numbers) < 3 or 2 * len(said) < len(columns):
        return False
    return numbers == list(range(numbers[0], numbers[0] + len(numbers))) and numbers[0] <= 1 + len(letters)
