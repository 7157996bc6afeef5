"""A made-up list in any layout, as its file (workbook, csv, JSON), from the layout's data alone."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import xlsxwriter

from producers.layouts import Column, Layout
from producers.layouts.layout import ANY, LEVELS
from producers.synthetic.layout_cells import Row

Where = Literal["column", "sheet", "row", "title"]
"""What says the class: a column, the sheet's name, a row of its own above each block, the sheet's title."""

OFFICE: Final = "SỞ GIÁO DỤC VÀ ĐÀO TẠO THÁI NGUYÊN"
SUBJECT: Final = "Toán"
"""Stands where a caption has a level that is any text."""

Grid = list[list[str | None]]


def captions(layout: Layout) -> list[list[str]]:
    """Levels of each column's caption, outermost first, in the layout's order."""
    said = [c.caption for c in layout.columns if c.caption]
    return [[SUBJECT if level == ANY else level for level in c.split(LEVELS)] for c in said]


def header(layout: Layout) -> tuple[Grid, list[tuple[int, int, int, int]]]:
    """(rows of captions, merged cells as first row, first column, last row, last column, from 0)."""
    paths = captions(layout)
    depth = max(map(len, paths))
    grid: Grid = [[None] * len(paths) for _ in range(depth)]
    merged = []
    for column, path in enumerate(paths):
        for level, text in enumerate(path):
            above = path[: level + 1]
            before = paths[column - 1][: level + 1] if column else None
            if above == before and level < len(path) - 1:
                continue
            grid[level][column] = text
            last = column
            while level < len(path) - 1 and last + 1 < len(paths) and paths[last + 1][: level + 1] == above:
                last += 1
            bottom = depth - 1 if level == len(path) - 1 else level
            if (bottom, last) != (level, column):
                merged.append((level, column, bottom, last))
    return grid, merged


def body(layout: Layout, rows: Sequence[Row]) -> Grid:
    """Cells of the rows, in the order of the captions."""
    return [[row.cells[c.caption] for c in layout.columns if c.caption] for row in rows]


def workbook(layout: Layout, rows: Sequence[Row], year: int, where: Where = "column") -> bytes:
    """An ``.xlsx`` file; a sheet a class where the sheet's name or title says it."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    blocks = by_class(rows)
    several = where in ("sheet", "title")
    sheets = list(blocks.items()) if several else [("", list(rows))]
    for number, (of_class, its) in enumerate(sheets, 1):
        sheet = book.add_worksheet(of_class if where == "sheet" else f"Sheet{number}")
        title = layout.title_vi.upper() + (f" LỚP {of_class}" if where == "title" else "")
        for row, text in enumerate((OFFICE, title, f"Năm học {year} - {year + 1}")):
            sheet.write_string(row, 0, text)
        _table(sheet, 4, layout, its, where)
    book.close()
    return out.getvalue()


def _table(sheet: Any, top: int, layout: Layout, rows: Sequence[Row], where: Where) -> None:
    grid, merged = header(layout)
    if where != "row":
        _write(sheet, top, grid, merged)
        _write(sheet, top + len(grid), body(layout, rows))
        return
    for of_class, its in by_class(rows).items():
        sheet.write_string(top, 0, f"LỚP {of_class}")
        _write(sheet, top + 1, grid, merged)
        _write(sheet, top + 1 + len(grid), body(layout, its))
        top += 2 + len(grid) + len(its)


def _write(sheet: Any, top: int, grid: Grid, merged: Sequence[tuple[int, int, int, int]] = ()) -> None:
    for first, left, last, right in merged:
        sheet.merge_range(top + first, left, top + last, right, "")
    for row, cells in enumerate(grid, top):
        for column, text in enumerate(cells):
            if text is not None:
                sheet.write_string(row, column, text)


def by_class(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """class name → its rows."""
    blocks: dict[str, list[Row]] = {}
    for row in rows:
        blocks.setdefault(row.person.of_class, []).append(row)
    return blocks


def as_csv(layout: Layout, rows: Sequence[Row]) -> bytes:
    """A csv file (UTF-8 with byte order mark): header rows and body."""
    out = io.StringIO()
    lines = csv.writer(out)
    lines.writerows([[c or "" for c in line] for line in (*header(layout)[0], *body(layout, rows))])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def as_json(layout: Layout, rows: Sequence[Row], envelope: str) -> bytes:
    """An answer of a service: the records as a list, under ``envelope`` (``a.b``: within a list of one)."""
    records: Any = [_record(layout, row) for row in rows]
    outer, _, inner = envelope.partition(".")
    answer = {outer: [{"code": "1", inner: records}] if inner else records, "IsSuccess": True, "Message": ""}
    return json.dumps(answer, ensure_ascii=False).encode()


def _record(layout: Layout, row: Row) -> dict[str, Any]:
    record: dict[str, Any] = {}
    for column in layout.columns:
        *groups, name = column.caption.split(LEVELS)
        inside = record
        for group in groups:
            inside = inside.setdefault(group, {})
        inside[name] = _value(column, row.cells)
    return record


def _value(column: Column, cells: Mapping[str, str | None]) -> Any:
    text = cells[column.caption]
    if column.format in ("flag", "word") and text is not None:
        return text in ("true", "Có")
    return int(text) if column.format == "int" and text is not None else text
