"""Every caption that some layout or synonym knows, found by its folded text."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal, NamedTuple

from producers.layouts.layout import ANY, LEVELS, Column, Layout
from producers.text import fold

Nearness = Literal["caption", "synonym", "joined levels", "last level"]
WEIGHT: Final[Mapping[Nearness, float]] = {
    "caption": 1.0,
    "synonym": 0.95,
    "joined levels": 0.9,
    "last level": 0.8,
}
"""How much a column of a layout counts that was found so. A layout's own captions go before synonyms."""

_NUMBER: Final = re.compile(r"^([0-9]+)\.0+$")


class Known(NamedTuple):
    """A column of a layout that a caption stands for."""

    layout: Layout
    column: Column
    nearness: Nearness


class Synonym(NamedTuple):
    """A field of a record type that a caption stands for where no layout says so.

    ``record_type`` without ``column.targets`` (KetQua): what the caption speaks of is not sent; without a
    record type: the caption is known and says nothing that is sent.
    """

    record_type: str
    column: Column


@dataclass(frozen=True)
class Vocabulary:
    """``columns``: caption → columns of layouts; ``synonyms``: caption → fields; ``words``: each level."""

    columns: Mapping[str, list[Known]] = field(default_factory=dict)
    synonyms: Mapping[str, list[Synonym]] = field(default_factory=dict)
    words: frozenset[str] = frozenset()

    def known(self, levels: Sequence[str]) -> list[Known]:
        """Columns of layouts with these levels; a level ``*`` of a layout is any text."""
        path = [plain(level) for level in levels]
        found = list(self.columns.get(LEVELS.join(path), ()))
        if len(path) > 1:
            for i in range(len(path)):
                found += self.columns.get(LEVELS.join([*path[:i], ANY, *path[i + 1 :]]), ())
        return found


def plain(caption: str) -> str:
    """A level of a header, to compare: ``fold``; a number that a sheet wrote as 1.0 is 1."""
    return fold(_NUMBER.sub(r"\1", caption.strip()))


def repeats(group: str, caption: str) -> bool:
    """Whether a caption says all that the group above it says: ``Mẹ > Tên mẹ``."""
    return set(plain(group).split()) <= set(plain(caption).split())


def vocabulary(layouts: Iterable[Layout], synonyms: Iterable[Mapping[str, str]]) -> Vocabulary:
    """Of layouts and of the lines of ``synonyms.csv``: field (Type.field, Type, or nothing), caption, format,
    codelist, rank."""
    layouts = list(layouts)
    columns: dict[str, list[Known]] = defaultdict(list)
    for layout in layouts:
        own = _own(layout)
        for caption, known in own.items():
            columns[caption].append(known)
    arguments = _arguments(layouts)
    meant: dict[str, list[Synonym]] = defaultdict(list)
    for line in synonyms:
        synonym, there = _synonym(line, arguments), meant[_path(line["caption"])]
        if (synonym.record_type, synonym.column.targets) not in [
            (s.record_type, s.column.targets) for s in there
        ]:
            there.append(synonym)
    words = {level for caption in (*columns, *meant) for level in caption.split(LEVELS)} - {ANY}
    return Vocabulary(dict(columns), dict(meant), frozenset(words))


def _path(caption: str) -> str:
    levels = caption.split(LEVELS)
    return LEVELS.join(ANY if level == ANY else plain(level) for level in levels)


def _own(layout: Layout) -> dict[str, Known]:
    """Captions of one layout; of several levels also the last one, if no other column has it."""
    own = {_path(c.caption): Known(layout, c, "caption") for c in layout.columns}
    for column in layout.columns:
        for synonym in column.synonyms:
            own.setdefault(_path(synonym), Known(layout, column, "synonym"))
    lasts: dict[str, list[Column]] = defaultdict(list)
    for caption, known in own.items():
        *groups, last = caption.split(LEVELS)
        if groups and all(group == ANY or repeats(group, last) for group in groups):
            lasts[last].append(known.column)
    for last, columns in lasts.items():
        if len(set(columns)) == 1 and last != ANY and not last.isdigit():
            own.setdefault(last, Known(layout, columns[0], "last level"))
    own.pop("", None)
    return own


def _arguments(layouts: Sequence[Layout]) -> dict[tuple[str, tuple[str, ...], str], str]:
    """What the layouts write beside a format for a field: a synonym of the field means the same."""
    return {
        (layout.record_type, c.targets, c.format): c.argument
        for layout in reversed(layouts)
        for c in layout.columns
        if c.argument and c.targets
    }


def _synonym(line: Mapping[str, str], arguments: Mapping[tuple[str, tuple[str, ...], str], str]) -> Synonym:
    record_type, _, fields = line["field"].partition(".")
    column = Column.of_row({"synonyms": "", "required": "no", "note": "", **line, "targets": fields})
    if not column.argument and column.format in ("citizen", "identity", "name", "class"):
        column = replace(column, argument=arguments.get((record_type, column.targets, column.format), ""))
    return Synonym(record_type, column)
