"""Thái Nguyên as data: before and after the districts and the merger; 24 schools played through it."""

from collections import Counter

import pytest

from producers.text import fold
from schemas.errors import ProblemList
from schemas.organisation import province, register
from schemas.organisation.importing import plan
from schemas.organisation.organisation import NoRoute, Organisation
from schemas.organisation.unit_files import Rows, parse
from schemas.organisation.units import Kind
from tests.unit.organisation.files import HEADER, day

BEFORE, AFTER = day("2025-06-30"), day("2025-07-01")
HEAD = "code,name,level,district,managing_unit,valid_from,valid_to,active\n"


@pytest.fixture(scope="module")
def thai_nguyen():
    return province.load("thai-nguyen")


def test_districts_until_the_last_day_of_june_2025_communes_since(thai_nguyen):
    org = province.organisation(thai_nguyen)
    before = [h.code for h in org.held(BEFORE, Kind.DISTRICT)]
    assert before == ["164", "165", "167", "168", "169", "170", "171", "172", "173"]
    assert not org.held(BEFORE, Kind.COMMUNE) and not org.held(AFTER, Kind.DISTRICT)
    assert len(org.held(AFTER, Kind.COMMUNE)) == 92
    assert {h.period.parent for h in org.held(AFTER, Kind.COMMUNE)} == {"19"}


def test_two_departments_before_the_merger_one_after(thai_nguyen):
    org = province.organisation(thai_nguyen)
    assert [h.code for h in org.held(BEFORE, Kind.DEPARTMENT)] == ["06", "19"]
    assert org.department(AFTER) == thai_nguyen.department() == "19"
    gone = org.units["06"].periods[-1]
    assert (gone.ended, gone.successors) == ("merged", ("19",))


def test_the_only_province_here_needs_no_name():
    assert province.load().folder == province.load("thai-nguyen").folder
    with pytest.raises(ProblemList) as refused:
        province.load("no-such")
    assert refused.value.problems[0].code == "ORG-PROVINCE"


def test_the_calendar_has_the_letters_days_and_every_years(thai_nguyen):
    assert thai_nguyen.window(2019, "start") == (day("2020-02-25"), day("2020-03-10"))
    assert thai_nguyen.window(2020, "start") is None
    deadlines = [w.days(2020) for w in thai_nguyen.calendar if w.kind == "deadline" and not w.school_year]
    assert deadlines == [(day("2020-09-30"), day("2020-10-30")), (day("2021-05-31"), day("2021-06-30"))]


def test_a_calendar_and_patterns_that_are_none_are_told_with_the_units(thai_nguyen, tmp_path):
    for path in thai_nguyen.folder.iterdir():
        if path.suffix == ".csv":
            (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "signing_names.csv").unlink()
    (tmp_path / "units.csv").write_text(f"{HEADER}\n19,department,,,,,1997-01-01,,,\n", "utf-8")
    calendar = (tmp_path / "calendar.csv").read_text("utf-8")
    (tmp_path / "calendar.csv").write_text(f"{calendar}window,2020,never,2020-01-01,2019-01-01,,\n", "utf-8")
    (tmp_path / "school_code_patterns.csv").write_text("level\n", "utf-8")
    with pytest.raises(ProblemList) as refused:
        province.load(str(tmp_path))
    assert [p.code for p in refused.value.problems] == ["ORG-NAME", "ORG-COLUMN", "ORG-CALENDAR"]


def test_an_office_signs_by_its_own_names_on_its_days(thai_nguyen):
    assert "Phòng GDĐT huyện Định Hóa" in thai_nguyen.signs_as("167", BEFORE)
    assert thai_nguyen.signs_as("167", AFTER) == () == thai_nguyen.signs_as("01840", BEFORE)
    assert "UBND phường Đức Xuân" in thai_nguyen.signs_as("01840", AFTER)
    assert "Phòng GDĐT thị xã Phổ Yên" in thai_nguyen.signs_as("172", day("2022-04-09"))
    assert "Phòng GDĐT thị xã Phổ Yên" not in thai_nguyen.signs_as("172", day("2022-04-10"))


def test_no_name_is_two_offices_however_it_is_spelled(thai_nguyen):
    org = province.organisation(thai_nguyen)
    for on in (BEFORE, AFTER):
        whose = {(fold(n), h.code) for h in org.held(on) for n in thai_nguyen.signs_as(h.code, on)}
        assert len(whose) == len({name for name, _ in whose})
        assert {code for _, code in whose} == {h.code for h in org.held(on) if h.kind is not Kind.SCHOOL}


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("999,Phòng lạ,2020-01-01,", "ORG-SIGNING"),
        ("167,,2020-01-01,", "ORG-SIGNING"),
        ("167,Phòng GDĐT,2020,", "ORG-SIGNING"),
        ("167,Phòng GDĐT,2020-01-02,2020-01-02", "ORG-SIGNING"),
        ("168,phòng GDĐT  Huyện Định Hóa,2020-01-01,2020-02-01", "ORG-SIGNING-TWICE"),
        ("168,Huyện Định Hóa,2020-01-01,", "ORG-SIGNING-TWICE"),
    ],
)
def test_a_signing_name_that_is_none_or_anothers_is_refused_at_import(thai_nguyen, tmp_path, line, code):
    for name in ("units.csv", "signing_names.csv"):
        (tmp_path / name).write_bytes((thai_nguyen.folder / name).read_bytes())
    names = (tmp_path / "signing_names.csv").read_text("utf-8")
    (tmp_path / "signing_names.csv").write_text(f"{names}{line}\n", "utf-8")
    with pytest.raises(ProblemList) as refused:
        province.load(str(tmp_path))
    [problem] = refused.value.problems
    assert (problem.code, problem.place.row) == (code, len(names.splitlines()) + 1)
    assert all(problem.messages())


def test_a_code_of_no_known_form_is_a_warning_with_its_line(thai_nguyen):
    def line(code: str, level: str) -> str:
        return f"{code},school,Trường,164,{level},,2010-01-01,,,"

    good = [("19164301", "preschool"), ("1916412345", "preschool"), ("19000701", "upper_secondary"),
            ("19000E05", "lower_secondary"), ("1916500A12", "primary")]  # fmt: skip
    odd = [("19166301", "preschool"), ("19164701", "upper_secondary")]
    rows = parse("\n".join([HEADER, *(line(*pair) for pair in good + odd)]), "u").rows
    assert [(p.code, p.params["unit"]) for p in thai_nguyen.unlike(rows)] == [
        ("ORG-PATTERN", "19164701"), ("ORG-PATTERN", "19166301"),
    ]  # fmt: skip


def _24_schools() -> list[str]:
    """Eight a district in three districts, three direct units, one that moves, one that is merged."""
    lines = []
    for n, (district, commune) in enumerate((("164", "05482"), ("165", "05518"), ("173", "05908"))):
        for i in range(8):
            code, school = f"19{district}4{i:02}", f"school,Trường {n}{i},{{}},primary,{district}"
            lines.append(f"{code},{school.format(district)},2000-01-01,2025-07-01,moved,")
            lines.append(f"{code},{school.format(commune)},2025-07-01,,,")
    for i in range(3):
        lines.append(f"190007{i:02},school,THPT {i},19,upper_secondary,164,2000-01-01,,,")
    return lines


def test_totals_by_unit_before_and_after_agree(thai_nguyen):
    rows = parse("\n".join([HEADER, *_24_schools()]), "u").rows
    made = plan({}, Rows([*thai_nguyen.rows.rows, *rows], []))
    assert not made.problems
    org = Organisation(made.units.values())
    before, after = org.totals(BEFORE), org.totals(AFTER)
    assert {u: sum(n.values()) for u, n in before.items()} == {"164": 8, "165": 8, "173": 8, "19": 3}
    assert {u: sum(n.values()) for u, n in after.items()} == {"05482": 8, "05518": 8, "05908": 8, "19": 3}
    levels = [sum((Counter(n) for n in t.values()), Counter()) for t in (before, after)]
    assert levels[0] == levels[1] == {"primary": 24, "upper_secondary": 3}
    assert org.schools(BEFORE) == org.schools(AFTER)
    assert [h.code for h in org.route("19164400", BEFORE)] == ["164", "19"]
    assert [h.code for h in org.route("19164400", AFTER)] == ["05482", "19"]
    assert [h.code for h in org.route("19000700", AFTER)] == ["19"]


def _register(*lines: str, folder: province.Province) -> Organisation:
    return province.organisation(folder, register.rows(HEAD + "\n".join(lines), "register.csv", folder))


@pytest.mark.parametrize(
    ("code", "on", "route"),
    [
        ("19164301", "2019-09-30", ["164", "19"]),
        ("19000701", "2019-09-30", ["19"]),
        ("19000E05", "2019-09-30", ["167", "19"]),
        ("19164301", "2025-06-30", ["164", "19"]),
        ("19164301", "2025-07-01", ["19"]),
        ("19165401", "2019-06-30", ["165", "19"]),
        ("19166301", "2019-06-30", ["164a", "19"]),
        ("19166301", "2025-07-01", ["19"]),
        ("19168301", "2019-06-30", ["168", "19"]),
    ],
)
def test_a_register_of_release_0_4_leads_where_it_led(thai_nguyen, code, on, route):
    org = _register(
        "19164301,Trường Mầm non Mẫu,preschool,164,164,2010-01-01,,1",
        "19000701,Trường THPT Mẫu,upper_secondary,164,19,2010-01-01,,1",
        "19000E05,Trường PTDTNT Mẫu,lower_secondary,167,167,2010-01-01,,1",
        "19165401,Trường Tiểu học Cũ,primary,165,165,2010-01-01,2019-07-01,1",
        "19165402,Trường Đóng cửa,primary,165,165,2010-01-01,,0",
        "19166301,Trường lạ,preschool,,164a,1950-01-01,,1",
        "19168301,Trường A,preschool,168,168,2010-01-01,,1",
        "19168301,Trường B,preschool,168,19,2015-01-01,2020-01-01,1",
        folder=thai_nguyen,
    )
    assert [h.code for h in org.route(code, day(on))] == route
    gone = {"19165401", "19165402"}
    assert not gone & set(org.schools(day("2019-07-01")))
    with pytest.raises(NoRoute):
        org.route("19165402", day("2019-07-01"))


def test_a_register_that_is_none_says_so(thai_nguyen):
    for text in ("", "a,b\n", HEAD + "19164301\n", HEAD + "19164301,A,p,164,164,2010-13-01,,1\n",
                 HEAD + "19164301,A,p,164,164,2010-01-01,,yes\n"):  # fmt: skip
        with pytest.raises(ProblemList) as refused:
            register.rows(text, "register.csv", thai_nguyen)
        assert refused.value.problems[0].code == "SYS-003"


def test_a_register_imports_without_a_finding_whatever_its_names(thai_nguyen):
    found = register.rows(
        HEAD
        + "19164301,Tr\u0430ường,preschool,164,164,1960-01-01,,1\n19164302,,preschool,,zz,1960-01-01,,1\n",
        "register.csv",
        thai_nguyen,
    )
    assert not plan({}, Rows([*thai_nguyen.rows.rows, *found], [])).problems
