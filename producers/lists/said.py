"""What is told of a table's form: guesses, doubts, what is not sent, what its titles say otherwise."""

from collections.abc import Sequence
from typing import Final

import polars as pl

from producers.lists import classes, titles
from producers.lists.classes import ClassSaid
from producers.lists.mapping import Mapped, Meaning, gives
from producers.lists.tables import Table
from producers.model import OWN_ID, Target
from schemas.contracts.contracts import Field, record
from schemas.errors import Problem, SourceLocation

ANOTHER_SCHOOL: Final = "FILE-011"
ANOTHER_YEAR: Final = "FILE-012"
TWO_FIELDS: Final = "FILE-033"
OTHER_CONTENTS: Final = "FILE-034"
UNKNOWN_COLUMN: Final = "FILE-202"
NO_CAPTION: Final = "FILE-207"
NO_FIELD: Final = "FILE-208"
GUESSED: Final = "FILE-210"
JOINED: Final = "FILE-211"
CLASS_FROM: Final = "FILE-215"
NO_YEAR: Final = "FILE-216"
TWO_FIELDS_LEFT: Final = "FILE-217"
OTHER_CONTENTS_LEFT: Final = "FILE-218"
NO_LAYOUT: Final = "FILE-219"
NAME_BESIDE: Final = "FILE-220"
TWO_CLASSES: Final = "FILE-221"

_BY: Final = {
    "elimination": "cột khác đã là trường còn lại/what another column is",
    "own lists": "danh sách của chính phần mềm này/the sender's own lists",
    "values": "giá trị trong cột/its values",
    "told": "lời người gửi/what the sender says (--column)",
    "": "tiêu đề/its caption",
}
"""What a column was taken for a field by."""

_WHERE: Final = {
    "row": "dòng ghi tên lớp/rows that name a class",
    "title": "tiêu đề trang/the title",
    "sheet": "tên trang/the sheet's name",
}


def of_titles(
    place: SourceLocation, texts: Sequence[str], notes: Sequence[str], target: Target
) -> list[Problem]:
    """Another school year or another school in the titles or in the sheet's name; another school also in
    ``notes``, rows among the records that are none."""
    found = titles.read([*texts, place.sheet])
    schools = dict.fromkeys([*found.schools, *titles.read(notes).schools])
    at = SourceLocation(place.file, place.sheet)
    problems = [
        Problem(ANOTHER_YEAR, at, {"found": str(year), "due": str(target.year)})
        for year in found.years
        if year != target.year
    ]
    problems += [
        Problem(ANOTHER_SCHOOL, at, {"found": school, "due": target.school})
        for school in schools
        if school != target.school
    ]
    return problems


def of_doubts(place: SourceLocation, meaning: Meaning) -> tuple[list[Problem], list[Problem]]:
    """(what stops the list, what is told) of columns that are not taken because of a doubt: one that a record
    cannot do without stops it."""
    contract = record(meaning.record_type)
    needed = {OWN_ID, *(f.name for f in contract.fields if f.required == "yes")}
    given = {t for m in meaning.columns for t in m.fields}
    stops: list[Problem] = []
    told: list[Problem] = []
    for m in meaning.columns:
        if not m.doubt:
            continue
        stop = bool(set(m.meant) & needed - given)
        labels = ", ".join(f"{contract.field(f).label_vi} ({f})" for f in m.meant)
        params = {"column": m.caption, "fields": labels, "found": m.found}
        codes = (
            (TWO_FIELDS, TWO_FIELDS_LEFT) if m.doubt == "ambiguous" else (OTHER_CONTENTS, OTHER_CONTENTS_LEFT)
        )
        problem = Problem(codes[0] if stop else codes[1], _at(place, m.caption), params)
        (stops if stop else told).append(problem)
    return stops, told


def lacking(meaning: Meaning, class_said: ClassSaid | None) -> list[Field]:
    """Required fields of the record that no column gives."""
    given = {t for m in meaning.columns for t in m.fields}
    given |= set(gives(class_said.column)) if class_said else set()
    required = (f for f in record(meaning.record_type).fields if f.required == "yes")
    return [f for f in required if f.name not in given]


def of_guesses(place: SourceLocation, table: Table, class_said: ClassSaid | None) -> list[Problem]:
    """What no layout says and was taken all the same, each with what says it."""
    meaning, contract = table.meaning, record(table.meaning.record_type)
    told = []
    if meaning.layout is None:
        without = ", ".join(f.label_vi for f in lacking(meaning, class_said))
        params = {"kind": contract.label_vi, "fields": without or "–"}
        told.append(Problem(NO_LAYOUT, SourceLocation(place.file, place.sheet, place.row), params))
    groups: dict[str, list[Mapped]] = {}
    for m in meaning.columns:
        if m.by == "group":
            groups.setdefault(m.path[0], []).append(m)
        elif m.by == "beside":
            told.append(Problem(NAME_BESIDE, _at(place, m.caption), {"column": m.caption}))
        elif m.guessed and m.column and m.column.targets:
            labels = ", ".join(contract.field(f).label_vi for f in m.column.targets)
            params = {"column": m.caption, "fields": labels, "by": _BY.get(m.by, _BY[""])}
            told.append(Problem(GUESSED, _at(place, m.caption), params))
    for caption, parts in groups.items():
        names = ", ".join(m.path[-1] for m in parts)
        told.append(Problem(JOINED, _at(place, caption), {"column": caption, "parts": names}))
    if class_said:
        told.append(
            Problem(CLASS_FROM, SourceLocation(place.file, place.sheet), {"where": _WHERE[class_said.where]})
        )
    if found := classes.contradicted(table):
        params = {"title": found[0], "sheet": found[1]}
        told.append(Problem(TWO_CLASSES, SourceLocation(place.file, place.sheet), params))
    return told


def of_columns_left_out(place: SourceLocation, table: Table, kept: pl.Series) -> list[Problem]:
    """Columns that are not sent: unknown ones, known ones without a field, and those without a caption."""
    problems, by_number = [], {m.number: m for m in table.meaning.columns}
    for name in table.body.columns[1:]:
        m = by_number.get(int(name))
        if m is None:
            if count := table.body[name].count():
                at, params = letter(int(name)), {"column": letter(int(name)), "count": count}
                problems.append(Problem(NO_CAPTION, _below(place, table, at), params))
        elif m.column is None and not m.doubt:
            problems.append(Problem(UNKNOWN_COLUMN, _below(place, table, m.caption), {"column": m.caption}))
        elif m.column and m.column.format == "unsent" and table.texts[name].filter(kept).count():
            problems.append(Problem(NO_FIELD, _below(place, table, m.caption), {"column": m.caption}))
    return problems


def no_year(source: str, tables: Sequence[Table], target: Target) -> list[Problem]:
    """Where no title and no sheet's name says of which school year a list is."""
    texts = [text for t in tables for text in (*t.titles, t.sheet.name)]
    return (
        [] if titles.read(texts).years else [Problem(NO_YEAR, SourceLocation(source), {"due": target.year})]
    )


def letter(number: int) -> str:
    """38 → AL, as the program shows it."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _at(place: SourceLocation, name: str) -> SourceLocation:
    return SourceLocation(place.file, place.sheet, place.row, name)


def _below(place: SourceLocation, table: Table, name: str) -> SourceLocation:
    return SourceLocation(place.file, place.sheet, table.row, name)
