"""Columns of a layout → fields of its record type, each by the column's format."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from producers import codemaps
from producers.adapters import cells
from producers.adapters.cells import Cells
from producers.adapters.convert import NO_CLIENT_ID, UNMAPPED
from producers.layouts import Column, Layout
from producers.model import ROW, concat_faults, faults_of
from schemas.errors import Problem, SourceLocation

YEAR_ONLY: Final = "CELL-205"

_SIMPLE: Final[dict[str, Callable[[pl.Series], Cells]]] = {
    "id": cells.ids,
    "text": Cells,
    "date": cells.dates,
    "year": cells.years,
    "phone": cells.phones,
}


@dataclass
class _Sheet:
    """What has been read of a sheet so far: target → values by rank."""

    texts: pl.DataFrame
    layout: Layout
    place: SourceLocation
    values: dict[str, list[tuple[int, pl.Series]]] = field(default_factory=dict)
    faults: list[pl.DataFrame] = field(default_factory=list)
    doubts: list[Problem] = field(default_factory=list)

    def take(self, column: Column, read: Cells, *targets: str) -> None:
        for target in targets or column.targets:
            self.values.setdefault(target, []).append((column.rank, read.values.alias(target)))
        for code, mask in read.bad.items():
            self.faults.append(faults_of(code, (targets or column.targets)[0], mask))
        for code, mask in read.doubtful.items():
            self.doubts += [
                Problem(code, SourceLocation(self.place.file, self.place.sheet, int(row), column.caption))
                for row in self.texts[ROW].filter(mask)
            ]

    def value(self, target: str, dtype: pl.DataType) -> pl.Series:
        """The first value by rank, null where no column has one."""
        ranked = [s for _, s in sorted(self.values.get(target, []), key=lambda pair: pair[0])]
        if not ranked:
            return pl.Series(target, [None] * self.texts.height, dtype=dtype)
        return pl.select(pl.coalesce(ranked)).to_series().alias(target)


def read_columns(
    texts: pl.DataFrame, layout: Layout, place: SourceLocation
) -> tuple[pl.DataFrame, pl.DataFrame, list[Problem]]:
    """(values with ``_row``, faults as FAULTS, doubts) of cleaned cells, a column a caption."""
    sheet = _Sheet(texts, layout, place)
    given = set(texts.columns)
    columns = [c for c in layout.columns if c.caption in given and c.format not in ("skip", "unsent")]
    for column in sorted(columns, key=lambda c: c.format == "citizen"):
        _read(sheet, column, texts[column.caption])
    for column in layout.constants:
        sheet.take(column, Cells(pl.Series([column.argument] * texts.height, dtype=pl.String)))
    values = pl.DataFrame([texts[ROW], *(sheet.value(t, pl.String()) for t in sheet.values)])
    values = _shared_numbers(sheet, values)
    no_id = faults_of(NO_CLIENT_ID, "ClientId", values["ClientId"].is_null())
    return values, concat_faults([*sheet.faults, no_id]), sheet.doubts


def _read(sheet: _Sheet, column: Column, text: pl.Series) -> None:
    match column.format:
        case "label":
            sheet.take(column, _labels(sheet, column, text))
        case "disability":
            _disability(sheet, column, text)
        case "tick" if column.argument:
            ticked = cells.ticks(text)
            code = pl.select(pl.when(ticked.values).then(pl.lit(column.argument))).to_series()
            sheet.take(column, Cells(code, ticked.bad))
        case "tick":
            sheet.take(column, cells.ticks(text))
        case "class":
            sheet.take(column, Cells(text))
            if column.argument:
                sheet.take(column, Cells(cells.grades(text)), column.argument)
        case "citizen":
            gender, birth = column.argument.split(",")
            of = sheet.value(gender, pl.String()), sheet.value(birth, pl.Date())
            sheet.take(column, cells.citizen_numbers(text, *of))
        case "name":
            read = cells.names(text)
            sheet.take(column, read)
            if column.argument:
                sheet.take(column, Cells(read.values.str.split(" ").list.last()), column.argument)
        case other:
            sheet.take(column, _SIMPLE[other](text))
            if other == "year" and text.str.contains(r"^[0-9]{4}(\.0)?$").any():
                at = SourceLocation(sheet.place.file, sheet.place.sheet, field=column.caption)
                sheet.doubts.append(Problem(YEAR_ONLY, at))


def _labels(sheet: _Sheet, column: Column, text: pl.Series) -> Cells:
    values, unmapped = codemaps.load(sheet.layout.codemap).map(column.codelist, text)
    if column.argument:
        values = pl.select(
            pl.when(text.is_null()).then(pl.lit(column.argument)).otherwise(values)
        ).to_series()
    return Cells(values, {UNMAPPED: unmapped})


def _disability(sheet: _Sheet, column: Column, text: pl.Series) -> None:
    """A label says that there is a disability, and which; blank or "không" says that there is none."""
    flag, kind = column.targets
    read = _labels(sheet, column, text)
    sheet.take(column, Cells(read.values.is_not_null()), flag)
    sheet.take(column, read, kind)


def _shared_numbers(sheet: _Sheet, values: pl.DataFrame) -> pl.DataFrame:
    """Two pupils with one identity number: one of them is a typing error, so it is cleared for both."""
    if "MaCongDan" not in values.columns:
        return values
    person = pl.struct(pl.col("HoTen").str.to_lowercase(), "NgaySinh")
    shared = pl.col("MaCongDan").is_not_null() & (person.n_unique().over("MaCongDan") > 1)
    mask = values.select(shared.alias("shared")).to_series()
    sheet.doubts += [
        Problem("CELL-204", SourceLocation(sheet.place.file, sheet.place.sheet, int(row), "MaCongDan"))
        for row in values[ROW].filter(mask)
    ]
    return values.with_columns(pl.when(~mask).then("MaCongDan").alias("MaCongDan"))
