"""Every finding on units has its code and line, all come at once, and none depends on the order of rows."""

import random

import pytest

from schemas.errors import catalogue
from schemas.organisation.names import strange
from schemas.organisation.organisation import NoRoute, Organisation
from tests.unit.organisation.files import ABOVE, SCHOOL, codes, day, imported, organisation, school

OVERLAPS = {
    "identical": (school(start="2010-01-01"), school(start="2010-01-01")),
    "inside": (school(end="2020-01-01"), school(start="2012-01-01", end="2013-01-01")),
    "crossing": (school(end="2020-01-01"), school(start="2019-12-31")),
    "no end": (school(), school(start="2015-01-01")),
}
PARENTS = school(end="2020-07-01"), school(parent="165", start="2020-06-30")
GAP = school(end="2020-01-01"), school(start="2020-01-02")
TOUCHING = school(end="2020-01-01"), school(parent="165", start="2020-01-01")
CIRCLE = (
    "166,district,Huyện C,164,,,2000-01-01,,,",
    "164,district,Huyện A,19,,,2000-01-01,2023-01-01,,",
    "164,district,Huyện A,166,,,2023-01-01,2024-01-01,,",
    "164,district,Huyện A,19,,,2024-01-01,,,",
)
WRONG = {
    "ORG-OVERLAP": OVERLAPS["inside"],
    "ORG-PARENTS": PARENTS,
    "ORG-GAP": GAP,
    "ORG-PARENT": (school(parent="199"),),
    "ORG-PARENT-DAYS": (school(start="1999-12-31"),),
    "ORG-PARENT-KIND": (school(), school("19164998", parent=SCHOOL)),
    "ORG-PARENT-NONE": (school(parent=""),),
    "ORG-DAYS": (school(end="2010-01-01"),),
    "ORG-END": (school(ended="closed"),),
    "ORG-NAME": (school(name="Trường Mẫu Gi\u0430o"),),
    "ORG-CODE": (school("1916499\u041e"),),
    "ORG-SUCCESSOR": (school(end="2020-01-01", ended="merged") + "19164998",),
    "ORG-KIND": (school("165"),),
}  # fmt: skip
"""Code → lines that have that fault and no other, but for a kind's."""


@pytest.mark.parametrize("code", WRONG)
def test_each_fault_has_its_code_line_and_both_texts(code):
    made = imported(*ABOVE, *WRONG[code])
    assert code in codes(made) and (code == "ORG-KIND" or set(codes(made)) == {code})
    for problem in made.problems:
        vi, en = problem.messages()
        assert vi != en and "{" not in vi + en
        assert problem.place.file == "units.csv" and problem.place.row >= 2


@pytest.mark.parametrize("lines", OVERLAPS.values(), ids=OVERLAPS)
def test_periods_that_share_a_day_are_found_however_they_lie(lines):
    assert codes(imported(*ABOVE, *lines)) == ["ORG-OVERLAP"]


def test_periods_that_touch_are_in_order():
    assert codes(imported(*ABOVE, *TOUCHING)) == []


def test_a_circle_of_one_year_alone_is_found_with_its_first_day():
    lines = (ABOVE[0], ABOVE[2], *CIRCLE)
    made = imported(*lines)
    assert codes(made) == ["ORG-CIRCLE"]
    assert made.problems[0].params["circle"] == "164 → 166 → 164"
    assert made.problems[0].params["day"] == "2023-01-01" and made.problems[0].place.row == 6


def test_a_route_through_a_circle_ends_and_says_so():
    made = imported(ABOVE[0], ABOVE[2], *CIRCLE, school())
    turning = Organisation(made.units.values())
    assert [h.code for h in turning.route(SCHOOL, day("2022-12-31"))] == ["164", "19"]
    with pytest.raises(NoRoute) as refused:
        turning.route(SCHOOL, day("2023-06-01"))
    assert refused.value.problem.code == "ORG-ROUTE"


def test_all_findings_come_at_once_and_in_one_order_for_any_order_of_rows():
    lines = [*ABOVE[:1], *ABOVE[2:], *CIRCLE]
    for n, wrong in enumerate(w for code, w in WRONG.items() if code not in ("ORG-KIND", "ORG-CODE")):
        lines += [
            line.replace(SCHOOL, f"191650{n:02}").replace("19164998", f"191651{n:02}") for line in wrong
        ]

    def found(order: list[str]) -> list[tuple[str, dict[str, object], str]]:
        return [(p.code, p.params, p.place.field) for p in imported(*order).problems]

    first = found(lines)
    assert {code for code, *_ in first} >= set(WRONG) - {"ORG-KIND", "ORG-CODE"} | {"ORG-CIRCLE"}
    for seed in range(20):
        assert found(random.Random(seed).sample(lines, len(lines))) == first


def test_every_code_is_in_the_catalogue_in_both_languages():
    for code in WRONG:
        assert all(catalogue()[code])


@pytest.mark.parametrize(
    "name", ["Trường Tiểu học Nguyễn Bỉnh Khiêm", "Đắk Kroông – Ơ Ê", "THCS & THPT số 2"]
)
def test_vietnamese_names_are_names(name):
    assert strange(name) == ""


@pytest.mark.parametrize(
    ("name", "signs"),
    [("M\u0430u", "U+0430"), ("Mau\u200b", "U+200B"), ("Mẫu \uff11", "U+FF11"), ("M\u03b1u", "U+03B1"),
     ("Mẫu\u202e", "U+202E"), ("Ⅿau", "U+216F"), ("ﬁ", "U+FB01"), ("Mau\u0308", "U+0308")],
)  # fmt: skip
def test_letters_that_only_look_alike_are_named(name, signs):
    assert strange(name) == signs


def test_a_name_of_composed_and_of_combining_letters_is_one():
    import unicodedata

    apart = unicodedata.normalize("NFD", "Trường Mẫu")
    found = organisation(*ABOVE, school(name=apart)).school(SCHOOL, day("2020-01-01"))
    assert found and found.name == "Trường Mẫu"
