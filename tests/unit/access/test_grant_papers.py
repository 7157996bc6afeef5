"""Form 1, Form 2, the contract: every check has its code and place; all that is wrong is told at once."""

import json
from datetime import date
from hashlib import sha256
from typing import Any

import pytest

from access.documents import data_files, list_file
from access.documents.form1 import Form1
from access.documents.form2 import Form2
from access.grants import contract, form_1, form_2, sent_list
from access.grants.papers import ContractForm, Request1, Request2
from demo import papers
from producers.synthetic import province as synthetic
from producers.synthetic.province import SchoolPlan
from producers.synthetic.write import write_register
from schemas.errors import Problem, catalogue
from schemas.organisation.organisation import Organisation
from streams.grants.state import Document, Standing, State
from streams.machines import wire
from tests.organisation import of_register

TODAY = date(2020, 3, 16)
DAY = date(2020, 3, 2)
VENDORS = ("smas", "vnedu")
PLAN = synthetic.plan(1)
SCHOOL = next(s for s in PLAN if not s.direct and s.level == "primary" and s.vendor == "smas")
SAME_UNIT = next(s for s in PLAN if s.managing_unit == SCHOOL.managing_unit and s is not SCHOOL)
ELSEWHERE = next(s for s in PLAN if not s.direct and s.managing_unit != SCHOOL.managing_unit)
DIRECT = next(s for s in PLAN if s.direct and s.vendor == "smas")
UNIT = SCHOOL.managing_unit


@pytest.fixture(scope="module")
def known(tmp_path_factory) -> Organisation:
    register = tmp_path_factory.mktemp("papers") / "register.csv"
    write_register(register, [SCHOOL, SAME_UNIT, ELSEWHERE, DIRECT])
    return of_register(register)


def read(
    known: Organisation, school: SchoolPlan, used: tuple[str, ...] = (), /, **changes: Any
) -> form_1.Read:
    said = papers.request(school, known, DAY)
    beside = {name: changes.pop(name) for name in set(changes) & (set(said) | {"valid_until"} - {"form"})}
    asked = Request1.model_validate_json(json.dumps(said | beside))
    form = data_files.parse(json.dumps(said["form"] | changes).encode(), Form1, "")
    return form_1.read(asked, form, school.code, known, VENDORS, used, TODAY)


def told(problems: list[Problem]) -> list[tuple[str, str]]:
    assert all(all(catalogue()[p.code]) for p in problems)
    return [(p.code, p.place.field) for p in problems]


def test_a_right_form_leads_the_way_that_its_day_had(known):
    for school, route in ((SCHOOL, (UNIT, "19")), (DIRECT, ("19",))):
        found = read(known, school)
        assert (found.problems, found.route) == ([], route)


FORM_1 = [
    ({"number": " "}, [("FORM-001", "number")]),
    ({"day": "2020-03-17"}, [("FORM-005", "day")]),
    ({"day": None}, [("FORM-001", "day")]),
    ({"sha256": ""}, [("GRT-112", "sha256")]),
    ({"sha256": "A" * 64}, [("GRT-112", "sha256")]),
    ({"school": "19000001"}, [("GRT-101", "school")]),
    ({"vendor": "nobody"}, [("GRT-113", "vendor")]),
    ({"vendor": "vnedu"}, [("GRT-108", "software")]),
    ({"account": "truong.password"}, [("FORM-010", "account")]),
    ({"managing_unit": "165"}, [("FORM-038", "managing_unit")]),
    ({"school_name": "Trường khác"}, [("FORM-032", "school_name")]),
    ({"levels": ["THPT"]}, [("FORM-034", "levels")]),
    ({"record_types": ["HocSinh", "Diem"]}, [("FORM-012", "record_types")]),
    ({"periods": []}, [("FORM-001", "periods")]),
    ({"valid_until": "2020-03-15"}, [("GRT-114", "valid_until")]),
    (
        {"number": "", "software": "", "sha256": ""},
        [("FORM-001", "number"), ("FORM-001", "software"), ("GRT-112", "sha256")],
    ),
]


@pytest.mark.parametrize(("changes", "problems"), FORM_1, ids=[str(c[0])[:50] for c in FORM_1])
def test_what_is_wrong_with_a_request_is_told_with_its_place_all_at_once(known, changes, problems):
    assert told(read(known, SCHOOL, **changes).problems) == problems


def test_the_number_is_the_schools_own_of_that_year(known):
    assert told(read(known, SCHOOL, (f"2020/{SCHOOL.index + 1}/đn",)).problems) == [("GRT-104", "number")]
    assert told(read(known, SCHOOL, (f"2019/{SCHOOL.index + 1}/đn",)).problems) == []


def test_only_a_school_under_a_unit_names_it_as_addressee(known):
    assert told(read(known, SCHOOL, through="").problems) == []
    assert told(read(known, DIRECT, through="Phòng GDĐT").problems) == [("FORM-037", "through")]


def test_no_problem_holds_what_was_typed_of_a_person(known):
    officer = {"name": "Trần Thị Bí Mật", "phone": "bí mật", "email": "bi mat"}
    found = read(known, SCHOOL, officer=officer, account="mật khẩu bí mật").problems
    assert found and "bí mật" not in " ".join(f"{p} {p.params}" for p in found).casefold()


def checked(school: SchoolPlan, standing: Standing = Standing.CHECKED) -> State:
    return State(
        school.vendor,
        school.code,
        2,
        state=standing,
        route=(UNIT, "19"),
        software=papers.SOFTWARE[school.vendor][0],
        request=Document("form_1", papers.number(school), DAY, "a" * 64),
    )


def batch(known: Organisation, *schools: SchoolPlan, grants: Any = None, **changes: Any) -> form_2.Read:
    said = papers.batch(UNIT, list(schools), known, date(2020, 3, 4))
    asked = Request2.model_validate_json(json.dumps(said | {"sha256": changes.pop("sha256", said["sha256"])}))
    form = data_files.parse(json.dumps(said["form"] | changes).encode(), Form2, "")
    held = grants or [checked(SCHOOL), checked(SAME_UNIT)]
    return form_2.read(
        asked, form, UNIT, known, lambda school: [s for s in held if s.ma_truong_hoc == school], TODAY
    )


def test_a_right_batch_is_taken(known):
    found = batch(known, SCHOOL, SAME_UNIT)
    assert (found.problems, [s.ma_truong_hoc for s in found.states]) == ([], [SCHOOL.code, SAME_UNIT.code])


def line(school: SchoolPlan, known: Organisation, /, **changes: Any) -> Any:
    [said] = papers.batch(UNIT, [school], known, DAY)["form"]["lines"]
    return said | changes


def test_what_is_wrong_with_a_batch_is_told_with_its_line(known):
    def wrong(*schools: SchoolPlan, **changes: Any) -> set[str]:
        return {code for code, _ in told(batch(known, *schools, **changes).problems)}

    assert wrong() == {"FORM-024"}
    assert wrong(SCHOOL, SCHOOL) == {"FORM-021"}
    assert wrong(SCHOOL, count=2) == {"FORM-022"}
    assert wrong(SCHOOL, sha256="x", number="") == {"FORM-001", "GRT-112"}
    assert wrong(SCHOOL, unit="165", area="Sông Công", unit_name="Phòng GDĐT Sông Công") >= {"GRT-201"}
    grants = [checked(SCHOOL), checked(ELSEWHERE), checked(DIRECT)]
    assert wrong(SCHOOL, ELSEWHERE, DIRECT, grants=grants) == {"FORM-035", "FORM-036"}
    assert wrong(lines=[line(SCHOOL, known, school="19999999")], count=1) == {"FORM-031", "GRT-207"}
    assert wrong(lines=[line(SCHOOL, known, name="Trường Tên Cũ")], count=1) == {"FORM-032"}
    assert wrong(lines=[line(SCHOOL, known, form1_number="999/X")], count=1) == {"GRT-212"}


@pytest.mark.parametrize(
    ("standing", "code"),
    [
        (Standing.BATCHED, "GRT-208"),
        (Standing.REQUESTED, "GRT-207"),
        (Standing.RETURNED, "GRT-207"),
        (Standing.IN_USE, "GRT-207"),
    ],
)
def test_only_a_checked_request_is_batched_and_once(known, standing, code):
    found = batch(known, SCHOOL, grants=[checked(SCHOOL, standing)]).problems
    assert [(p.code, p.place.row, p.place.field) for p in found] == [(code, 1, "school")]


def test_a_batch_that_came_to_some_of_its_schools_carries_on_with_the_same_papers(known):
    said = papers.batch(UNIT, BATCH, known, date(2020, 3, 4))
    asked = Request2.model_validate_json(json.dumps(said))
    form = data_files.parse(json.dumps(said["form"]).encode(), Form2, "")

    def again(listed: str, *standings: Standing) -> form_2.Read:
        paper = Document("form_2", form.number, date(2020, 3, 4), asked.sha256, listed)
        grants = [wire.replace(checked(s, at), batch=paper) for s, at in zip(BATCH, standings, strict=True)]
        by_school = {state.ma_truong_hoc: [state] for state in grants}
        return form_2.read(asked, form, UNIT, known, by_school.__getitem__, TODAY, "b" * 64)

    rest = again("b" * 64, Standing.APPROVED, Standing.CHECKED)
    assert (rest.problems, [s.ma_truong_hoc for s in rest.states]) == ([], [SAME_UNIT.code])
    done = again("b" * 64, Standing.BATCHED, Standing.BATCHED)
    assert [code for code, _ in told(done.problems)] == ["GRT-208", "GRT-208"]
    other = again("c" * 64, Standing.BATCHED, Standing.CHECKED)
    assert [code for code, _ in told(other.problems)] == ["GRT-208"]


def test_a_batch_is_not_older_than_what_it_lists(known):
    assert told(batch(known, SCHOOL, day="2020-03-01").problems) == [("GRT-211", "day")]


RIGHT = {"number": "HĐ-1", "date": "2020-02-01", "parties": ["19164001", "smas"], "clause": True}
CONTRACTS = [
    ({}, []),
    ({"ends": "2020-03-16"}, []),
    ({"number": ""}, ["GRT-301"]),
    ({"date": None}, ["GRT-301"]),
    ({"date": "2020-03-17"}, ["GRT-302"]),
    ({"parties": ["19164001", "vnedu"]}, ["GRT-303"]),
    ({"parties": []}, ["GRT-303"]),
    ({"clause": False}, ["GRT-304"]),
    ({"begins": "2020-02-10", "ends": "2020-02-09"}, ["GRT-305"]),
    ({"ends": "2020-03-15"}, ["GRT-306"]),
    ({"sha256": "no"}, ["GRT-112"]),
    (
        {"number": "", "date": None, "parties": [], "clause": False},
        ["GRT-301", "GRT-301", "GRT-303", "GRT-304"],
    ),
]


@pytest.mark.parametrize(("changes", "codes"), CONTRACTS, ids=[str(c[0])[:50] for c in CONTRACTS])
def test_what_is_wrong_with_the_contract_is_told(changes, codes):
    form = ContractForm.model_validate_json(json.dumps(RIGHT | changes))
    problems = contract.problems(form, "smas", "19164001", TODAY)
    assert [code for code, _ in told(problems)] == codes


BATCH = [SCHOOL, SAME_UNIT]


def sent(
    known: Organisation, *schools: SchoolPlan, needed: bool = True, **changes: Any
) -> tuple[sent_list.SentList, list[Problem]]:
    """The list of these schools beside a batch of BATCH, and what is wrong with it."""
    batch = papers.batch(UNIT, BATCH, known, DAY)
    listed = papers.listed(papers.batch(UNIT, list(schools), known, DAY))
    files = {name: listed[name] for name in ("list_file", "list_name")}
    form = data_files.parse(json.dumps(batch["form"]).encode(), Form2, "")
    asked = Request2.model_validate_json(json.dumps(batch | files | changes))
    found = sent_list.read(asked, list_file.read, needed=needed)
    return found, found.against(form, known)


def test_the_list_that_goes_with_form_2_says_what_the_batch_says_or_every_difference_is_named(known):
    good, problems = sent(known, *BATCH)
    assert problems == [] and good.sha256 == sha256(good.data).hexdigest()
    other, problems = sent(known, SCHOOL, ELSEWHERE, SCHOOL)
    assert {p.code for p in problems} == {"FORM-021", "FORM-035", "FORM-051"}
    assert {p.place.file for p in problems} == {"mau2.docx"}
    assert other.schools == (SCHOOL.code, ELSEWHERE.code, SCHOOL.code)


def test_a_list_that_is_missing_or_no_file_is_told_so(known):
    assert told(sent(known, SCHOOL, list_file="")[1]) == [("GRT-213", "list_file")]
    assert sent(known, SCHOOL, list_file="", needed=False) == (sent_list.SentList(), [])
    assert told(sent(known, SCHOOL, list_file="không")[1]) == [("GRT-214", "list_file")]
    none, problems = sent(known, SCHOOL, list_file="eA==")
    assert ([p.code for p in problems], none.schools) == (["FORM-074"], ())
