"""Where tables stand on a sheet: rows of known captions, wherever they are, one to three rows deep."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import polars as pl

from producers.adapters.grid import TooMuch
from producers.adapters.sheets import Sheet
from producers.layouts.layout import LEVELS, Kind
from producers.layouts.vocabulary import Vocabulary, plain
from producers.lists import levels as names
from producers.lists.recognition import Match, Paths, matches, synonyms

MOST_ROWS: Final = 3
FIRST_ROWS: Final = 60
"""Rows in which any row may be a header; further down one has no cell that begins with a digit."""

MOST: Final = 0.6
MOST_HEADERS: Final = 100
"""Different rows of one sheet that may be headers."""
LEAST: Final = 2
"""Known captions, as whole cells, of a row that may be a header."""

_WITHOUT_LETTERS: Final = re.compile(r"^[\W0-9_]*$")


@dataclass(frozen=True)
class Header:
    """``top`` and ``bottom``: indexes of its rows in the sheet; ``paths``: column → levels of its caption;
    ``after``: index of the first row below that is not a part of it (it may number its columns)."""

    top: int
    bottom: int
    after: int
    paths: Paths
    score: float

    @property
    def rows(self) -> range:
        """Indexes of all rows of the header."""
        return range(self.top, self.after)


def headers(sheet: Sheet, captions: Vocabulary, kind: Kind = "sheet") -> list[Header]:
    """Every block of rows that may be a header, none over another, in the order of the sheet.

    Raises TooMuch where so many different rows may be headers that no list of a school is like it.
    """
    best: dict[tuple[str | None, ...], tuple[int, Header] | None] = {}
    found: dict[tuple[int, int], Header] = {}
    for anchor in _anchors(sheet, captions):
        content = sheet.cells.row(anchor)
        if content in best and (again := _again(sheet, anchor, best[content])):
            found[again.top, again.bottom] = again
            continue
        blocks = _blocks(sheet, anchor, captions, kind, found)
        best[content] = (anchor, max(blocks, key=lambda h: h.score)) if blocks else None
        if len(best) > MOST_HEADERS:
            raise TooMuch
    chosen: list[Header] = []
    taken: set[int] = set()
    for block in sorted(found.values(), key=lambda h: (-round(h.score, 3), len(h.rows), h.top)):
        if taken.isdisjoint(block.rows):
            chosen.append(block)
            taken.update(block.rows)
    return sorted(chosen, key=lambda h: h.top)


def _anchors(sheet: Sheet, captions: Vocabulary) -> list[int]:
    """Rows with known captions; further down, rows that hold little else."""
    found = []
    for index in _candidates(sheet):
        row = _row(sheet, index)
        known = _known_words(row, captions)
        if known >= LEAST and (index < FIRST_ROWS or known >= MOST * len(row)):
            found.append(index)
    return found


def _blocks(
    sheet: Sheet, anchor: int, captions: Vocabulary, kind: Kind, found: dict[tuple[int, int], Header]
) -> list[Header]:
    """The blocks of one to three rows that hold a row, added to those that were ``found``."""
    blocks = []
    for top in range(max(0, anchor - MOST_ROWS + 1), anchor + 1):
        for bottom in range(anchor, min(sheet.cells.height, top + MOST_ROWS)):
            block = found.get((top, bottom)) or _block(sheet, top, bottom, captions, kind)
            if block:
                found[top, bottom] = block
                blocks.append(block)
    return blocks


def _again(sheet: Sheet, anchor: int, earlier: tuple[int, Header] | None) -> Header | None:
    """The header that an earlier row of the same content is in, if all of its rows stand here again."""
    if earlier is None:
        return None
    at, header = earlier
    top, bottom = anchor + header.top - at, anchor + header.bottom - at
    if top < 0 or bottom >= sheet.cells.height or not _adjacent(sheet, top, bottom):
        return None
    rows = zip(range(header.top, header.bottom + 1), range(top, bottom + 1), strict=True)
    if any(sheet.cells.row(a) != sheet.cells.row(b) for a, b in rows):
        return None
    return replace(header, top=top, bottom=bottom, after=_after(sheet, bottom, header.paths))


def _candidates(sheet: Sheet) -> list[int]:
    digit = pl.any_horizontal(pl.all().str.contains(r"^\s*[0-9]").fill_null(False))
    several = pl.sum_horizontal(pl.all().is_not_null()) >= LEAST
    below = sheet.cells.select(~digit & several).to_series().arg_true().to_list()
    return sorted({*range(min(FIRST_ROWS, sheet.cells.height)), *below})


def _row(sheet: Sheet, index: int) -> dict[int, str]:
    cells = zip(sheet.cells.columns, sheet.cells.row(index), strict=True)
    return {int(name): text for name, text in cells if text}


def _known_words(row: Mapping[int, str], captions: Vocabulary) -> int:
    words = {plain(text) for text in row.values() if not _WITHOUT_LETTERS.match(text)}
    return len(words & captions.words)


def _block(sheet: Sheet, top: int, bottom: int, captions: Vocabulary, kind: Kind) -> Header | None:
    """The rows as a header, None where one of them does not belong to it."""
    rows = [_row(sheet, row) for row in range(top, bottom + 1)]
    if not _adjacent(sheet, top, bottom):
        return None
    spans = [
        (sheet.rows.index(row) - top, first, last)
        for row, first, last in sheet.spans
        if sheet.rows[top] <= row <= sheet.rows[bottom] and row in sheet.rows
    ]
    spans = [s for s in spans if s[1] in rows[s[0]]]
    keys = len(rows) > 1 and names.is_keys(rows[-2], rows[-1])
    paths = names.levels(rows, spans)
    levels = sum(names.is_level(above, row) for above, row in pairwise(rows))
    if len(rows) > 1 and not keys and not levels and not _deep(paths, captions):
        return None
    score = _explained(paths, captions, kind)
    if keys:
        without = names.levels(rows[:-1], [s for s in spans if s[0] < len(rows) - 1])
        if (other := _explained(without, captions, kind)) >= score:
            paths, score = without, other
    elif len(rows) > 1:
        score += 0.3 * (levels - (len(rows) - 1)) + 0.2 * levels
        if _known_words(rows[-1], captions) >= LEAST:
            score += names.of_others(rows[-2], rows[-1])
    if score < LEAST - 0.5:
        return None
    return Header(top, bottom, _after(sheet, bottom, paths), paths, score)


def _deep(paths: Paths, captions: Vocabulary) -> bool:
    """Whether a caption of several levels is known as a whole."""
    deep = [path for path in paths.values() if len(path) > 1]
    return any(captions.known(p) or LEVELS.join(map(plain, p)) in captions.synonyms for p in deep)


def _after(sheet: Sheet, bottom: int, paths: Paths) -> int:
    """The first row below the header that does not only number its columns."""
    after = bottom + 1
    numbers = after < sheet.cells.height and names.is_numbering(list(paths), _row(sheet, after))
    return after + 1 if numbers else after


def _adjacent(sheet: Sheet, top: int, bottom: int) -> bool:
    return sheet.rows[bottom] - sheet.rows[top] == bottom - top


def _explained(paths: Paths, captions: Vocabulary, kind: Kind) -> float:
    """How many captions one layout explains, or synonyms do."""
    ranked = matches(paths, captions, kind)
    by_layout = ranked[0].score + _groups(paths, captions, ranked[0]) if ranked else 0.0
    kinds: Counter[str] = Counter()
    for path in paths.values():
        kinds.update({s.record_type for s in synonyms(path, captions) if s.record_type})
    return max(by_layout, 0.9 * max(kinds.values(), default=0))


def all_known(sheet: Sheet, header: Header, captions: Vocabulary) -> bool:
    """Whether most of what stands in a header's rows is a caption: a record may hold one or two by chance."""
    row = _row(sheet, header.bottom)
    return _known_words(row, captions) >= MOST * len(row)


def _groups(paths: Paths, captions: Vocabulary, match: Match) -> float:
    """What captions of groups add that the layout knows as one column."""
    rest = {path[:1] for c, path in paths.items() if c not in match.columns and len(path) > 1}
    known = {k.column for path in rest for k in captions.known(path) if k.layout == match.layout}
    return 0.9 * len(known - set(match.distinct))


def same_place(header: Header, other: Header) -> bool:
    """Whether every caption of ``other`` stands where ``header`` has it: it is the header again."""
    return all(
        tuple(map(plain, header.paths.get(c, ()))) == tuple(map(plain, path))
        or (c in header.paths and plain(header.paths[c][-1]) == plain(path[-1]))
        for c, path in other.paths.items()
    )


def titles(sheet: Sheet, above: int, below: int = 0) -> list[str]:
    """Texts of the rows above a table."""
    rows: Sequence[tuple[str | None, ...]] = sheet.cells.slice(below, above - below).rows()
    return [text for row in rows for text in row if text]
