"""The layouts as data: each line can be read, and each target is a field of its record type."""

import csv
from pathlib import Path

import pytest

from producers.layouts import Layout, library
from producers.layouts.layout import layout_of
from producers.lists.mapping import gives
from producers.text import fold
from schemas.contracts.contracts import record

LINE = {
    "name": "made_up", "record_type": "HocSinh", "carries": "pupils", "sent": "yes", "vendors": "a|b",
    "codemap": "vnedu", "kind": "sheet", "title_vi": "danh sách", "title_en": "list", "note": "",
}  # fmt: skip
COLUMN = {
    "caption": "Họ tên", "synonyms": "Tên|Họ và tên", "targets": "HoTen", "format": "name:TenHocSinh",
    "codelist": "", "required": "yes", "rank": "1", "note": "",
}  # fmt: skip


def fields_named(layout: Layout) -> set[str]:
    """Fields that its columns write or ask for."""
    named = {t for c in (*layout.columns, *layout.constants) for t in c.targets}
    for column in layout.columns:
        if column.format in ("name", "class", "citizen") and column.argument:
            named |= set(column.argument.split(","))
    return named


@pytest.mark.parametrize("layout", library().layouts.values(), ids=lambda layout: layout.name)
def test_what_is_sent_names_a_record_type_and_only_its_fields(layout: Layout) -> None:
    named = fields_named(layout)
    if layout.record_type:
        assert named <= {f.name for f in record(layout.record_type).fields}
        assert layout.sent and named
    else:
        assert not named
    assert layout.title_vi and layout.title_en and layout.carries


@pytest.mark.parametrize("layout", library().layouts.values(), ids=lambda layout: layout.name)
def test_no_caption_of_a_layout_stands_for_two_columns(layout: Layout) -> None:
    captions = [caption for c in layout.columns for caption in (c.caption, *c.synonyms)]
    assert len(layout.by_caption()) == len(captions)


def test_a_synonym_gives_fields_of_its_record_type() -> None:
    for caption, meant in library().captions.synonyms.items():
        for record_type, column in meant:
            if column.targets:
                assert set(gives(column)) <= {f.name for f in record(record_type).fields}, caption


def test_a_line_and_its_columns_are_a_layout() -> None:
    layout = layout_of(LINE, [COLUMN, {**COLUMN, "caption": "", "synonyms": "", "format": "constant:01"}])
    assert (layout.sent_by("b"), layout.sent_by("c")) == (True, False)
    assert (layout.columns[0].format, layout.columns[0].argument) == ("name", "TenHocSinh")
    assert [c.argument for c in layout.constants] == ["01"]
    assert set(layout.by_caption()) == {fold(c) for c in ("Họ tên", "Tên", "Họ và tên")}


@pytest.mark.parametrize(
    ("line", "column"),
    [({"sent": "maybe"}, {}), ({"kind": "pdf"}, {}), ({}, {"format": "nmae"}), ({}, {"rank": "x"})],
)
def test_data_that_cannot_be_read_is_no_layout(line: dict[str, str], column: dict[str, str]) -> None:
    with pytest.raises(ValueError):
        layout_of({**LINE, **line}, [{**COLUMN, **column}])


def test_a_folder_beside_adds_and_replaces_layouts(tmp_path: Path) -> None:
    for name, row in (("formats.csv", LINE), ("made_up.csv", COLUMN)):
        with (tmp_path / name).open("w", encoding="utf-8", newline="") as out:
            writer = csv.DictWriter(out, list(row))
            writer.writeheader()
            writer.writerow(row)
    more = library(tmp_path)
    assert set(more.layouts) == {*library().layouts, "made_up"}
    assert more.layout("made_up").title_en == "list"
