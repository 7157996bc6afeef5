"""Columns of a list → fields of its record type, each by its format (``producers/layouts/layout.py``)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import polars as pl

from producers.adapters import cell_letters, cells
from producers.adapters.cells import Cells
from producers.codemaps import CodeMap
from producers.layouts import Column
from producers.lists import forms
from producers.model import OWN_ID, ROW, Target, concat_faults, faults_of
from schemas.contracts.contracts import record
from schemas.encoding.columnar import frame_schema
from schemas.errors import Problem, SourceLocation

YEAR_ONLY: Final = "CELL-205"
SHARED: Final = "CELL-204"
NO_OWN_ID: Final = "CELL-110"
OTHER_SCHOOL: Final = "CELL-130"
NO_CODE: Final = "CELL-211"

_SIMPLE: Final[dict[str, Callable[[pl.Series], Cells]]] = {
    "id": cells.ids,
    "code": cells.ids,
    "text": cells.texts,
    "phone": cells.phones,
    "int": forms.whole_numbers,
    "number": forms.numbers,
    "flag": forms.flags,
    "commune": forms.commune_codes,
}
WITHOUT_GRADES: Final = ("preschool", "kindergarten_only")
"""Levels of schools whose classes have ages: 1E1 or 5TA1 is no grade there."""
GRADES_OF_ANOTHER_LEVEL: Final = "FILE-222"

_JOINED: Final = {"part": ", ", "name_part": " ", "word": ", "}
YEAR_OF_PUSH: Final = "@year"
IMPLIED: Final = 1000
"""Added to the rank of what a column says of another field."""


@dataclass(frozen=True)
class Read:
    """A column of a sheet and what it is read as. ``name``: its number on the sheet; ``caption``: as told."""

    name: str
    caption: str
    column: Column


@dataclass
class _Sheet:
    """What has been read of a sheet so far: target → values by rank, target → parts in their order."""

    texts: pl.DataFrame
    codemap: CodeMap
    place: SourceLocation
    schema: dict[str, pl.DataType]
    push: Target
    since_1904: bool = False
    values: dict[str, list[tuple[int, pl.Series]]] = field(default_factory=dict)
    parts: dict[tuple[str, str], list[tuple[int, pl.Series]]] = field(default_factory=dict)
    faults: list[pl.DataFrame] = field(default_factory=list)
    doubts: list[Problem] = field(default_factory=list)

    def imply(self, read: Read, values: Cells, target: str) -> None:
        """What a column says of another field, where no column of the field's own says it."""
        self.take(replace(read, column=replace(read.column, rank=read.column.rank + IMPLIED)), values, target)

    def take(self, read: Read, values: Cells, *targets: str) -> None:
        targets = targets or read.column.targets
        for target in targets:
            series = values.values
            if (due := self.schema[target]) != series.dtype:
                series, wrong = forms.as_type(series, due)
                self.faults.append(faults_of(forms.WRONG_TYPE.get(due, NO_OWN_ID), target, wrong))
            self.values.setdefault(target, []).append((read.column.rank, series.alias(target)))
        self.tell(read, values, targets[0])

    def tell(self, read: Read, values: Cells, target: str = "") -> None:
        """What cannot be expressed, and what is doubtful."""
        for code, mask in values.bad.items():
            self.faults.append(faults_of(code, target, mask))
        for code, mask in values.doubtful.items():
            self.doubts += [
                Problem(code, SourceLocation(self.place.file, self.place.sheet, int(row), read.caption))
                for row in self.texts[ROW].filter(mask)
            ]

    def value(self, target: str) -> pl.Series:
        """The first value by rank, null where no column has one."""
        ranked = [s for _, s in sorted(self.values.get(target, []), key=lambda pair: pair[0])]
        if not ranked:
            return pl.Series(target, [None] * self.texts.height, dtype=self.schema[target])
        return pl.select(pl.coalesce(ranked)).to_series().alias(target)


def read_columns(
    texts: pl.DataFrame,
    columns: Sequence[Read],
    record_type: str,
    codemap: CodeMap,
    place: SourceLocation,
    constants: Sequence[Column] = (),
    *,
    push: Target,
    since_1904: bool = False,
) -> tuple[pl.DataFrame, pl.DataFrame, list[Problem]]:
    """(values with ``_row``, faults as FAULTS, doubts) of cleaned cells, a column a number of the sheet."""
    sheet = _Sheet(texts, codemap, place, frame_schema(record_type), push, since_1904)
    taken = [c for c in columns if c.column.format not in ("skip", "unsent")]
    for column in sorted(taken, key=lambda c: c.column.format in ("citizen", "identity")):
        _read(sheet, column, _letters(sheet, column, record_type))
    _join(sheet, taken)
    for constant in constants:
        of_push = str(push.year) if constant.argument == YEAR_OF_PUSH else constant.argument
        everywhere = Cells(pl.Series([of_push] * texts.height, dtype=pl.String))
        sheet.take(Read("", constant.caption, constant), everywhere)
    values = pl.DataFrame([texts[ROW], *(sheet.value(t) for t in sheet.values)])
    for column in taken:
        if column.column.format in ("citizen", "identity"):
            values = _shared_numbers(sheet, values, record_type, column.column.targets[0])
    faults = concat_faults(sheet.faults)
    if OWN_ID in sheet.schema:
        own = values[OWN_ID] if OWN_ID in values.columns else sheet.value(OWN_ID)
        faults = concat_faults([faults, faults_of(NO_OWN_ID, OWN_ID, own.is_null())])
    return values, faults, sheet.doubts


def _join(sheet: _Sheet, columns: Sequence[Read]) -> None:
    """Parts of a value → the value, in the order of their ranks; words by their code list.

    A given name without the column before it is no name."""
    for (form, target), ranked in sheet.parts.items():
        parts = [p for _, p in sorted(ranked, key=lambda pair: pair[0])]
        if form == "name_part" and len(parts) < 2:
            continue
        joined = pl.select(pl.concat_str(parts, separator=_JOINED[form], ignore_nulls=True)).to_series()
        whole = Cells(pl.select(pl.when(joined != "").then(joined)).to_series())
        first = next(c for c in columns if c.column.format == form and target in c.column.targets)
        first = replace(first, column=replace(first.column, rank=min(rank for rank, _ in ranked)))
        if form == "word":
            whole = _labels(sheet, replace(first.column, argument=""), whole.values)
        sheet.take(first, whole, target)


def _letters(sheet: _Sheet, read: Read, record_type: str) -> pl.Series:
    """The cells of a column with their letters put right; what is strange about them is told."""
    text, column = sheet.texts[read.name], read.column
    kind: cell_letters.Kind = "text"
    if column.format == "class":
        kind = "name"
    elif column.format in ("tick", "flag", "word"):
        kind = "sign"
    elif column.targets and not column.codelist:
        kind = cell_letters.kind_of(record(record_type).field(column.targets[0]))
    letters = cell_letters.read(text, kind)
    sheet.tell(read, letters, *column.targets[:1])
    return letters.values


def _read(sheet: _Sheet, read: Read, text: pl.Series) -> None:
    column = read.column
    match column.format:
        case "label":
            sheet.take(read, _labels(sheet, column, text))
        case "disability":
            _disability(sheet, read, text)
        case "tick" if column.argument:
            sheet.take(read, forms.marks(text, *column.argument.replace(":", ",").split(",")))
        case "tick":
            sheet.take(read, cells.ticks(text))
        case "class":
            sheet.take(read, cells.class_names(text))
            if column.argument:
                sheet.imply(read, Cells(_grades(sheet, read, text)), column.argument)
        case "id" if column.argument:
            own, prefix = column.argument.split("=")
            ids = cells.ids(text)
            sheet.take(read, ids)
            sheet.imply(read, Cells(prefix + ids.values), own)
        case "grade":
            sheet.take(read, forms.grades(text, sheet.codemap, column.codelist))
        case "citizen" | "identity":
            _numbers(sheet, read, text)
        case "school":
            _school(sheet, read, cells.ids(text))
        case "name":
            names = cells.names(text)
            sheet.take(read, names)
            if column.argument:
                sheet.imply(read, Cells(names.values.str.split(" ").list.last()), column.argument)
        case "part" | "name_part" | "word" as form:
            _part(sheet, read, form, text)
        case "date":
            sheet.take(read, cells.dates(text, since_1904=sheet.since_1904))
        case "year":
            sheet.take(read, cells.years(text, since_1904=sheet.since_1904))
            if text.str.contains(r"^[0-9]{4}(\.0)?$").any():
                at = SourceLocation(sheet.place.file, sheet.place.sheet, field=read.caption)
                sheet.doubts.append(Problem(YEAR_ONLY, at))
        case other:
            sheet.take(read, _SIMPLE[other](text))


def _grades(sheet: _Sheet, read: Read, names: pl.Series) -> pl.Series:
    """The grades that class names say; of a school without grades those that can be no age, which is told."""
    if sheet.push.level not in WITHOUT_GRADES:
        return cells.grades(names)
    grades = cells.grades_beyond_ages(names)
    if said := grades.drop_nulls().unique().sort().to_list():
        at = SourceLocation(sheet.place.file, sheet.place.sheet, field=read.caption)
        sheet.doubts.append(Problem(GRADES_OF_ANOTHER_LEVEL, at, {"grade": ", ".join(said)}))
    return grades


def _school(sheet: _Sheet, read: Read, codes: Cells) -> None:
    if read.column.targets:
        sheet.take(read, codes)
    other = pl.select(pl.lit(codes.values) != sheet.push.school).to_series().fill_null(value=False)
    sheet.faults.append(faults_of(OTHER_SCHOOL, "", other))


def _part(sheet: _Sheet, read: Read, form: str, text: pl.Series) -> None:
    """A part of a value; where the argument names a field, the part alone is that one too."""
    column, part = read.column, text
    if form == "word":
        word = forms.marks(text, column.argument)
        part = word.values
        sheet.take(read, Cells(pl.Series([None] * len(text), dtype=pl.String), word.bad))
    elif column.argument:
        alone = Cells(text)
        if column.codelist:
            labels = _labels(sheet, replace(column, argument=""), text)
            alone = Cells(labels.values, {}, {NO_CODE: labels.bad[forms.UNMAPPED]})
        sheet.imply(read, alone, column.argument)
    for target in column.targets:
        sheet.parts.setdefault((form, target), []).append((column.rank, part))


def _labels(sheet: _Sheet, column: Column, text: pl.Series) -> Cells:
    values, unmapped = sheet.codemap.map(column.codelist, text)
    if column.argument:
        values = pl.select(
            pl.when(text.is_null()).then(pl.lit(column.argument)).otherwise(values)
        ).to_series()
    return Cells(values, {forms.UNMAPPED: unmapped})


def _disability(sheet: _Sheet, read: Read, text: pl.Series) -> None:
    """A label says that there is a disability, and which; blank or "không" says that there is none."""
    flag, kind = read.column.targets
    labels = _labels(sheet, read.column, text)
    sheet.take(read, Cells(labels.values.is_not_null()), flag)
    sheet.take(read, labels, kind)


def _numbers(sheet: _Sheet, read: Read, text: pl.Series) -> None:
    """Citizen numbers; of ``identity`` the older numbers go to the second target."""
    number = cells.ids(text)
    if read.column.argument:
        gender, birth = read.column.argument.split(",")
        number = cells.citizen_numbers(text, sheet.value(gender), sheet.value(birth))
    if read.column.format == "citizen":
        sheet.take(read, number)
        return
    new = number.values.str.contains("^[0-9]{12}$").fill_null(value=False)
    citizen, older = read.column.targets
    of_citizen = pl.select(pl.when(new).then(number.values)).to_series()
    sheet.take(read, Cells(of_citizen, number.bad, number.doubtful), citizen)
    sheet.take(read, Cells(pl.select(pl.when(~new).then(number.values)).to_series()), older)


def _shared_numbers(sheet: _Sheet, values: pl.DataFrame, record_type: str, number: str) -> pl.DataFrame:
    """Two persons with one identity number: one of them is a typing error, so it is cleared for both."""
    witnesses = [w for w in record(record_type).witnesses[:2] if w in values.columns]
    if not witnesses:
        return values
    person = pl.struct(
        pl.col(w).str.to_lowercase() if sheet.schema[w] == pl.String else pl.col(w) for w in witnesses
    )
    shared = pl.col(number).is_not_null() & (person.n_unique().over(number) > 1)
    mask = values.select(shared.alias("shared")).to_series()
    sheet.doubts += [
        Problem(SHARED, SourceLocation(sheet.place.file, sheet.place.sheet, int(row), number))
        for row in values[ROW].filter(mask)
    ]
    return values.with_columns(pl.when(~mask).then(number).alias(number))
