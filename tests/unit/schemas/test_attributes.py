"""A contract is written as contracts are, or refused with its file, its field and what is known."""

import json
import re
from typing import get_args

import pytest
from click.testing import CliRunner

from cli.main import main
from schemas.contracts import attributes, names
from schemas.errors import ProblemList
from schemas.rules.derived import NUMBERS, PATTERNS
from tests.new_record import CONTRACT, add, forget

FILE = "records/ThietBi/record.avsc"
FIELDS = {field["name"]: field for field in CONTRACT["fields"]}

NESTED = {
    "type": "record", "name": "BaoTri", "doc": "Bảo trì — servicing", "label_vi": "bảo trì",
    "label_en": "servicing", "rule_prefix": "BT",
    "fields": [FIELDS["SoLuong"], {**FIELDS["NgayMua"], "name": "Ngay", "requiredd": "no"}],
}  # fmt: skip


def without(field, attribute):
    return {name: value for name, value in field.items() if name != attribute}


def written(**changes):
    """The contract with fields and attributes changed: ``TenThietBi={...}`` replaces that field."""
    fields = [changes.pop(name, field) for name, field in FIELDS.items()]
    return {**CONTRACT, "fields": fields, **changes}


def problems(contract):
    """(code, field, attribute, what else is said) of each problem."""
    text = contract if isinstance(contract, str) else json.dumps(contract)
    try:
        found = names.check({FILE: attributes.read(text, FILE)})
    except ProblemList as error:
        found = error.problems
    for problem in found:
        assert problem.place.file == FILE
        assert all(problem.messages())
    return [
        (p.code, p.place.field, p.params["attribute"], p.params.get("known") or p.params.get("wanted", ""))
        for p in found
    ]


WRONG = {
    "misspelt": (
        written(TenThietBi={**FIELDS["TenThietBi"], "max_lenght": 20}),
        ("SCH-002", "TenThietBi", "max_lenght", "max_length"),
    ),
    "misspelt on the record": (written(tabel="thiet_bi"), ("SCH-002", "", "tabel", "table")),
    "misspelt in a list's record": (
        written(MonHoc={**FIELDS["MonHoc"], "type": ["null", {"type": "array", "items": NESTED}]}),
        ("SCH-002", "MonHoc.Ngay", "requiredd", "required"),
    ),
    "missing": (written(MonHoc=without(FIELDS["MonHoc"], "pii")), ("SCH-003", "MonHoc", "pii", "")),
    "a value that is none": (
        written(MonHoc={**FIELDS["MonHoc"], "pii": "secret"}),
        ("SCH-004", "MonHoc", "pii", "sensitive"),
    ),
    "another type of value": (
        written(TenThietBi={**FIELDS["TenThietBi"], "max_length": "20"}),
        ("SCH-004", "TenThietBi", "max_length", "integer"),
    ),
    "an Avro type that no column has": (
        written(SoLuong={**FIELDS["SoLuong"], "type": ["null", "bytes"]}),
        ("SCH-004", "SoLuong", "type", "double"),
    ),
    "a kind of rule that is none": (
        written(MonHoc={**FIELDS["MonHoc"], "rules": {"codelists": "TB-102"}}),
        ("SCH-004", "MonHoc", "rules", "codelist"),
    ),
    "a rule without a number": (
        written(MonHoc={**FIELDS["MonHoc"], "rules": {"codelist": "TB warn"}}),
        ("SCH-004", "MonHoc", "rules", ""),
    ),
    "a condition that is none": (
        written(MonHoc={**FIELDS["MonHoc"], "required_when": {"field": "SoLuong", "inn": ["1"]}}),
        ("SCH-004", "MonHoc", "required_when", "given"),
    ),
    "a format that nobody knows": (
        written(MaThietBi={**FIELDS["MaThietBi"], "format": "digit:6"}),
        ("SCH-004", "MaThietBi", "format", "digits"),
    ),
    "a code list that is not there": (
        written(MonHoc={**FIELDS["MonHoc"], "codelist": "MON_HOCC"}),
        ("SCH-005", "MonHoc", "codelist", "MON_HOC"),
    ),
    "a type that is not there": (
        written(MaLopHoc={**FIELDS["MaLopHoc"], "references": "LopHocc.MaLopHoc"}),
        ("SCH-005", "MaLopHoc", "references", "ThietBi"),
    ),
    "a field of another type that is not there": (
        written(MaLopHoc={**FIELDS["MaLopHoc"], "references": "ThietBi.MaLopHocc"}),
        ("SCH-005", "MaLopHoc", "references", "MaLopHoc"),
    ),
    "a condition on a field that is not there": (
        written(MonHoc={**FIELDS["MonHoc"], "required_when": {"all": [{"field": "Soluong", "given": True}]}}),
        ("SCH-005", "MonHoc", "required_when", "SoLuong"),
    ),
    "a key that is no field": (written(identity=[["MaThietBii"]]), ("SCH-005", "", "identity", "MaThietBi")),
    "a witness that is no field": (written(witnesses=["Ten"]), ("SCH-005", "", "witnesses", "TenThietBi")),
    "no JSON": ('{"type": "record",}', ("SCH-004", "", "JSON", "line 1")),
    "no object": ("[]", ("SCH-004", "", "", "")),
}


def test_the_contract_that_is_changed_below_is_right_but_for_the_class_it_refers_to():
    assert problems(written(MaLopHoc=without(FIELDS["MaLopHoc"], "references"))) == []


@pytest.mark.parametrize("case", WRONG)
def test_a_contract_that_is_not_written_as_contracts_are_is_refused(case):
    contract, (code, field, attribute, known) = WRONG[case]
    found = [p for p in problems(contract) if p[1] != "MaLopHoc" or field == "MaLopHoc"]
    assert [p[:3] for p in found] == [(code, field, attribute)]
    assert known in found[0][3]


def test_the_command_line_names_file_and_field_and_what_is_known(tmp_path, monkeypatch):
    folder = add(tmp_path / "schemas", monkeypatch) / "records" / "ThietBi" / "record.avsc"
    contract = written(TenThietBi={**FIELDS["TenThietBi"], "max_lenght": 20})
    folder.write_text(json.dumps(contract), encoding="utf-8")
    forget()
    try:
        for command in ("list", "freeze"):
            said = CliRunner().invoke(main, ["schemas", command])
            assert said.exit_code == 1
            assert said.exception is None or isinstance(said.exception, SystemExit)
            vi, en = said.stderr.strip().splitlines()
            assert vi.startswith(f"SCH-002 {FILE} · TenThietBi: ") and en.startswith("SCH-002 ")
            assert "max_length" in vi and "max_length" in en
    finally:
        monkeypatch.undo()
        forget()


def test_formats_and_kinds_of_rules_are_those_that_rules_are_made_of():
    for name in PATTERNS:
        assert re.match(attributes.FORMATS, name)
    assert set(get_args(attributes.Kind)) == set(NUMBERS)
