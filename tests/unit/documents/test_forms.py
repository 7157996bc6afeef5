"""Form 1 and Form 2: every field missing, wrong or contradictory is said by its code, all at once."""

from datetime import date

import msgspec
import pytest

from access.documents import against, data_files
from access.documents.fields import Person
from access.documents.form1 import CAPTIONS, Form1
from access.documents.form2 import Form2
from schemas.errors import ProblemList
from tests.unit.documents.made import DAY, FORM1, TODAY, form2, line, organisation

OPTIONAL = {"through", "contract_number", "contract_day", "contract_until", "clause_confirmed"}
TYPES = ("TruongHoc", "HocSinh")


def said(problems):
    for problem in problems:
        assert all(problem.messages())
    return [(p.code, p.place.field) for p in problems]


def of_form1(**other):
    return said(msgspec.structs.replace(FORM1, **other).problems(TODAY, TYPES))


def officer(**other):
    return msgspec.structs.replace(FORM1.officer, **other)


def test_a_form_without_a_fault_has_no_problem():
    assert of_form1() == []
    assert form2().problems(TODAY) == []


def test_every_field_of_form_1_that_is_missing_is_named_and_all_at_once():
    due = set(CAPTIONS) - OPTIONAL
    found = Form1(signer_title="").problems(TODAY, TYPES)
    assert {(p.code, p.place.field) for p in found} == {("FORM-001", name) for name in due}
    assert len(found) == len(due)


@pytest.mark.parametrize(
    ("other", "code", "field"),
    [
        ({"school": "19 67"}, "FORM-011", "school"),
        ({"managing_unit": "Định Hóa"}, "FORM-011", "managing_unit"),
        ({"number": "số mười"}, "FORM-004", "number"),
        ({"number": "12/"}, "FORM-004", "number"),
        ({"day": date(2020, 3, 11)}, "FORM-005", "day"),
        ({"school_name": "Trường THCS Đ\u043eng Xuân"}, "FORM-003", "school_name"),
        ({"place": "Định\nHóa"}, "FORM-003", "place"),
        ({"department": "S" * 201}, "FORM-002", "department"),
        ({"levels": ("THCS", "ĐH")}, "FORM-006", "levels"),
        ({"levels": ("TH", "TH")}, "FORM-007", "levels"),
        ({"vendor": "VNPT"}, "FORM-015", "vendor"),
        ({"software": "vnEdu"}, "FORM-015", "vendor"),
        ({"account": "thcsdongxuan / Abc@12345"}, "FORM-010", "account"),
        ({"account": "thcs-mk-2020"}, "FORM-010", "account"),
        ({"officer": officer(phone="84912345678")}, "FORM-008", "officer.phone"),
        ({"officer": officer(phone="091234567")}, "FORM-008", "officer.phone"),
        ({"officer": officer(email="mau@truong")}, "FORM-009", "officer.email"),
        ({"record_types": ("HocSinh", "Diem")}, "FORM-012", "record_types"),
        ({"record_types": ("HocSinh", "HocSinh")}, "FORM-007", "record_types"),
        ({"periods": ("middle",)}, "FORM-012", "periods"),
        ({"contract_number": ""}, "FORM-001", "contract_number"),
        ({"contract_day": None}, "FORM-001", "contract_day"),
        ({"contract_day": date(2020, 5, 1)}, "FORM-005", "contract_day"),
        ({"contract_until": date(2020, 1, 4)}, "FORM-014", "contract_until"),
        (
            {"contract_number": "", "contract_day": None, "contract_until": None},
            "FORM-013",
            "clause_confirmed",
        ),
    ],
)  # fmt: skip
def test_a_wrong_or_contradictory_field_of_form_1_has_its_code_and_place(other, code, field):
    assert of_form1(**other) == [(code, field)]


def test_another_software_may_be_of_any_vendor():
    assert of_form1(software="EduNow", vendor="Công ty Mẫu") == []


def test_an_officers_data_and_a_password_stand_in_no_error_and_no_repr():
    secret = "Abc@12345 mật khẩu"
    person = Person("Nguyễn\u200bBí Mật", "+84 987", "bi.mat")
    wrong = msgspec.structs.replace(FORM1, officer=person, account=secret)
    text = repr(wrong.officer) + "".join(
        " ".join([*p.messages(), *map(str, p.as_dict().values())]) for p in wrong.problems(TODAY)
    )
    assert len(wrong.problems(TODAY)) == 4
    for value in ("Bí Mật", "987", "bi.mat", "Abc@"):
        assert value not in text


def test_every_field_of_form_2_and_of_its_lines_that_is_missing_is_named():
    blank = msgspec.structs.replace(Form2(), signer_title="")
    assert {c for c, _ in said(blank.problems(TODAY))} == {"FORM-001", "FORM-024"}
    assert {f for _, f in said(blank.problems(TODAY))} == {
        "unit", "managing_name", "unit_name", "number", "place", "day", "department", "area", "contact.name",
        "contact.phone", "contact.email", "signer_title", "count", "lines",
    }  # fmt: skip
    found = form2(line(1), type(line(1))()).problems(TODAY)
    assert {(p.code, p.place.row) for p in found} == {("FORM-001", 2)}
    assert {p.place.field for p in found} == set(type(line(1)).__struct_fields__)


@pytest.mark.parametrize(
    ("form", "code", "place"),
    [
        (form2(count=4), "FORM-022", (0, "count")),
        (form2(area="Huyện Phú Lương"), "FORM-023", (0, "area")),
        (form2(recipients=("Như\u202etrên",)), "FORM-003", (0, "recipients")),
        (form2(number="ba mốt"), "FORM-004", (0, "number")),
        (form2(line(1), line(2), line(1)), "FORM-021", (3, "school")),
        (form2(line(1, software="vnedu")), "FORM-015", (1, "vendor")),
        (form2(line(1), line(2, form1_number="?")), "FORM-004", (2, "form1_number")),
        (form2(line(1, account="a b")), "FORM-010", (1, "account")),
    ],
)
def test_a_wrong_or_contradictory_field_of_form_2_has_its_code_and_place(form, code, place):
    assert [(p.code, (p.place.row, p.place.field)) for p in form.problems(TODAY)] == [(code, place)]


@pytest.mark.parametrize(
    ("unit_name", "area"),
    [
        ("Phòng GDĐT TP Thái Nguyên", "Thành phố Thái Nguyên"),
        ("Phòng GDĐT huyện Định Hoá", "Huyện Định Hóa"),
        ("UBND xã Phong Quang", "Xã Phong Quang"),
    ],
)
def test_an_area_is_the_senders_however_its_kind_is_written(unit_name, area):
    assert form2(unit_name=unit_name, area=area).problems(TODAY) == []


def test_form_2_is_late_from_the_day_after_the_last():
    assert form2().doubts(DAY) == [] and form2().doubts(None) == []
    assert [p.code for p in form2().doubts(date(2020, 3, 1))] == ["FORM-201"]


def test_forms_that_agree_with_the_organisation_have_no_problem():
    assert against.form1(FORM1, organisation(), DAY) == []
    assert against.form2(form2(), organisation(), DAY) == []


@pytest.mark.parametrize(
    ("other", "code", "field"),
    [
        ({"school": "19167999"}, "FORM-031", "school"),
        ({"school_name": "Trường THCS Khác"}, "FORM-032", "school_name"),
        ({"levels": ("TH",)}, "FORM-034", "levels"),
        ({"managing_unit": "164"}, "FORM-038", "managing_unit"),
        ({"managing_name": "UBND thành phố Thái Nguyên"}, "FORM-039", "managing_name"),
        ({"through": "Phòng GDĐT TP Thái Nguyên"}, "FORM-039", "through"),
    ],
)
def test_form_1_against_the_organisation(other, code, field):
    form = msgspec.structs.replace(FORM1, **other)
    assert said(against.form1(form, organisation(), DAY)) == [(code, field)]


def test_a_school_direct_to_the_department_asks_through_nobody():
    form = msgspec.structs.replace(
        FORM1, school="19000401", school_name="Trường THPT Lương Ngọc", levels=("THPT",), managing_unit="19",
        managing_name="Sở Giáo dục và Đào tạo Thái Nguyên",
    )  # fmt: skip
    assert said(against.form1(form, organisation(), DAY)) == [("FORM-037", "through")]


@pytest.mark.parametrize(
    ("form", "day", "found"),
    [
        (form2(line(1, school="19167999")), DAY, [("FORM-031", 1)]),
        (form2(line(1), line(2, school="19164301", name="Trường THCS Nha Trang")), DAY, [("FORM-035", 2)]),
        (
            form2(line(1, school="19000401", name="Trường THPT Lương Ngọc", levels=("THPT",))),
            DAY,
            [("FORM-036", 1)],
        ),
        (form2(), date(2020, 4, 1), [("FORM-033", 3)]),
        (form2(line(1, name="Trường THCS Khác")), DAY, [("FORM-032", 1)]),
        (form2(line(1), unit="19"), DAY, [("FORM-040", 0), ("FORM-035", 1)]),
        (form2(line(1), unit="167"), date(2025, 7, 1), [("FORM-040", 0), ("FORM-035", 1)]),
        (form2(line(1), unit="05548", area="Xã Định Hóa"), date(2025, 7, 1), []),
        (form2(line(1), area="Huyện Phú Lương"), DAY, [("FORM-039", 0)]),
    ],
)
def test_form_2_against_the_organisation_of_the_day(form, day, found):
    problems = against.form2(form, organisation(), day)
    assert [(p.code, p.place.row) for p in problems] == found
    assert all(all(p.messages()) for p in problems)


@pytest.mark.parametrize("form", [FORM1, form2()])
def test_a_form_is_read_back_from_its_json(form):
    data = msgspec.json.encode(data_files.as_json(form))
    assert data_files.parse(data, type(form), "f.json") == form


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{", [("FORM-071", "")]),
        ("[" * 100_000, [("FORM-071", "")]),
        ('{"school": "1", "school": "2"}', [("FORM-071", "")]),
        ("[]", [("FORM-073", "{}")]),
        (
            '{"scool": "1", "day": "2/3/2020", "levels": "THCS", "school": null,'
            ' "officer": {"phone": 9, "fax": ""}}',
            [
                ("FORM-072", "scool"),
                ("FORM-073", "day"),
                ("FORM-073", "levels"),
                ("FORM-073", "officer.phone"),
                ("FORM-072", "officer.fax"),
            ],
        ),
    ],
)
def test_what_cannot_be_read_of_the_json_is_said_all_at_once(text, found):
    with pytest.raises(ProblemList) as refused:
        data_files.parse(text.encode(), Form1, "f.json")
    assert said(refused.value.problems) == found


def test_a_line_of_the_json_is_named_by_its_number():
    with pytest.raises(ProblemList) as refused:
        data_files.parse(b'{"lines": [{"school": "1"}, {"name": 3}]}', Form2, "f.json")
    [problem] = refused.value.problems
    assert (problem.place.row, problem.place.field) == (2, "name")
