"""Made-up records written in every layout, and read back: every field that is mapped is equal."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from producers import files
from producers.adapters import foreign
from producers.layouts import Column, Layout, library
from producers.lists import reading
from producers.model import OWN_ID, Reading, Target
from producers.synthetic import layout_cells, layout_file
from producers.synthetic.layout_cells import Row
from producers.synthetic.layout_file import Where
from schemas.errors import ProblemList

COUNT = 8
CLASSES = ("6A1", "6A2")
ENVELOPES = {
    "smas_api_pupils": "Responses",
    "smas_api_classes": "Grades.Classes",
    "smas_api_attendance": "studentAbsenceByDevices",
    "platform_read_pupils": "listDanhSachHocSinh",
    "platform_partner_schools": "rows",
    "vnpt_portal_lookup": "data",
}
"""Under what a service gives its records."""

LAYOUTS = [layout for layout in library().layouts.values() if layout.kind != "packet"]
SENT = [layout for layout in LAYOUTS if layout.record_type]
FLAT = [x for x in SENT if x.kind == "sheet" and len(layout_file.header(x)[0]) == 1]
WITHOUT_CLASS = [x for x in SENT if any(c.format == "class" and not c.caption for c in x.columns)]


def name(layout: Layout) -> str:
    return layout.name


def fields(column: Column) -> set[str]:
    """What a column may say."""
    return {*column.targets, column.argument.partition("=")[0]}


def push(layout: Layout) -> Target:
    return Target(layout.vendors[0] if layout.vendors else "made", "19172355", 2019, "1")


def made(layout: Layout) -> list[Row]:
    codemap = library().codemap(layout.codemap or "ministry")
    return layout_cells.rows(layout, codemap, COUNT, 1, CLASSES, push(layout))


def written(layout: Layout, rows: Sequence[Row], where: Where = "column") -> tuple[str, bytes]:
    if layout.kind == "json":
        return "list.json", layout_file.as_json(layout, rows, ENVELOPES[layout.name])
    return "list.xlsx", layout_file.workbook(layout, rows, push(layout).year, where)


def read(layout: Layout, file: tuple[str, bytes]) -> Reading:
    """The lists of a file before classes are looked up by their names."""
    content = foreign.read(*file, library().captions.words)
    return reading.read(file[0], content.sheets, push(layout), library(), layout.kind)


def assert_read(found: Reading, rows: Sequence[Row]) -> None:
    assert sum(t.refused_count for t in found.tables) == 0
    records = pl.concat(t.records for t in found.tables).rows(named=True)
    for record_, row in zip(records, rows, strict=True):
        assert {f: record_[f] for f in row.fields} == row.fields, row.cells


@pytest.mark.parametrize("layout", SENT, ids=name)
def test_what_is_written_in_a_layout_is_read_back(layout: Layout) -> None:
    rows = made(layout)
    where: Where = "sheet" if layout in WITHOUT_CLASS else "column"
    assert_read(read(layout, written(layout, rows, where)), rows)


@pytest.mark.parametrize("where", ["row", "title", "sheet"])
@pytest.mark.parametrize("layout", WITHOUT_CLASS, ids=name)
def test_the_class_stands_in_a_row_a_title_or_the_sheets_name(layout: Layout, where: Where) -> None:
    rows = made(layout)
    assert_read(read(layout, written(layout, rows, where)), rows)


@pytest.mark.parametrize("layout", [x for x in FLAT if x not in WITHOUT_CLASS], ids=name)
def test_the_same_as_csv(layout: Layout) -> None:
    rows = made(layout)
    assert_read(read(layout, ("list.csv", layout_file.as_csv(layout, rows))), rows)


@pytest.mark.parametrize("layout", [x for x in SENT if x.record_type != "TruongHoc"], ids=name)
def test_a_list_without_its_id_is_asked_for_it(layout: Layout) -> None:
    """``Mã học sinh`` and the like: nothing else is missing, and nothing stands in its place."""
    ids = [c for c in layout.columns if OWN_ID in fields(c)]
    bare = replace(layout, columns=tuple(c for c in layout.columns if c not in ids))
    with pytest.raises(ProblemList) as error:
        read(layout, written(bare, made(bare)))
    due = {c.caption for c in ids if c.required}
    assert {(p.code, p.params["column"]) for p in error.value.problems} == {("FILE-016", c) for c in due}


@pytest.mark.parametrize("layout", [x for x in LAYOUTS if not x.sent], ids=name)
def test_what_is_not_sent_is_named_and_nothing_is_asked_for(layout: Layout) -> None:
    with pytest.raises(ProblemList) as error:
        files.read_contents([written(layout, made(layout))], push(layout))
    assert [(p.code, p.params) for p in error.value.problems] == [
        ("FILE-030", {"vi": layout.title_vi, "en": layout.title_en})
    ]


def test_a_class_that_is_named_is_looked_up_in_the_whole_of_a_push() -> None:
    layout = library().layout("platform_pupils")
    rows = made(layout)
    (table,) = files.read_contents([written(layout, rows)], push(layout)).tables
    classes = set(table.records["MaLopHocDn"])
    assert len(classes) == len(CLASSES) and classes.isdisjoint(CLASSES)


@pytest.mark.parametrize(
    ("beside", "codes"),
    [
        ({"maTruongHoc": "19172355", "namHoc": 2019}, []),
        ({"maTruongHoc": "19172356"}, ["FILE-011"]),
        ({"schoolCode": "19172356", "schoolYearCode": "2019-2020"}, ["FILE-011"]),
        ({"namHoc": 2018}, ["FILE-012"]),
    ],
    ids=str,
)
def test_an_answer_of_another_school_or_year_is_refused(beside: dict[str, Any], codes: list[str]) -> None:
    layout = library().layout("platform_read_pupils")
    name, data = written(layout, made(layout))
    answer = json.dumps({**beside, **json.loads(data)}).encode()
    try:
        found = [p.code for p in read(layout, (name, answer)).unsaid]
    except ProblemList as error:
        found = [p.code for p in error.problems]
    assert found == codes
