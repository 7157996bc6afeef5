"""The route of a school comes from the effective-dated register, never from its code."""

from datetime import date
from pathlib import Path

import pytest

from schemas.errors import ProblemList
from schemas.organisation import schools

HEADER = "code,name,level,district,managing_unit,valid_from,valid_to,active\n"
ROWS = HEADER + (
    "19164301,Trường Mầm non Mẫu,preschool,164,164,2010-01-01,,1\n"
    "19000701,Trường THPT Mẫu,upper_secondary,164,19,2010-01-01,,1\n"
    "19000E05,Trường PTDTNT Mẫu,lower_secondary,167,167,2010-01-01,,1\n"
    "19165401,Trường Tiểu học Cũ,primary,165,165,2010-01-01,2019-07-01,1\n"
    "19165402,Trường Đóng cửa,primary,165,165,2010-01-01,,0\n"
)
AUTUMN_2019 = date(2019, 9, 30)


@pytest.fixture
def province(tmp_path):
    path = tmp_path / "register.csv"
    path.write_text(ROWS, encoding="utf-8")
    return schools.load(path)


@pytest.mark.parametrize(
    ("code", "on", "route"),
    [
        ("19164301", AUTUMN_2019, ["164", "19"]),
        ("19000701", AUTUMN_2019, ["19"]),
        ("19000E05", AUTUMN_2019, ["167", "19"]),
        ("19164301", date(2025, 6, 30), ["164", "19"]),
        ("19164301", date(2025, 7, 1), ["19"]),
        ("19165401", date(2019, 6, 30), ["165", "19"]),
    ],
    ids=[
        "district school",
        "direct unit",
        "19000xxx of a district",
        "last day of districts",
        "after",
        "old row",
    ],
)
def test_route(province, code, on, route):
    assert province.route(code, on) == route


@pytest.mark.parametrize("code", ["19999999", "19165401", "19165402"])
def test_unknown_ended_and_inactive_schools_have_no_route(province, code):
    with pytest.raises(KeyError):
        province.route(code, AUTUMN_2019)


def test_schools_lists_those_in_force(province):
    assert [s.code for s in province.schools(AUTUMN_2019)] == ["19000701", "19000E05", "19164301"]


def test_a_province_without_schools_is_a_register(tmp_path):
    path = tmp_path / "register.csv"
    path.write_text(HEADER, encoding="utf-8")
    assert schools.load(path).schools(AUTUMN_2019) == []


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "code\n",
        "code\n1\n",
        ROWS + "19164302,X,primary,164,164,yesterday,,1\n",
        ROWS + "19164302,X,primary,164,16",
        ROWS + "19164302,X,primary,164,164,2010-01-01,,",
        ROWS + "19164302," + "x" * 200_000,
    ],
    ids=[
        "missing",
        "empty",
        "a header of something else",
        "rows of something else",
        "no date",
        "cut off before the dates",
        "cut off before its end",
        "a field without end",
    ],
)
def test_a_file_that_is_no_register_gives_one_clear_problem(tmp_path, text):
    path = tmp_path / "register.csv"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(ProblemList) as caught:
        schools.load(path)
    (problem,) = caught.value.problems
    assert problem.code == "SYS-003"
    assert str(path) in problem.messages()[0]


def test_a_register_as_excel_writes_it_is_one(tmp_path):
    """With a byte order mark before the first column's name."""
    path = tmp_path / "register.csv"
    path.write_text("\ufeff" + HEADER, encoding="utf-8")
    assert schools.load(path) is not None


def test_a_device_is_no_register():
    with pytest.raises(ProblemList, match="SYS-003"):
        schools.load(Path("/dev/zero"))
