"""An import says what it would change, tells a blank cell from an absent column, and takes all or nothing."""

import pytest

from schemas.errors import ProblemList
from schemas.organisation import unit_files
from schemas.organisation.organisation import Organisation
from tests.unit.organisation.files import ABOVE, SCHOOL, codes, day, imported, known, organisation, school

CLOSED_A_WHILE = (
    school(end="2019-07-01", ended="closed"),
    school(start="2022-09-01", end="2022-12-31", ended="closed"),
)
SHORT = "code,kind,name,parent,valid_from"


def listed(org: Organisation, on: str) -> bool:
    return SCHOOL in org.schools(day(on))


def test_a_school_that_was_closed_is_on_the_lists_of_its_days_alone():
    org = organisation(*ABOVE, *CLOSED_A_WHILE)
    assert [listed(org, on) for on in ("2018-05-31", "2021-05-31", "2023-05-31")] == [True, False, False]


def test_a_row_that_comes_again_with_its_end_emptied_clears_the_end_if_that_is_meant():
    present = known(*ABOVE, *CLOSED_A_WHILE)
    again = school(start="2022-09-01")
    refused = imported(again, present=present)
    assert codes(refused) == ["ORG-REOPEN"] and refused.problems[0].place.field == "valid_to"
    made = imported(again, present=present, clear_ends=True)
    assert not made.problems
    org = Organisation(made.units.values())
    assert [listed(org, on) for on in ("2018-05-31", "2021-05-31", "2023-05-31")] == [True, False, True]
    cleared = {(d.field, d.cleared) for d in made.changes[0].differences()}
    assert cleared == {("valid_to", True), ("ended", True)}


def test_a_column_that_is_absent_says_nothing():
    present = known(*ABOVE, *CLOSED_A_WHILE)
    made = imported(f"{SCHOOL},school,Tên Mới,164,2022-09-01", present=present, header=SHORT)
    assert not made.problems and "valid_to" in made.absent
    differences = made.changes[0].differences()
    assert [(d.field, d.before, d.after) for d in differences] == [("name", "Trường Mẫu", "Tên Mới")]


def test_what_is_known_already_changes_nothing():
    lines = (*ABOVE, *CLOSED_A_WHILE)
    made = imported(*lines, present=known(*lines))
    assert (made.changes, made.known, codes(made)) == ([], 4, [])


def test_a_school_moves_with_one_row_that_ends_and_one_that_begins():
    present = known(*ABOVE, school())
    alone = imported(school(parent="165", start="2020-01-01"), present=present)
    assert codes(alone) == ["ORG-PARENTS"], "its period before has no end"
    made = imported(
        school(end="2020-01-01", ended="moved"), school(parent="165", start="2020-01-01"), present=present
    )
    org = Organisation(made.units.values())
    routes = [[h.code for h in org.route(SCHOOL, day(on))] for on in ("2019-12-31", "2020-01-01")]
    assert routes == [["164", "19"], ["165", "19"]]


def test_periods_that_a_file_does_not_name_stay_unless_it_names_the_whole():
    present = known(*ABOVE, *CLOSED_A_WHILE)
    only = school(start="2022-09-01", end="2022-12-31", ended="closed")
    assert not imported(only, present=present).changes
    whole = imported(only, present=present, whole=True)
    assert len(whole.units[SCHOOL].periods) == 1


def test_a_parent_that_ends_under_its_schools_is_found_though_the_file_names_no_school():
    present = known(*ABOVE, school())
    made = imported("164,district,Huyện A,19,,,2000-01-01,2025-07-01,closed,", present=present)
    assert codes(made) == ["ORG-PARENT-DAYS"] and made.problems[0].params["missing"] == "2025-07-01"
    assert (made.problems[0].place.file, made.problems[0].place.row) == ("units.csv", 2), "what ended it"


def test_a_circle_that_one_row_closes_is_told_at_that_row():
    present = known(*ABOVE, "166,district,Huyện C,165,,,2000-01-01,,,")
    closing = (
        "165,district,Huyện B,19,,,2000-01-01,2023-01-01,,",
        "165,district,Huyện B,166,,,2023-01-01,,,",
    )
    made = imported(*closing, present=present)
    assert [(p.code, p.params["day"], p.place.row) for p in made.problems] == [
        ("ORG-CIRCLE", "2023-01-01", 3)
    ]


@pytest.mark.parametrize(
    ("start", "end", "found"),
    [
        ("2011-01-01", "2016-01-01", ["ORG-OVERLAP"]),
        ("2013-01-01", "2014-01-01", ["ORG-OVERLAP"]),
        ("2014-12-31", "2016-01-01", ["ORG-OVERLAP"]),
        ("2010-01-01", "2011-12-31", ["ORG-GAP"]),
        ("2015-01-02", "", ["ORG-GAP"]),
        ("2011-01-01", "2012-01-01", []),
        ("2015-01-01", "", []),
    ],
    ids=["containing", "inside", "crossing", "gap before", "gap after", "touching before", "touching after"],
)
def test_a_period_beside_one_that_is_known(start, end, found):
    present = known(*ABOVE, school(start="2012-01-01", end="2015-01-01"))
    assert codes(imported(school(start=start, end=end), present=present)) == found


def test_what_was_wrong_before_with_other_units_is_no_fault_of_the_file():
    present = dict(imported(*ABOVE, school(parent="199")).units)
    assert codes(imported(school("19164998"), present=present)) == []


@pytest.mark.parametrize(
    ("line", "field"),
    [
        (school().replace("school", "trường"), "kind"),
        (school(start="01/07/2025"), "valid_from"),
        (school(start="20250701"), "valid_from"),
        (school(end="2025-02-30"), "valid_to"),
        (school(end="2020-01-01", ended="gone"), "ended"),
        (school() + ",more", ""),
    ],
)
def test_a_cell_that_cannot_be_read_has_its_place(line, field):
    made = imported(*ABOVE, line)
    assert [(p.code, p.place.row, p.place.field) for p in made.problems] == [("ORG-CELL", 5, field)]


@pytest.mark.parametrize("header", ["", "code,kind,name", SHORT + ",colour", SHORT + ",code"])
def test_columns_that_are_missing_doubled_or_unknown_are_named(header):
    with pytest.raises(ProblemList) as refused:
        unit_files.parse(header + "\n", "units.csv")
    assert {p.code for p in refused.value.problems} == {"ORG-COLUMN"}


def test_lines_count_as_an_editor_counts_them():
    named = school(name='"Trường\nMẫu"')
    assert imported(*ABOVE, named, "", school("x")).problems[0].place.row == 8


def test_a_file_written_by_us_reads_the_same(tmp_path):
    rows = unit_files.parse("\n".join([",".join(unit_files.COLUMNS), *ABOVE, school()]), "u").rows
    text = unit_files.as_csv([{"code": r.code, "kind": r.kind, **r.said} for r in rows])
    (tmp_path / "u").write_text(text, encoding="utf-8-sig")
    assert [r.said for r in unit_files.parse(unit_files.text_of(tmp_path / "u"), "u").rows] == [
        r.said for r in rows
    ]


def test_a_device_is_no_file_of_units():
    from pathlib import Path

    with pytest.raises(ProblemList) as refused:
        unit_files.text_of(Path("/dev/zero"))
    assert refused.value.problems[0].code == "ORG-FILE"
