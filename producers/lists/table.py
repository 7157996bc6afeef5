"""One table of a list → a table of records, with all that is wrong with its form or doubtful in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from producers import accounting
from producers.adapters import cells
from producers.layouts import Library
from producers.lists import classes, rows, said
from producers.lists.classes import ClassSaid
from producers.lists.mapping import Mapped, gives, required
from producers.lists.tables import Table
from producers.lists.values import Read, read_columns
from producers.model import ROW, SourceColumn, SourceTable, Target, concat_faults, faults_of
from schemas.encoding.columnar import frame_schema
from schemas.errors import Problem, SourceLocation

NUL_IN_TEXT: Final = "VAL-008"
SHIFTED: Final = "CELL-114"
FORMULA_ERROR: Final = "CELL-206"
MISSING: Final = "FILE-016"
TWICE: Final = "FILE-017"

_CLASS: Final = "class"
"""Name of the class's column where no column of the sheet is it."""


@dataclass(frozen=True)
class Prepared:
    """A table whose form has been judged: what stops it, what is told of it, its class where no column is."""

    table: Table
    problems: Sequence[Problem]
    warnings: Sequence[Problem]
    groups: dict[int, str]
    class_said: ClassSaid | None


def prepare(source: str, table: Table, target: Target, library: Library) -> Prepared:
    """What the captions, titles and contents say before any record is read."""
    meaning, place = table.meaning, SourceLocation(source, table.sheet.name, table.row)
    groups = rows.groups(table.texts)
    class_said = classes.said(table, groups, library)
    given = set(gives(class_said.column)) if class_said else set()
    doubted = {f for m in meaning.columns if m.doubt for f in m.meant}
    problems = [
        Problem(MISSING, _at(place, name), {"column": name})
        for name, targets in required(meaning)
        if not targets & given and not targets & doubted
    ]
    problems += [Problem(TWICE, _at(place, c.caption), {"column": c.caption}) for c in meaning.twice()]
    problems += said.of_titles(place, table.titles, rows.notes(table.texts), target)
    refused, doubts = said.of_doubts(place, meaning)
    warnings = [*doubts, *said.of_guesses(place, table, class_said)]
    return Prepared(table, problems + refused, warnings, groups, class_said)


def read(source: str, of: Prepared, target: Target, library: Library) -> tuple[SourceTable, list[Problem]]:
    """The table's records, and what is doubtful in its rows and cells."""
    table, meaning = of.table, of.table.meaning
    place = SourceLocation(source, table.sheet.name)
    known = [m for m in meaning.columns if m.column is not None]
    texts = table.texts.select(ROW, *(str(m.number) for m in known))
    roles = rows.roles([(str(m.number), m.column) for m in known if m.column], meaning.record_type)
    reasons = rows.left_out(texts, roles, table.again, table.others, table.other_headers, of.groups)
    kept = reasons.is_null()
    named = table.body.select(str(m.number) for m in known)
    above = rows.above(
        table.above.select(ROW, *named.columns), texts.select(ROW, *named.columns).filter(kept)
    )
    warnings = said.of_columns_left_out(place, table, kept) + _errors(place, texts, named, known, kept)
    beyond = _beyond_the_cells(table, named, kept)
    columns = [Read(str(m.number), m.caption, m.column) for m in known if m.column]
    if of.class_said:
        texts = texts.with_columns(of.class_said.names.alias(_CLASS))
        columns.append(Read(_CLASS, "", of.class_said.column))
    layout, year = meaning.layout, target.year
    if layout:
        codemap = library.codemap(layout.codemap, year)
    else:
        codemap = library.labels_of(target.vendor, meaning.record_type, year)
    values, faults, doubts = read_columns(
        texts.filter(kept),
        columns,
        meaning.record_type,
        codemap,
        place,
        layout.constants if layout else (),
        push=target,
        since_1904=table.sheet.since_1904,
    )
    result = SourceTable(
        meaning.record_type,
        source,
        table.sheet.name,
        _as_contract(values, meaning.record_type),
        by_name=any(c.column.format == "class" for c in columns),
        columns=tuple(_source_column(m) for m in meaning.columns),
        rows=pl.concat([above, texts[ROW]]),
        codemap=codemap.version,
    )
    result = result.leave_out(above, accounting.ABOVE)
    result = result.leave_out(texts[ROW].filter(~kept), reasons.filter(~kept))
    return result.refuse(concat_faults([faults, *beyond])), warnings + doubts


def _at(place: SourceLocation, name: str) -> SourceLocation:
    return SourceLocation(place.file, place.sheet, place.row, name)


def _as_contract(values: pl.DataFrame, record_type: str) -> pl.DataFrame:
    schema = frame_schema(record_type)
    given = set(values.columns)
    absent = [pl.lit(None, dtype=t).alias(n) for n, t in schema.items() if n not in given]
    return values.with_columns(absent).select(*schema, ROW)


def _source_column(m: Mapped) -> SourceColumn:
    sent = m.column.targets if m.column else ()
    return SourceColumn(m.number, m.caption, sent)


def _errors(
    place: SourceLocation, texts: pl.DataFrame, named: pl.DataFrame, known: Sequence[Mapped], kept: pl.Series
) -> list[Problem]:
    """Cells that hold an error result of a formula."""
    errors = named.select(cells.formula_error(c) for c in named.columns)
    if not errors.width or not errors.select(pl.any_horizontal(pl.all().any())).item():
        return []
    captions = {str(m.number): m.caption for m in known}
    return [
        Problem(FORMULA_ERROR, SourceLocation(place.file, place.sheet, int(texts[ROW][i]), captions[c]))
        for c in errors.columns
        for i in (errors[c] & kept).arg_true()
    ]


def _beyond_the_cells(table: Table, named: pl.DataFrame, kept: pl.Series) -> list[pl.DataFrame]:
    """Faults of rows whose cells cannot be taken: a NUL in a text, more cells in a line than captions."""
    captions = {str(m.number): m.caption for m in table.meaning.columns}
    faults = [
        faults_of(NUL_IN_TEXT, captions[c], mask.filter(kept))
        for c in named.columns
        if (mask := named[c].str.contains("\x00", literal=True).fill_null(False)).any()
    ]
    lengths, header = table.sheet.lengths, table.header
    if lengths is not None:
        long = (
            pl.Series(lengths[header.after : header.after + named.height], dtype=pl.Int64)
            > lengths[header.bottom]
        )
        faults.append(faults_of(SHIFTED, "", long.filter(kept)))
    return faults
