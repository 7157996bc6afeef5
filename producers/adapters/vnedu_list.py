"""vnEdu's list of pupils: one sheet or several, all classes together, 38 columns found by their captions."""

import re
from typing import Final

import polars as pl

from producers.adapters import cells
from producers.adapters.columns import read_columns
from producers.adapters.sheets import Header, Sheet, find_header, sheets, titles
from producers.adapters.sniff import Kind
from producers.layouts import Layout, vnedu_student_list
from producers.model import ROW, Reading, SourceTable, Target
from producers.text import fold
from schemas.encoding.codec import frame_schema
from schemas.errors import Problem, ProblemList, SourceLocation

FORMAT: Final = "vnedu_student_list_38"

_YEAR: Final = re.compile(r"NĂM HỌC:?\s*(\d{4})(?:\s*[-–—/]\s*\d{4})?")
_FOOTER: Final = re.compile(
    r"^(người lập|hiệu trưởng|phó hiệu trưởng|giáo viên|tổng số|tổng cộng|ghi chú|danh sách|cộng\b|ngày\b)",
    re.I,
)
_SAMPLE: Final = re.compile(r"^vidu|\(ví dụ", re.I)


def read(source: str, kind: Kind, data: bytes, target: Target) -> Reading:
    """Pupils of a list. Raises ProblemList with all that is wrong with the file's form."""
    layout, tables, warnings, problems = vnedu_student_list(), [], [], []
    found = [(sheet, find_header(sheet, layout)) for sheet in sheets(source, kind, data)]
    if not any(header for _, header in found):
        raise ProblemList([Problem("FILE-015", SourceLocation(source), {"layout": layout.name})])
    for sheet, header in found:
        if header is None:
            warnings.append(Problem("FILE-201", SourceLocation(source, sheet.name)))
            continue
        wrong = _form_problems(source, sheet, header, layout, target)
        problems += wrong
        if not wrong:
            table, doubts = _table(source, sheet, header, layout)
            tables.append(table)
            warnings += doubts
    if problems:
        raise ProblemList(problems)
    return Reading(tables, warnings)


def _form_problems(
    source: str, sheet: Sheet, header: Header, layout: Layout, target: Target
) -> list[Problem]:
    here = {c.caption for c in header.columns.values()}
    row = header.row + 1
    missing = [c.caption for c in layout.columns if c.required and c.caption not in here]
    problems = [
        Problem("FILE-016", SourceLocation(source, sheet.name, row, c), {"column": c}) for c in missing
    ]
    problems += [
        Problem("FILE-017", SourceLocation(source, sheet.name, row, c), {"column": c}) for c in header.twice
    ]
    for text in titles(sheet, header):
        said = _YEAR.search(text.upper())
        if said and int(said[1]) != target.year:
            problems.append(
                Problem(
                    "FILE-012", SourceLocation(source, sheet.name), {"found": said[1], "due": target.year}
                )
            )
    return problems


def _table(source: str, sheet: Sheet, header: Header, layout: Layout) -> tuple[SourceTable, list[Problem]]:
    place = SourceLocation(source, sheet.name)
    body = sheet.cells.with_row_index(ROW, offset=1).slice(header.row + 1)
    names = {name: column.caption for name, column in header.columns.items()}
    texts = body.select(pl.col(ROW).cast(pl.Int32)).hstack(
        cells.clean(body.select(pl.col(n).alias(c) for n, c in names.items()))
    )
    errors = body.select(cells.formula_error(n).alias(c) for n, c in names.items())
    kept = _records(texts, body)
    left_out = len((~kept & ~_blank(texts)).arg_true())
    warnings = [Problem("FILE-203", place, {"count": left_out})] if left_out else []
    warnings += [
        Problem("FILE-202", SourceLocation(source, sheet.name, header.row + 1, text), {"column": text})
        for text in header.unknown.values()
    ]
    if errors.select(pl.any_horizontal(pl.all().any())).item():
        warnings += [
            Problem("CELL-206", SourceLocation(source, sheet.name, int(texts[ROW][i]), c))
            for c in errors.columns
            for i in (errors[c] & kept).arg_true()
        ]
    texts = texts.filter(kept)
    values, faults, doubts = read_columns(texts, layout, place)
    schema = frame_schema(layout.record_type)
    absent = [pl.lit(None, dtype=t).alias(n) for n, t in schema.items() if n not in values.columns]
    records = values.with_columns(absent).select(*schema, ROW)
    table = SourceTable(layout.record_type, source, sheet.name, records, by_name=True)
    return table.refuse(faults), warnings + doubts


def _blank(texts: pl.DataFrame) -> pl.Series:
    return texts.select(pl.all_horizontal(pl.exclude(ROW).is_null())).to_series()


def _records(texts: pl.DataFrame, body: pl.DataFrame) -> pl.Series:
    """Mask of the rows that are pupils: no repeated header, no machine's or sample row, no footer."""
    code, name = texts["Mã học sinh"], texts["Họ tên"]
    header_again = pl.Series([fold(t or "") == fold("Họ tên") for t in name], dtype=pl.Boolean)
    machine = (
        body.select(pl.any_horizontal(pl.exclude(ROW).str.starts_with("{")))
        .to_series()
        .fill_null(value=False)
    )
    sample = pl.Series(
        [bool(_SAMPLE.search(c or "") or _SAMPLE.search(n or "")) for c, n in zip(code, name, strict=True)],
        dtype=pl.Boolean,
    )
    footer = code.is_null() & pl.Series(
        [n is None or bool(_FOOTER.search(n)) for n in name], dtype=pl.Boolean
    )
    return ~(header_again | machine | sample | footer)
