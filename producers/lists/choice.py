"""Which field a column is whose caption may be several: by what the sender says, by the sender's own lists,
by the values. What is decided so is told; what nothing decides is asked."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import polars as pl

from producers.adapters import cells
from producers.layouts import Column, Layout, Library
from producers.layouts.vocabulary import plain
from producers.lists import answers
from producers.lists.answers import Answers
from producers.lists.mapping import By, Mapped, Meaning, against_contents
from producers.lists.recognition import synonyms
from producers.lists.tables import Table
from schemas.contracts.contracts import record, record_types
from schemas.rules.derived import PATTERNS

MOST: Final = 0.8
"""Of the values of a column, so many fit a field that it is; so few of another do not speak against it."""
_CODES: Final = ("id", "citizen", "identity")


def decided(table: Table, library: Library, vendor: str = "", said: Answers | None = None) -> Table:
    """The table with its doubtful columns decided, as far as something decides them."""
    meaning = table.meaning
    if meaning.record_type not in record_types():
        return table
    columns = _answered(meaning, library, vendor, said) if said and said.given else list(meaning.columns)
    columns = _by_values(columns, meaning.record_type, table.texts, library)
    columns = _doubtful(columns, meaning.record_type, table.texts, library, vendor)
    return replace(table, meaning=replace(meaning, columns=tuple(columns)))


def _answered(meaning: Meaning, library: Library, vendor: str, said: Answers) -> list[Mapped]:
    """The sender's word goes before everything; another column that was taken for the field is not."""
    columns, told = list(meaning.columns), dict[int, Column]()
    for m in columns:
        name = said.of(m, meaning.record_type)
        column = answers.form(name, meaning.record_type, library, vendor) if name else None
        if column is not None:
            said.use(m)
            told[m.number] = column
    taken = {t for column in told.values() for t in column.targets}
    result = []
    for m in columns:
        if m.number in told:
            result.append(replace(m, column=told[m.number], by="told", doubt="", meant=()))
        elif m.column and taken & set(m.column.targets):
            result.append(replace(m, column=None, by=""))
        else:
            result.append(m)
    return result


def _by_values(
    columns: Sequence[Mapped], record_type: str, texts: pl.DataFrame, library: Library
) -> list[Mapped]:
    """A code whose values are none of its field, but of another that the caption may be as well."""
    result = list(columns)
    for i, m in enumerate(result):
        if m.column is None or m.by == "told" or m.column.format not in _CODES:
            continue
        values = _values(m, texts)
        if values is None or _fits(m.column, record_type, values, library):
            continue
        free = _free(_candidates(m, record_type, library), result)
        other = [c for c in free if _shape(c, record_type) and _fits(c, record_type, values, library)]
        if len(other) == 1:
            result[i] = replace(m, column=other[0], by="values")
    return result


def _doubtful(
    columns: Sequence[Mapped], record_type: str, texts: pl.DataFrame, library: Library, vendor: str
) -> list[Mapped]:
    result = list(columns)
    own = _own_lists(library, vendor, record_type)
    times = Counter(plain(m.caption) for m in columns)
    for i, m in enumerate(result):
        values, candidates = _values(m, texts), _candidates(m, record_type, library)
        if m.doubt != "ambiguous" or len(candidates) < 2 or times[plain(m.caption)] > 1:
            continue
        free = _free(candidates, result)
        free = [c for c in free if set(c.targets) & set(m.meant)]
        possible = [c for c in free if values is None or _fits(c, record_type, values, library)]
        of_lists = _of_lists(m, own, library)
        found = next((c for c in possible if [c.targets] == of_lists), None)
        by: By = "own lists" if found else "values"
        if found is None and len(possible) == 1 and len(free) > 1:
            found = possible[0]
        if found is not None:
            result[i] = against_contents(replace(m, column=found, by=by, doubt="", meant=()), texts)
    return result


def _candidates(m: Mapped, record_type: str, library: Library) -> list[Column]:
    meant = [s.column for s in synonyms(m.path, library.captions) if s.record_type == record_type]
    return [c for c in meant if c.targets]


def _free(candidates: Sequence[Column], columns: Sequence[Mapped]) -> list[Column]:
    taken = {t for m in columns if m.column for t in m.column.targets}
    return [c for c in candidates if not taken & set(c.targets)]


def _own_lists(library: Library, vendor: str, record_type: str) -> list[Layout]:
    """The vendor's layouts of the record type; where it has none, those whose codes are the vendor's."""
    of_type = [x for x in library.layouts.values() if x.record_type == record_type]
    own = [x for x in of_type if vendor and vendor in x.vendors]
    return own or [x for x in of_type if vendor and not x.vendors and vendor in x.codemap.split("|")]


def _of_lists(m: Mapped, own: Sequence[Layout], library: Library) -> list[tuple[str, ...]]:
    """The fields that the layouts use the caption for."""
    found = (k.column.targets for k in library.captions.known(m.path) if k.layout in own)
    return list(dict.fromkeys(found))


def _values(m: Mapped, texts: pl.DataFrame) -> pl.Series | None:
    """Values of a column, as a code has them; None where there are none."""
    if str(m.number) not in texts.columns:
        return None
    filled = cells.ids(texts[str(m.number)]).values.drop_nulls()
    return filled if filled.len() else None


def _fits(column: Column, record_type: str, values: pl.Series, library: Library) -> bool:
    """Whether most values can be those of the field. A number may have lost the zero in front; numbers of
    persons are no code that a program gave."""
    if shape := _shape(column, record_type):
        return _most(values, shape)
    meant = (s for found in library.captions.synonyms.values() for s in found)
    persons = {
        s.column.targets: s.column
        for s in meant
        if s.record_type == record_type and s.column.format == "citizen"
    }
    shapes = (_shape(c, record_type) for c in persons.values())
    return column.format != "id" or not any(shape and _most(values, shape) for shape in shapes)


def _most(values: pl.Series, shape: str) -> bool:
    return bool(values.str.contains(shape).sum() >= MOST * values.len())


def _shape(column: Column, record_type: str) -> str | None:
    """How values of the column's fields look, if the contract says it of each."""
    contract = record(record_type)
    shapes = [_pattern(contract.field(t).format) for t in column.targets]
    return "|".join(s for s in shapes if s) if all(shapes) else None


def _pattern(form: str | None) -> str | None:
    name, _, counts = (form or "").partition(":")
    if name == "digits":
        return "|".join(f"^[0-9]{{{n}}}$|^[1-9][0-9]{{{int(n) - 2}}}$" for n in counts.split("|"))
    return PATTERNS.get(name)


__all__ = ["decided"]
