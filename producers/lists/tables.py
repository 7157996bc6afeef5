"""The tables of a sheet: where each begins and ends, what its columns mean, which rows repeat its header."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import polars as pl

from producers.adapters import cells
from producers.adapters.sheets import Sheet
from producers.layouts.layout import Kind
from producers.layouts.vocabulary import Vocabulary, plain
from producers.lists.header import Header, all_known, headers, same_place
from producers.lists.mapping import Mapped, Meaning, meaning
from producers.lists.recognition import FEW, Paths, recognise, synonyms
from producers.model import ROW

_HALF: Final = 0.5
_TITLE_ROWS: Final = 12
"""Rows above a table that may be its titles, if no table is above."""
_FEW_CELLS: Final = 3
SHORTER: Final = 0.7
"""Rows of a table beside a list, of the list's, at most."""


@dataclass(frozen=True)
class Table:
    """``body``: rows below the header with their number (``_row``), texts as they stand, of ``numbers``
    alone; ``texts``: cleaned. ``again``: rows, by number, that repeat the header; ``others``: those of
    another table below that is no list, its header the ``other_headers``; ``titles``: texts above. ``above``:
    of the sheet's first table the cleaned rows above its header, else none."""

    sheet: Sheet
    header: Header
    meaning: Meaning
    body: pl.DataFrame
    texts: pl.DataFrame
    above: pl.DataFrame
    titles: Sequence[str] = ()
    again: Sequence[int] = ()
    others: Sequence[int] = ()
    other_headers: Sequence[int] = ()

    @property
    def header_rows(self) -> list[int]:
        """Numbers of the header's rows."""
        return [self.sheet.rows[i] for i in range(self.header.top, self.header.bottom + 1)]

    @property
    def row(self) -> int:
        """Number of the header's last row."""
        return self.header_rows[-1]


@dataclass
class _Begun:
    header: Header
    again: list[int] = field(default_factory=list)
    weak: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Found:
    """Tables of a sheet, and numbers of rows above that look like a header and are none."""

    tables: Sequence[Table]
    passed_over: Sequence[int] = ()


def tables(sheet: Sheet, captions: Vocabulary, kind: Kind = "sheet") -> Found:
    """Every table of a sheet whose columns are known by their captions."""
    found = headers(sheet, captions, kind)
    least = _HALF * max((h.score for h in found), default=0.0)
    begun: list[_Begun] = []
    passed_over = []
    for header in found:
        if begun and same_place(begun[-1].header, header):
            begun[-1].again += list(header.rows)
        elif begun and not all_known(sheet, header, captions):
            continue
        elif header.score >= least and _is_list(header.paths, captions, kind):
            begun.append(_Begun(header))
        elif begun:
            begun[-1].weak += list(header.rows)
        else:
            passed_over.append(sheet.rows[header.bottom])
    ends = [*(b.header.top for b in begun[1:]), sheet.cells.height]
    starts = [0, *ends]
    result = [
        table
        for b, end, start in zip(begun, ends, starts, strict=False)
        for table in _side_by_side(sheet, b, start, end, captions, kind)
    ]
    return Found(result, passed_over if result else ())


def _is_list(paths: Paths, captions: Vocabulary, kind: Kind) -> bool:
    recognition = recognise(paths, captions, kind)
    return recognition.layout is not None or max(recognition.by_type.values(), default=0) >= FEW


def _side_by_side(
    sheet: Sheet, begun: _Begun, start: int, end: int, captions: Vocabulary, kind: Kind
) -> list[Table]:
    parts = _parts(begun.header.paths)
    first = 1
    bounds = [*(min(p) for p in parts[1:]), max(map(int, sheet.cells.columns)) + 1]
    result = []
    for paths, bound in zip(parts, bounds, strict=True):
        numbers = [c for c in sheet.cells.columns if first <= int(c) < bound]
        result.append(_table(sheet, begun, paths, numbers, start, end, captions, kind))
        first = bound
    return result


def _beside(sheet: Sheet, begun: _Begun, paths: Paths, end: int, captions: Vocabulary) -> Paths:
    """Columns of a shorter table on the right of a list, such as a count of each class: the last ones, which
    begin with a row's number or a class and are filled in the same rows, the first ones, and in no other."""
    body = sheet.cells.slice(begun.header.after, end - begun.header.after)
    columns = [c for c in sorted(paths) if str(c) in body.columns]
    filled = {c: body[str(c)].is_not_null() for c in columns}
    for i, column in enumerate(columns[1:-1], 1):
        rows = int(filled[column].sum())
        of_list = max((int(filled[c].sum()) for c in columns[:i]), default=0)
        same = all(filled[c].equals(filled[column]) for c in columns[i + 1 :])
        first = filled[column].slice(0, rows).all()
        if 0 < rows < SHORTER * of_list and same and first and _begins(paths[column], captions):
            return {c: p for c, p in paths.items() if c >= column}
    return {}


def _begins(path: tuple[str, ...], captions: Vocabulary) -> bool:
    """Whether a table may begin with such a caption."""
    return any(s.column.format in ("skip", "class") for s in synonyms(path, captions))


def _parts(paths: Paths) -> list[Paths]:
    """The columns of each of several tables that stand side by side, as their captions repeat."""
    columns = sorted(paths)
    seen: dict[tuple[str, ...], int] = {}
    for i, column in enumerate(columns):
        caption = tuple(map(plain, paths[column]))
        if caption in seen:
            begins = seen[caption]
            again = columns[i:]
            width = i - begins
            same = sum(
                tuple(map(plain, paths[a])) == tuple(map(plain, paths[b]))
                for a, b in zip(columns[begins:], again, strict=False)
            )
            if same >= FEW and 2 * same > width and begins == 0:
                left = {c: paths[c] for c in columns[:i]}
                return [left, *_parts({c: paths[c] for c in again})]
            return [paths]
        seen[caption] = i
    return [paths]


def _table(
    sheet: Sheet,
    begun: _Begun,
    paths: Paths,
    numbers: list[str],
    start: int,
    end: int,
    captions: Vocabulary,
    kind: Kind,
) -> Table:
    header = replace(begun.header, paths=paths)
    rows = pl.Series(ROW, sheet.rows, dtype=pl.Int32)
    every = sheet.cells.select(rows, *numbers)
    body = every.slice(header.after, end - header.after)
    texts, above = (
        some.select(ROW).hstack(cells.clean(some.select(numbers)))
        for some in (body, every.head(0 if start else header.top))
    )
    other = _beside(sheet, begun, paths, end, captions)
    own = {c: p for c, p in paths.items() if c not in other}
    understood = meaning(own, texts, captions, kind)
    apart = tuple(Mapped(c, path, None, "") for c, path in other.items())
    return Table(
        sheet,
        header,
        replace(understood, columns=understood.columns + apart),
        body,
        texts,
        above,
        _titles(sheet, header.top, start),
        [sheet.rows[i] for i in begun.again],
        list(sheet.rows[min(begun.weak) : end]) if begun.weak else [],
        [sheet.rows[i] for i in begun.weak],
    )


def _titles(sheet: Sheet, top: int, start: int) -> list[str]:
    """Texts of the rows above: all of them above the first table, else those with few cells right above."""
    texts: list[str] = []
    for i in range(top - 1, max(-1, start - 1), -1):
        row = [text for text in sheet.cells.row(i) if text]
        if start and (len(row) > _FEW_CELLS or top - i > _TITLE_ROWS):
            break
        texts[:0] = row
    return texts
