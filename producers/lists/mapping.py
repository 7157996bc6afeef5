"""What each column of a table is read as, by what, and what is told of it.

A layout says it, or a synonym of one field; a caption that may be two fields, or whose cells are plainly of
another kind, is not taken: a wrong column is worse than a missing one.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import polars as pl

from producers.layouts import Column, Layout
from producers.layouts.layout import LEVELS, Kind
from producers.layouts.vocabulary import Nearness, Vocabulary
from producers.lists import contents
from producers.lists.recognition import Paths, Recognition, recognise, synonyms
from producers.model import OWN_ID
from schemas.contracts.contracts import record, record_types

By = Literal[Nearness, "field synonym", "group", "beside", "elimination", "own lists", "values", "told", ""]
"""What says it: the layout's caption, its synonym or its last level; a synonym of one field; the caption of a
group over parts of one text; the name on its left; what is left of two fields; the sender's own lists, the
values (``choice``); the sender; nothing."""

_KNOWN: Final = ("caption", "synonym", "last level")
_TWICE: Final = (*_KNOWN, "told")
_JOINED: Final = {"text": "part", "name": "name_part"}
"""Forms whose parts can stand in several columns → how they are joined."""


@dataclass(frozen=True)
class Mapped:
    """One column of a table. ``column``: what it is read as, None if it is left over; ``doubt``: why it is
    (``ambiguous``: it may be one of the fields ``meant``; ``contents``: its cells are ``found``)."""

    number: int
    path: tuple[str, ...]
    column: Column | None
    by: By
    doubt: Literal["", "ambiguous", "contents"] = ""
    meant: tuple[str, ...] = ()
    found: str = ""

    @property
    def caption(self) -> str:
        """As the sheet spells it."""
        return LEVELS.join(self.path)

    @property
    def fields(self) -> tuple[str, ...]:
        """Fields that are read from it, those that its form implies among them."""
        return gives(self.column) if self.column else ()

    @property
    def guessed(self) -> bool:
        """Whether no layout says it."""
        return self.column is not None and self.by not in _KNOWN


@dataclass(frozen=True)
class Meaning:
    """A header's columns as ``record_type``, by a layout or without one."""

    recognition: Recognition
    record_type: str
    columns: tuple[Mapped, ...]
    rivals: tuple[str, ...] = ()
    """Without a layout: record types that the captions fit as well."""

    @property
    def layout(self) -> Layout | None:
        """The layout that was recognised."""
        return self.recognition.layout

    def foreign(self, captions: Vocabulary) -> list[Mapped]:
        """Columns that speak of a kind of record that is not sent, and of nothing of this one."""
        kinds = {m.number: {s.record_type for s in synonyms(m.path, captions)} - {""} for m in self.columns}
        sent = set(record_types())
        return [
            m for m in self.columns if m.column is None and kinds[m.number] and not kinds[m.number] & sent
        ]

    def beside(self, captions: Vocabulary) -> list[Mapped]:
        """Columns that some list has and nobody sends, such as a measurement, and nothing takes here."""
        sent = set(record_types())
        return [
            m
            for m in self.columns
            if m.column is None
            and not m.doubt
            and not {s.record_type for s in synonyms(m.path, captions)} & sent
            and (
                synonyms(m.path, captions) or any(k.column.format == "unsent" for k in captions.known(m.path))
            )
        ]

    def twice(self) -> list[Column]:
        """Columns of the layout for which two columns of the sheet stand."""
        times = Counter(m.column for m in self.columns if m.column and m.by in _TWICE and m.column.targets)
        return [c for c, n in times.items() if n > 1 and c.format not in _JOINED.values()]


def meaning(paths: Paths, body: pl.DataFrame, captions: Vocabulary, kind: Kind = "sheet") -> Meaning:
    """Of a header's columns. ``body``: cleaned cells below it, a column a number of the sheet."""
    recognition = recognise(paths, captions, kind)
    layout = recognition.layout
    if layout is not None and not layout.record_type:
        return Meaning(recognition, "", tuple(_of_layout(paths, recognition)))
    record_type, rivals = (layout.record_type, ()) if layout else _type(recognition)
    columns = _of_layout(paths, recognition)
    if record_type in record_types():
        columns = _by_synonyms(columns, record_type, captions)
        columns = _groups(columns, record_type, captions, layout)
        columns = _names_beside(_whole_names(columns), body)
        columns = [against_contents(m, body) for m in columns]
    return Meaning(recognition, record_type, tuple(columns), tuple(rivals))


def _type(recognition: Recognition) -> tuple[str, tuple[str, ...]]:
    """The record type that most captions may be fields of; and those that as many may be."""
    ranked = sorted(recognition.by_type.items(), key=lambda item: -item[1])
    if not ranked:
        return "", ()
    most = ranked[0][1]
    return ranked[0][0], tuple(t for t, n in ranked[1:] if n == most)


def _of_layout(paths: Paths, recognition: Recognition) -> list[Mapped]:
    known = recognition.match.columns if recognition.match else {}
    return [
        Mapped(c, path, known[c].column, known[c].nearness) if c in known else Mapped(c, path, None, "")
        for c, path in sorted(paths.items())
    ]


def _by_synonyms(columns: Sequence[Mapped], record_type: str, captions: Vocabulary) -> list[Mapped]:
    """Columns left over whose caption is a synonym of one field that no other column is."""
    meant: dict[int, list[Column]] = {}
    for m in columns:
        if m.column is None:
            of_type = [s.column for s in synonyms(m.path, captions) if s.record_type in (record_type, "")]
            meant[m.number] = of_type
    taken = {t for m in columns if m.column for t in m.column.targets}
    times = Counter(place for found in meant.values() if len(found) == 1 for place in _places(found[0]))
    result = []
    for m in columns:
        free = [c for c in meant.get(m.number, ()) if not taken & set(c.targets)]
        if m.column is not None or not free:
            result.append(m)
        elif len(meant[m.number]) == 1 and all(times[place] == 1 for place in _places(free[0])):
            result.append(replace(m, column=free[0], by="field synonym"))
        else:
            left = [c for c in free if not any(times[place] for place in _places(c))]
            if len(left) == 1 and len(meant[m.number]) > 1:
                result.append(replace(m, column=left[0], by="elimination"))
            else:
                fields = tuple(dict.fromkeys(t for c in free for t in c.targets))
                result.append(replace(m, doubt="ambiguous", meant=fields))
    return result


def _places(column: Column) -> list[tuple[str, int]]:
    """Fields and the rank in which a column gives them: two columns of one rank cannot both be meant."""
    return [(target, column.rank) for target in column.targets]


def _whole_names(columns: Sequence[Mapped]) -> list[Mapped]:
    """A part of a name without the others is not guessed to be the name."""
    part = _JOINED["name"]
    parts = Counter(t for m in columns if m.column and m.column.format == part for t in m.column.targets)
    return [
        replace(m, column=None, doubt="ambiguous", meant=m.column.targets)
        if m.column and m.column.format == part and m.guessed and parts[m.column.targets[0]] == 1
        else m
        for m in columns
    ]


def _groups(
    columns: Sequence[Mapped], record_type: str, captions: Vocabulary, layout: Layout | None
) -> list[Mapped]:
    """Columns below one caption that is a text or a name: parts of it, joined in their order."""
    result = list(columns)
    groups: dict[str, list[int]] = {}
    for i, m in enumerate(columns):
        if len(m.path) > 1:
            groups.setdefault(m.path[0], []).append(i)
    for caption, members in groups.items():
        whole = _whole((caption,), record_type, captions, layout)
        if whole is None or whole.format not in _JOINED:
            continue
        form, rest = _JOINED[whole.format], set(range(len(columns))) - set(members)
        taken = {t for i in rest for m in (columns[i],) if m.column for t in m.column.targets}
        if taken & set(whole.targets) or any(_is_other(columns[i], whole, form) for i in members):
            continue
        if all(columns[i].column for i in members):
            continue
        last = len(members)
        for rank, i in enumerate(members, 1):
            argument = whole.argument if rank == last and form == _JOINED["name"] else ""
            part = replace(whole, format=form, argument=argument, rank=rank)
            result[i] = replace(result[i], column=part, by="group", doubt="", meant=())
    return result


def _is_other(m: Mapped, whole: Column, form: str) -> bool:
    """Whether a column is something else than a part of the whole."""
    if m.column is None:
        return bool(m.doubt) and m.meant != whole.targets
    return m.column.format != form or m.column.targets != whole.targets


def _whole(
    path: Sequence[str], record_type: str, captions: Vocabulary, layout: Layout | None
) -> Column | None:
    """The column that a group's caption alone stands for."""
    if layout is not None:
        known = [k.column for k in captions.known(path) if k.layout == layout]
        if known:
            return known[0]
    meant = [s.column for s in synonyms(path, captions) if s.record_type == record_type]
    return meant[0] if len(meant) == 1 else None


def _names_beside(columns: Sequence[Mapped], body: pl.DataFrame) -> list[Mapped]:
    """One caption over two columns of names: the second has none of its own."""
    result, numbers = [], {m.number for m in columns}
    for m in columns:
        beside = str(m.number + 1)
        name = m.column is not None and m.column.format == "name"
        if not name or m.number + 1 in numbers or beside not in body.columns:
            result.append(m)
        elif m.column and contents.given_names(body[str(m.number)], body[beside]):
            first = replace(m.column, format=_JOINED["name"], argument="", rank=1)
            second = replace(m.column, format=_JOINED["name"], rank=2)
            result += [replace(m, column=first), Mapped(m.number + 1, m.path, second, "beside")]
        else:
            result.append(m)
    return result


def against_contents(m: Mapped, body: pl.DataFrame) -> Mapped:
    """A column whose cells are plainly of another kind than its caption says is not taken."""
    if m.column is None or str(m.number) not in body.columns:
        return m
    found = contents.contradiction(m.column.format, body[str(m.number)])
    return replace(m, column=None, doubt="contents", meant=m.column.targets, found=found) if found else m


def gives(column: Column) -> tuple[str, ...]:
    """Targets of a column, and the field that its argument says it gives besides."""
    implied = {
        "name": column.argument,
        "name_part": column.argument,
        "part": column.argument,
        "class": column.argument,
        "id": column.argument.partition("=")[0],
    }.get(column.format, "")
    return (*column.targets, implied) if implied and implied not in column.targets else column.targets


def required(m: Meaning) -> list[tuple[str, set[str]]]:
    """(caption or label, fields) of what a list cannot be read without and no column gives: what the layout
    requires; without one the vendor's own id."""
    given = {t for c in m.columns for t in c.fields}
    if m.recognition.match is not None:
        lacking = m.recognition.match.missing
        return [(c.caption, set(c.targets)) for c in lacking if not set(c.targets) & given]
    contract = record(m.record_type)
    own = [f for f in contract.fields if f.name == OWN_ID and OWN_ID not in given]
    return [(f.label_vi, {f.name}) for f in own]


__all__ = ["By", "Mapped", "Meaning", "against_contents", "meaning", "required"]
