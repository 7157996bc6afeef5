"""The class of each row where no column says it: a row of its own, a title, the sheet's name."""

from dataclasses import dataclass
from typing import Literal

import polars as pl

from producers.layouts import Column, Library
from producers.lists import titles
from producers.lists.mapping import Meaning
from producers.lists.tables import Table
from producers.model import ROW

Where = Literal["row", "title", "sheet"]


@dataclass(frozen=True)
class ClassSaid:
    """``names``: one a row of the table; ``where`` they are from; ``column``: what they are read as."""

    names: pl.Series
    where: Where
    column: Column


def said(table: Table, groups: dict[int, str], library: Library) -> ClassSaid | None:
    """None where a column says it, where the list has no class, or where nothing names one."""
    column = _unseen(table.meaning, library)
    if column is None:
        return None
    above = titles.read(table.titles).classes
    rows = table.texts[ROW]
    first = above[0] if len(above) == 1 else None
    if groups:
        named = rows.replace_strict(list(groups), list(groups.values()), default=None, return_dtype=pl.String)
        carried = named.fill_null(strategy="forward")
        return ClassSaid(carried.fill_null(first) if first else carried, "row", column)
    of_sheet = titles.class_of_sheet(table.sheet.name)
    name, where = (first, "title") if first else (of_sheet, "sheet")
    if name is None:
        return None
    every = pl.Series([name] * rows.len(), dtype=pl.String)
    return ClassSaid(every, "title" if where == "title" else "sheet", column)


def contradicted(table: Table) -> tuple[str, str] | None:
    """(class in the title, another in the sheet's name). The title goes before it."""
    above = titles.read(table.titles).classes
    of_sheet = titles.class_of_sheet(table.sheet.name)
    if len(above) != 1 or of_sheet is None or titles.same_class(above[0]) == titles.same_class(of_sheet):
        return None
    return above[0], of_sheet


def _unseen(meaning: Meaning, library: Library) -> Column | None:
    """The class's column, if the list has one by its layout or its record type and the sheet lacks it."""
    read = [m.column for m in meaning.columns if m.column]
    if any(c.format == "class" for c in read):
        return None
    layout = meaning.layout
    if layout is not None:
        return next((c for c in layout.columns if c.format == "class"), None)
    meant = (s for found in library.captions.synonyms.values() for s in found)
    own = (s.column for s in meant if s.record_type == meaning.record_type and s.column.format == "class")
    return next(own, None)
