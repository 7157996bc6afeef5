"""vnEdu's list of pupils: one sheet or several, all classes together, 38 columns found by their captions.

Whatever a sheet holds is read, or named in an error or a warning: sheets, rows, columns and cells.
"""

import re
from collections.abc import Sequence
from typing import Final

import polars as pl

from producers import codemaps
from producers.adapters import cells
from producers.adapters.sheets import Sheet
from producers.layouts import Layout, vnedu_student_list
from producers.lists import rows as list_rows
from producers.lists.header import Header, find_header, titles
from producers.lists.values import Read, read_columns
from producers.model import ROW, Reading, SourceColumn, SourceTable, Target, concat_faults, faults_of
from producers.text import nfc
from schemas.encoding.codec import frame_schema
from schemas.errors import Problem, ProblemList, SourceLocation

FORMAT: Final = "vnedu_student_list_38"
NUL_IN_TEXT: Final = "VAL-008"
SHIFTED: Final = "CELL-114"

_YEAR: Final = re.compile(r"NĂM HỌC:?\s*([0-9]{4})(?:\s*[-–—/]\s*[0-9]{4})?")
_SCHOOL: Final = re.compile(r"MÃ(?: TRƯỜNG| ĐƠN VỊ)?\s*:?\s*([0-9]{10}|[0-9]{8})(?![0-9])")


def read(source: str, given: Sequence[Sheet], target: Target) -> Reading:
    """Pupils of a list. Raises ProblemList with all that is wrong with the file's form."""
    layout, tables, warnings, problems = vnedu_student_list(), [], [], []
    hidden = [Problem("FILE-206", SourceLocation(source, s.name)) for s in given if s.hidden]
    found = [(sheet, find_header(sheet, layout)) for sheet in given if not sheet.hidden]
    if not any(header for _, header in found):
        raise ProblemList([Problem("FILE-015", SourceLocation(source), {"layout": layout.name}), *hidden])
    for sheet, header in found:
        if header is None:
            warnings.append(Problem("FILE-201", SourceLocation(source, sheet.name)))
            continue
        again = list_rows.headers_again(sheet, header, layout)
        wrong = _form_problems(source, sheet, header, layout, target)
        wrong += [
            Problem("FILE-027", SourceLocation(source, sheet.name, sheet.rows[row]))
            for row, same in again.items()
            if not same
        ]
        problems += wrong
        if not wrong:
            table, doubts = _table(source, sheet, header, layout, {sheet.rows[row] for row in again})
            tables.append(table)
            warnings += doubts
    if problems:
        raise ProblemList(problems)
    return Reading(tables, warnings + hidden)


def _form_problems(
    source: str, sheet: Sheet, header: Header, layout: Layout, target: Target
) -> list[Problem]:
    here = {c.caption for c in header.columns.values()}
    row = sheet.rows[header.row]
    missing = [c.caption for c in layout.columns if c.required and c.caption not in here]
    problems = [
        Problem("FILE-016", SourceLocation(source, sheet.name, row, c), {"column": c}) for c in missing
    ]
    problems += [
        Problem("FILE-017", SourceLocation(source, sheet.name, row, c), {"column": c}) for c in header.twice
    ]
    due: Sequence[tuple[str, re.Pattern[str], str]] = (
        ("FILE-012", _YEAR, str(target.year)),
        ("FILE-011", _SCHOOL, target.school),
    )
    for text in titles(sheet, header):
        for code, pattern, expected in due:
            said = pattern.search(nfc(text).upper())
            if said and said[1] != expected:
                params = {"found": said[1], "due": expected}
                problems.append(Problem(code, SourceLocation(source, sheet.name), params))
    return problems


def _table(
    source: str, sheet: Sheet, header: Header, layout: Layout, again: set[int]
) -> tuple[SourceTable, list[Problem]]:
    place = SourceLocation(source, sheet.name)
    body = sheet.cells.with_columns(pl.Series(ROW, sheet.rows, dtype=pl.Int32)).slice(header.row + 1)
    named = body.select(pl.col(n).alias(c.caption) for n, c in header.columns.items())
    texts = body.select(ROW).hstack(cells.clean(named))
    reasons = list_rows.left_out(texts, again)
    kept = reasons.is_null()
    warnings = _columns_left_out(place, sheet, header, body, kept)
    errors = named.select(cells.formula_error(c) for c in named.columns)
    if errors.select(pl.any_horizontal(pl.all().any())).item():
        warnings += [
            Problem("CELL-206", SourceLocation(source, sheet.name, int(texts[ROW][i]), c))
            for c in errors.columns
            for i in (errors[c] & kept).arg_true()
        ]
    beyond = _beyond_the_cells(sheet, header, named, kept)
    columns = [Read(c.caption, c.caption, c) for c in header.columns.values()]
    values, faults, doubts = read_columns(
        texts.filter(kept),
        columns,
        layout.record_type,
        codemaps.load(layout.codemap),
        place,
        layout.constants,
    )
    schema = frame_schema(layout.record_type)
    read = set(values.columns)
    absent = [pl.lit(None, dtype=t).alias(n) for n, t in schema.items() if n not in read]
    records = values.with_columns(absent).select(*schema, ROW)
    table = SourceTable(
        layout.record_type,
        source,
        sheet.name,
        records,
        by_name=True,
        columns=_columns(sheet, header),
        rows=texts[ROW],
    )
    table = table.leave_out(texts[ROW].filter(~kept), reasons.filter(~kept))
    return table.refuse(concat_faults([faults, *beyond])), warnings + doubts


def _columns(sheet: Sheet, header: Header) -> tuple[SourceColumn, ...]:
    """The captions as the sheet spells them, with the fields that each is read into."""
    spelt = dict(zip(sheet.cells.columns, sheet.cells.row(header.row), strict=True))
    known = {n: c.targets for n, c in header.columns.items()} | dict.fromkeys(header.unknown, ())
    return tuple(SourceColumn(int(n), nfc(spelt[n] or ""), fields) for n, fields in known.items())


def _columns_left_out(
    place: SourceLocation, sheet: Sheet, header: Header, body: pl.DataFrame, kept: pl.Series
) -> list[Problem]:
    """Columns that are not sent: unknown ones, known ones without a field, and those without a caption."""
    row, problems = sheet.rows[header.row], []
    for text in header.unknown.values():
        at = SourceLocation(place.file, place.sheet, row, text)
        problems.append(Problem("FILE-202", at, {"column": text}))
    for name in sheet.cells.columns:
        if name in header.unknown:
            continue
        if name not in header.columns:
            if not (count := body[name].count()):
                continue
            letter = _letter(int(name))
            at = SourceLocation(place.file, place.sheet, row, letter)
            problems.append(Problem("FILE-207", at, {"column": letter, "count": count}))
        elif header.columns[name].format == "unsent" and body[name].filter(kept).count():
            caption = header.columns[name].caption
            at = SourceLocation(place.file, place.sheet, row, caption)
            problems.append(Problem("FILE-208", at, {"column": caption}))
    return problems


def _beyond_the_cells(
    sheet: Sheet, header: Header, named: pl.DataFrame, kept: pl.Series
) -> list[pl.DataFrame]:
    """Faults of rows whose cells cannot be taken: a NUL in a text, more cells in a line than captions."""
    faults = [
        faults_of(NUL_IN_TEXT, c, mask.filter(kept))
        for c in named.columns
        if (mask := named[c].str.contains("\x00", literal=True).fill_null(False)).any()
    ]
    if sheet.lengths is not None:
        long = pl.Series(sheet.lengths[header.row + 1 :]) > sheet.lengths[header.row]
        faults.append(faults_of(SHIFTED, "", long.filter(kept)))
    return faults


def _letter(number: int) -> str:
    """38 → AL, as the program shows it."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
