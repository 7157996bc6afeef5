"""The layouts' data against the contract and the code maps, and against each other."""

import csv
from importlib.resources import files

import pytest

from producers.layouts import Column, Layout, library
from producers.layouts.layout import ANY, LEVELS
from producers.layouts.vocabulary import plain
from schemas.codes import codelists
from schemas.contracts.contracts import record

SENT = [layout for layout in library().layouts.values() if layout.record_type]
NAMED_ONLY = [layout for layout in library().layouts.values() if not layout.sent and layout.kind != "packet"]
WITH_COLUMNS = SENT + NAMED_ONLY


def name(layout: Layout) -> str:
    return layout.name


def path(caption: str) -> str:
    return LEVELS.join(level if level == ANY else plain(level) for level in caption.split(LEVELS))


def captions(column: Column) -> set[str]:
    """As compared; of a column that has none, nothing."""
    return {path(c) for c in (column.caption, *column.synonyms) if c}


def implied(column: Column) -> set[str]:
    """Fields that the argument of a column's format names."""
    match column.format:
        case "id" if column.argument:
            return {column.argument.split("=")[0]}
        case "name" | "class" | "part" | "name_part" if column.argument:
            return {column.argument}
        case "citizen" | "identity":
            return set(column.argument.split(","))
        case _:
            return set()


def test_every_format_has_its_file_and_every_file_its_line() -> None:
    folder = files("producers.layouts")
    lines = [
        line["name"]
        for line in csv.DictReader(folder.joinpath("formats.csv").read_text("utf-8").splitlines())
        if line["kind"] != "packet"
    ]
    there = {f.name.removesuffix(".csv") for f in folder.iterdir() if f.name.endswith(".csv")}
    assert len(lines) == len(set(lines))
    assert set(lines) == there - {"formats", "synonyms"}


@pytest.mark.parametrize("layout", SENT, ids=name)
def test_a_format_names_fields_of_the_record_type(layout: Layout) -> None:
    contract = {f.name for f in record(layout.record_type).fields}
    for column in layout.columns:
        assert implied(column) <= contract, column.caption


@pytest.mark.parametrize("layout", SENT, ids=name)
def test_labels_have_a_list_in_the_code_map_and_go_to_fields_of_that_list(layout: Layout) -> None:
    codemap = library().codemap(layout.codemap)
    fields = {f.name: f for f in record(layout.record_type).fields}
    for column in layout.columns:
        if column.format in ("label", "disability", "word"):
            assert column.codelist, column.caption
        if column.codelist:
            assert column.codelist in codemap, column.caption
            targets = (column.argument,) if column.format == "part" else column.targets[-1:]
            listed = [fields[t].codelists for t in targets if fields[t].codelists]
            assert all(column.codelist in lists for lists in listed), column.caption


@pytest.mark.parametrize("layout", SENT, ids=name)
def test_codes_in_the_data_are_codes_of_the_ministry(layout: Layout) -> None:
    fields = {f.name: f for f in record(layout.record_type).fields}
    for column in (*layout.columns, *layout.constants):
        if column.format in ("constant", "label", "tick") and column.argument:
            for code in column.argument.replace("@year", "").split(","):
                lists = fields[column.targets[0]].codelists
                assert not code or any(code in codelists()[c] for c in lists), column.caption


@pytest.mark.parametrize("layout", NAMED_ONLY, ids=name)
def test_what_is_only_named_has_no_field(layout: Layout) -> None:
    assert {c.format for c in layout.columns} <= {"skip", "unsent"}
    assert not any(c.targets for c in layout.columns)
    assert any(c.required for c in layout.columns)


@pytest.mark.parametrize("layout", WITH_COLUMNS, ids=name)
def test_no_caption_stands_for_two_columns(layout: Layout) -> None:
    seen: dict[str, str] = {}
    for column in layout.columns:
        for caption in captions(column):
            assert seen.setdefault(caption, column.caption) == column.caption, caption


@pytest.mark.parametrize("layout", WITH_COLUMNS, ids=name)
def test_no_other_layout_reads_the_same_captions(layout: Layout) -> None:
    """Of its own captions another layout lacks one, or has one that this layout lacks."""
    own = {path(c.caption) for c in layout.columns if c.caption}
    for other in WITH_COLUMNS:
        if other.name != layout.name and other.kind == layout.kind:
            theirs = set().union(*(captions(c) for c in other.columns))
            mine = set().union(*(captions(c) for c in layout.columns))
            main = {path(c.caption) for c in other.columns if c.caption}
            assert not (own <= theirs and main <= mine), other.name


@pytest.mark.parametrize("layout", SENT, ids=name)
def test_two_columns_of_one_field_have_different_ranks(layout: Layout) -> None:
    """Else the place of a column would say which one wins."""
    taken = [(t, c.rank) for c in layout.columns for t in c.targets]
    assert len(taken) == len(set(taken))


def test_synonyms_name_fields_of_the_contract_in_forms_that_can_be_read() -> None:
    for synonyms in library().captions.synonyms.values():
        for record_type, column in synonyms:
            if not column.targets:
                assert column.format in ("skip", "unsent")
                continue
            contract = {f.name for f in record(record_type).fields}
            assert set(column.targets) <= contract, column.caption
