"""What is true of one province stands in its folder, never in code or in what rules and errors say."""

import ast
import csv
import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from schemas.organisation import province, unit_files
from schemas.organisation.units import Kind
from schemas.rules.catalogue import all_rules
from tests.records import VALID
from tests.support import PACKAGES, ROOT
from tests.unit.schemas.test_rules import found

ALIKE = {
    ("deploy/local/kafka.py", "168"),  # hours that Kafka keeps something
    ("producers/adapters/cells.py", "19"),  # the century of a year
    ("producers/synthetic/staff.py", "19"),  # a subject of MON_DAY_GV
    ("schemas/rules/derived.py", "172"),  # a rule's number
}
"""What only looks like a fact of the province."""


def told_by_code(path: Path) -> Iterator[str]:
    """Its texts but documentation, pieces of f-strings too, and its days as texts."""
    tree = ast.parse(path.read_text("utf-8"))
    documents = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in documents:
            yield node.value
        if isinstance(node, ast.Call) and "date" in ast.unparse(node.func):
            numbers = [
                arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, int)
            ]
            if len(numbers) >= 3:
                yield f"{numbers[0]:04}-{numbers[1]:02}-{numbers[2]:02}"


def facts() -> re.Pattern[str]:
    """Its names, codes and days, each as a word."""
    here = province.load()
    units = here.units.values()
    names = {p.name for u in units for p in u.periods} | {"Thái Nguyên", "thai-nguyen", "Bắc Kạn"}
    codes = {u.code for u in units if u.kind is not Kind.DEPARTMENT}
    days = {day for u in units for p in u.periods for day in (p.valid_from, p.valid_to) if day}
    written = {form for day in days for form in forms(day) | forms(day - timedelta(days=1))}
    words = "|".join(re.escape(w) for w in sorted(names | codes | written | {here.code}))
    return re.compile(rf"(?<![\w-])(?:{words}|{here.code}[0-9]{{3}}\w*)(?![\w-])")


def forms(day: date) -> set[str]:
    return {day.isoformat(), f"{day.day}/{day.month}/{day.year}", f"{day:%d/%m/%Y}"}


def test_code_knows_no_province_unit_or_day_of_one():
    fact = facts()
    paths = [p for package in (*PACKAGES, "deploy", "bench") for p in sorted((ROOT / package).rglob("*.py"))]
    found = {
        (str(path.relative_to(ROOT)), hit)
        for path in paths
        for text in told_by_code(path)
        for hit in fact.findall(text)
    }
    assert found == ALIKE


def test_no_rule_and_no_error_speaks_of_a_province():
    fact = facts()
    rules = [text for r in all_rules() for text in (r.message_vi, r.message_en, r.condition)]
    with (ROOT / "schemas" / "errors.csv").open(encoding="utf-8", newline="") as file:
        errors = [text for row in csv.reader(file) for text in row]
    assert [(hit, text) for text in rules + errors for hit in fact.findall(text)] == []


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """Another province, by its folder: its department, and no more."""
    lines = unit_files.as_csv(
        [{"code": "01", "kind": "department", "name": "Sở", "valid_from": date(2000, 1, 1)}]
    )
    (tmp_path / "units.csv").write_text(lines, "utf-8")
    monkeypatch.setenv("CSDL_PROVINCE", str(tmp_path))


def test_rules_hold_in_another_province(elsewhere):
    left = {"NgayTrangThai": date(2019, 12, 1), "TrangThai": "04"}
    inside, outside = left | {"NoiChuyenDi": "01"}, left | {"NoiChuyenDi": "02"}
    of = ("HS-308", ("NoiChuyenDi", "ChuyenDiDenTinh"))
    assert of in found("HocSinh", inside | {"ChuyenDiDenTinh": "19"})
    assert of not in found("HocSinh", inside | {"ChuyenDiDenTinh": "01"})
    assert of in found("HocSinh", outside | {"ChuyenDiDenTinh": "01"})
    assert of not in found("HocSinh", outside | {"ChuyenDiDenTinh": "19"})
    ours = VALID["TruongHoc"]["MaTruongHoc"]
    assert ("TR-201", ("MaTruongHoc",)) in found("TruongHoc", {})
    assert ("TR-201", ("MaTruongHoc",)) not in found("TruongHoc", {"MaTruongHoc": "01" + ours[2:]})
