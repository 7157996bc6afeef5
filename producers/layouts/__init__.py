"""Layouts of the vendors' lists, as data: one row a column, found by its caption, never by its position.

``format`` of a column: ``id`` (digits or letters of a code), ``citizen`` (12-digit number, a lost zero is
repaired when that is provable), ``name``, ``text``, ``class`` (a class name), ``date`` (day first), ``year``,
``phone``, ``label`` (code list; ``label:99`` gives what a blank means), ``tick`` (x or blank; ``tick:09``
gives the code that a tick means), ``disability``, ``skip`` (known, says nothing), ``unsent``
(known, no field to send it in: told), ``constant:01`` (no column:
what the list says of every record). Of several columns with one target the lowest ``rank`` with a value wins.
"""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from producers.text import fold


@dataclass(frozen=True)
class Column:
    """One column of a layout."""

    caption: str
    synonyms: tuple[str, ...]
    targets: tuple[str, ...]
    format: str
    argument: str
    codelist: str
    required: bool
    rank: int


@dataclass(frozen=True)
class Layout:
    """A list of one record type."""

    name: str
    record_type: str
    codemap: str
    columns: tuple[Column, ...]
    constants: tuple[Column, ...]
    """What holds for every record of the list, in no column."""

    def by_caption(self) -> dict[str, Column]:
        """Folded caption or synonym → column."""
        return {fold(caption): c for c in self.columns for caption in (c.caption, *c.synonyms)}


@cache
def load(name: str, record_type: str, codemap: str) -> Layout:
    """The layout ``<name>.csv``."""
    text = files(__name__).joinpath(f"{name}.csv").read_text(encoding="utf-8")
    rows = [_column(row) for row in csv.DictReader(text.splitlines())]
    return Layout(
        name,
        record_type,
        codemap,
        columns=tuple(c for c in rows if c.format != "constant"),
        constants=tuple(c for c in rows if c.format == "constant"),
    )


def vnedu_student_list() -> Layout:
    """vnEdu's list of pupils, 38 columns, all classes on one sheet."""
    return load("vnedu_student_list_38", "HocSinh", "vnedu")


def _column(row: dict[str, str]) -> Column:
    form, _, argument = row["format"].partition(":")
    return Column(
        caption=row["caption"],
        synonyms=tuple(s for s in row["synonyms"].split("|") if s),
        targets=tuple(t for t in row["targets"].split("|") if t),
        format=form,
        argument=argument,
        codelist=row["codelist"],
        required=row["required"] == "yes",
        rank=int(row["rank"]),
    )
