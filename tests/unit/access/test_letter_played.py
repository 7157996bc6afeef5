"""The letter played without servers: nine districts in 2020, the communes since 1/7/2025."""

import json
from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta

import pytest

from access.documents import data_files
from access.documents.form1 import Form1
from access.documents.form2 import Form2
from access.grants import contract, form_1, form_2
from access.grants.papers import ContractForm, Request1, Request2
from demo import papers
from producers.synthetic import province as synthetic
from producers.synthetic.write import write_register
from schemas.organisation import province
from schemas.organisation.organisation import Organisation
from schemas.organisation.units import Kind
from streams.grants import pushing
from tests.organisation import of_register
from tests.unit.streams.grant_steps import Story

SCHOOLS = synthetic.choose(synthetic.plan(1), 240, 1)
VENDORS = ("smas", "vnedu")


@pytest.fixture(scope="module")
def known(tmp_path_factory) -> Organisation:
    register = tmp_path_factory.mktemp("letter") / "register.csv"
    write_register(register, SCHOOLS)
    return of_register(register)


def model(kind, said):
    return kind.model_validate_json(json.dumps(said))


def may_push(story: Story) -> str:
    on = story.now.date()
    return pushing.fault(story.state, None, None, on, "HocSinh", "start")


def play(known: Organisation, asked: date, direct: date, batched: dict[str, date], year: int):
    """Every school's grant after all have handed over, by code; nobody could push before."""
    last = {form: province.load().last_day(form, year, "start") for form in ("form_1", "form_2")}
    stories: dict[str, Story] = {}
    units = defaultdict(list)
    for school in SCHOOLS:
        day = direct if school.direct else asked
        asked_for = papers.request(school, known, day)
        said = model(Request1, asked_for)
        form = data_files.parse(json.dumps(asked_for["form"]).encode(), Form1, "")
        read = form_1.read(said, form, school.code, known, VENDORS, (), day)
        assert read.problems == []
        at = datetime.combine(day, time(3), UTC)
        story = stories[school.code] = Story(
            about=school.code, vendor=school.vendor, route=read.route, now=at
        )
        due = last["form_1"] if len(read.route) == 1 else None
        scope = {"types": form.record_types, "periods": form.periods, "software": form.software}
        assert story.ask(document=form_1.document(said, form), due=due, **scope) == "requested"
        assert may_push(story) == "GRT-001"
        if story.state.managing:
            assert story.do("check", story.state.managing) == "checked"
            units[story.state.managing].append(school)
    for unit, schools in units.items():
        day = batched.get(unit, batched[""])
        batch = papers.batch(unit, schools, known, day)
        listed = model(Request2, batch)
        form_of_all = data_files.parse(json.dumps(batch["form"]).encode(), Form2, "")
        found = form_2.read(listed, form_of_all, unit, known, lambda code: [stories[code].state], day)
        assert (found.problems, len(found.states)) == ([], len(schools))
        document = found.document
        for school in schools:
            story = stories[school.code]
            story.now = max(story.now, datetime.combine(day, time(3), UTC))
            assert story.batch(unit, document=document, due=last["form_2"]) == "batched"
    for school in SCHOOLS:
        story = stories[school.code]
        story.now += timedelta(days=2)
        pending = story.state.pending
        assert pending is not None
        approved = {"types": pending.types, "periods": pending.periods}
        assert (story.approve(**approved), story.do("issue", "19")) == ("approved", "issued")
        assert may_push(story) == "GRT-001"
        signed = model(ContractForm, papers.contract(school, asked))
        assert contract.problems(signed, school.vendor, school.code, story.now.date()) == []
        assert story.hand_over(contract=contract.of(signed)) == "handed_over"
        assert may_push(story) == ""
        assert story.do("use", "system") == "used"
    return {code: story.state for code, story in stories.items()}, units


def test_nine_districts_and_the_direct_units_in_2020(known):
    districts = sorted({s.managing_unit for s in SCHOOLS if not s.direct})
    days = ("2020-03-05", "2020-03-10", "2020-03-15")
    late = dict(zip(districts, map(date.fromisoformat, days), strict=False))
    states, units = play(
        known, date(2020, 3, 2), date(2020, 3, 10), {"": date(2020, 3, 4), **late}, year=2019
    )
    assert (len(units), sorted(units)) == (9, districts)
    assert {known.units[unit].kind for unit in units} == {Kind.DISTRICT}
    assert {code for code, s in states.items() if s.late} == {
        school.code for unit in late for school in units[unit]
    }
    assert {s.state.value for s in states.values()} == {"in_use"}
    assert {len(states[s.code].route) for s in SCHOOLS if s.direct} == {1}


def test_a_direct_unit_after_10_3_is_late(known):
    states, _ = play(known, date(2020, 3, 2), date(2020, 3, 15), {"": date(2020, 3, 4)}, year=2019)
    assert {code for code, s in states.items() if s.late} == {s.code for s in SCHOOLS if s.direct}


def test_the_communes_since_1_7_2025(known):
    states, units = play(known, date(2025, 7, 2), date(2025, 7, 2), {"": date(2025, 7, 4)}, year=2025)
    assert {known.units[unit].kind for unit in units} == {Kind.COMMUNE}
    assert {s.state.value for s in states.values()} == {"in_use"}
    assert not any(s.late for s in states.values())
    assert {s.code for s in SCHOOLS if s.direct} == {c for c, s in states.items() if not s.managing}
