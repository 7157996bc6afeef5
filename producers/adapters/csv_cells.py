"""A csv file as rows of text: its separator, its lines, and quotes that swallow what stands below them."""

import csv
import io
import re
from collections import Counter
from collections.abc import Collection
from typing import Final

from producers.adapters.grid import MAX_AREA, TooMuch
from producers.adapters.sniff import MAX_BYTES
from producers.text import fold
from schemas.errors import Problem, ProblemList, SourceLocation

OPEN_QUOTE: Final = "FILE-025"
CUT_OFF: Final = "FILE-067"
FEWEST: Final = 3
"""Cells with something in them."""
SEPARATORS: Final = ";,\t|"
_AS_TEXT: Final = re.compile(r'="([^"]*)"')
"""How Excel is told to leave a number alone."""

csv.field_size_limit(MAX_BYTES)


def read(source: str, data: bytes, captions: Collection[str], head: int) -> list[tuple[int, list[str]]]:
    """(line, cells) of each row that holds something; ``captions`` are the folded ones, looked for in the
    first ``head`` lines. Raises TooMuch.

    Raises ProblemList where a quote is not closed (FILE-025: what stands below it would vanish in its cell),
    and where the file ends within its last row (FILE-067).
    """
    text = data.decode("utf-8")
    separator = _separator(text, captions, head)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    rows: list[tuple[int, list[str]]] = []
    line, cells = 1, 0
    try:
        for row in reader:
            if any(row):
                rows.append((line, [left_alone(c) for c in row]))
                cells += len(row)
                if cells > MAX_AREA:
                    raise TooMuch
            line = reader.line_num + 1
    except csv.Error:
        raise _open_quote(source, line) from None
    usual = Counter(len(row) for _, row in rows).most_common(1)
    if rows and not text.endswith(("\n", "\r")) and _ends_within(rows[-1][1], usual[0][0]):
        raise ProblemList([Problem(CUT_OFF, SourceLocation(source, row=rows[-1][0]))])
    many = max(2, (usual[0][0] - 1) * 3 // 4) if usual else 2
    for line, row in rows:
        if any("\n" in c and _holds_rows(c, separator, many) for c in row):
            raise _open_quote(source, line)
    return rows


def left_alone(cell: str) -> str:
    """What Excel shows of ``="0123"``."""
    return _AS_TEXT.sub(r"\1", cell) if cell.startswith('="') else cell


def _ends_within(last: list[str], usual: int) -> bool:
    """Whether the last row is a record of which the rest is missing; a total or a signature says less."""
    return FEWEST <= len(last) < usual and sum(1 for c in last if c) >= FEWEST


def _separator(text: str, captions: Collection[str], head: int) -> str:
    """The one that finds most captions in a line; addresses hold commas too."""
    lines = text[: 1024 * 1024].splitlines()[:head]

    def found(separator: str) -> tuple[int, int]:
        cells = [[fold(c.strip('" ')) for c in line.split(separator)] for line in lines]
        return max(sum(c in captions for c in row) for row in cells), max(map(len, cells))

    return max(SEPARATORS, key=found)


def _holds_rows(cell: str, separator: str, many: int) -> bool:
    return any(line.count(separator) >= many for line in cell.splitlines())


def _open_quote(source: str, line: int) -> ProblemList:
    return ProblemList([Problem(OPEN_QUOTE, SourceLocation(source, row=line), {"line": line})])
