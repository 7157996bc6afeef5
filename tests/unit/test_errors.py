"""The error catalogue: every code says what to do in both languages."""

import csv
import string
from importlib.resources import files

import pytest

from schemas import errors
from schemas.errors import Problem, SourceLocation

CODES = sorted(errors.catalogue())


@pytest.mark.parametrize("code", CODES)
def test_both_languages_say_something_with_the_same_blanks(code):
    vi, en = errors.catalogue()[code]
    assert vi.strip() and en.strip() and vi != en
    assert _blanks(vi) == _blanks(en)


def test_codes_are_sorted_so_that_two_people_do_not_add_the_same():
    text = files("schemas").joinpath("errors.csv").read_text(encoding="utf-8")
    assert [row["code"] for row in csv.DictReader(text.splitlines())] == CODES


def test_an_unknown_code_is_a_fault_of_ours():
    with pytest.raises(KeyError):
        errors.message("XX-999")


def test_a_place_names_only_what_is_known():
    assert (
        str(SourceLocation(file="a.xlsx", sheet="Sheet1", row=9, field="NgaySinh"))
        == "a.xlsx · Sheet1 · dòng 9 · NgaySinh"
    )
    assert str(SourceLocation(file="a.json")) == "a.json"


def test_a_problem_prints_its_place_and_both_messages():
    problem = Problem(
        "SYS-001", SourceLocation(file="x"), {"address": "127.0.0.1:1", "reason": "connection refused"}
    )
    printed = problem.as_dict()
    assert printed["code"] == "SYS-001"
    assert "127.0.0.1:1" in printed["message_vi"] and "127.0.0.1:1" in printed["message_en"]


def _blanks(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}
