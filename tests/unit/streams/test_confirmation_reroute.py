"""An open dataset keeps the route of its campaign's day until the department re-routes it, with a reason."""

from typing import Any

import pytest

from access.organisation_imports import claims
from schemas.errors import SourceLocation, catalogue
from schemas.organisation.importing import plan
from schemas.organisation.organisation import Organisation
from schemas.organisation.unit_files import Rows, parse
from tests.unit.organisation.files import ABOVE, HEADER, day, known, school
from tests.unit.streams.confirmation_steps import DEPARTMENT, DISTRICT, SCHOOL, Story

OTHER, COMMUNE = "165", "05482"
MOVED: dict[str, Any] = {"route": (OTHER, DEPARTMENT), "reason_text": "Trường chuyển sang huyện B từ 01/03"}


def at(stage: str) -> Story:
    """A story that has come so far."""
    story = Story()
    story.open()
    if stage == "collecting":
        return story
    story.checked(1)
    if stage == "checked":
        return story
    story.do("submit", SCHOOL)
    if stage == "recalled":
        story.do("recall", SCHOOL)
    if stage in ("claimed", "confirmed", "returned"):
        story.do("claim", DISTRICT)
    if stage == "confirmed":
        story.do("confirm", DISTRICT)
    if stage == "returned":
        story.do("return", DISTRICT, reason_code="DATA_WRONG", reason_text="Sai")
    assert story.state.state == stage
    return story


@pytest.mark.parametrize("stage", ["collecting", "checked", "returned", "recalled"])
def test_what_nobody_reviews_goes_another_way_and_stays_where_it_is(stage):
    story = at(stage)
    assert story.do("reroute", DEPARTMENT, **MOVED) == "rerouted"
    assert (story.state.state, story.state.route, story.state.turn) == (stage, MOVED["route"], OTHER)


@pytest.mark.parametrize("stage", ["submitted", "claimed", "confirmed"])
def test_what_is_under_review_begins_anew_with_the_first_of_the_new_units(stage):
    story = at(stage)
    assert story.do("reroute", DEPARTMENT, **MOVED) == "rerouted"
    assert (story.state.state, story.state.turn, story.state.version) == ("submitted", OTHER, 1)
    assert story.do("claim", DISTRICT) == "CONF-UNIT", "the unit that had it before"
    for act, unit in (("claim", OTHER), ("confirm", OTHER), ("claim", DEPARTMENT), ("approve", DEPARTMENT)):
        assert story.do(act, unit) == {"claim": "claimed", "confirm": "confirmed", "approve": "approved"}[act]


@pytest.mark.parametrize(
    ("unit", "role", "change", "code"),
    [
        (DEPARTMENT, "", {"reason_text": " "}, "CONF-REASON-TEXT"),
        (DEPARTMENT, "", {"sequence": 1}, "CONF-SEQUENCE"),
        (DEPARTMENT, "", {"route": ()}, "CONF-ROUTE"),
        (DEPARTMENT, "", {"route": (OTHER, OTHER, DEPARTMENT)}, "CONF-ROUTE"),
        (DEPARTMENT, "", {"route": (DEPARTMENT, OTHER)}, "CONF-ROUTE"),
        (DEPARTMENT, "", {"route": (DISTRICT, DEPARTMENT)}, "CONF-ALREADY"),
        (DISTRICT, "", {}, "CONF-ROLE"),
        (SCHOOL, "", {}, "CONF-ROLE"),
        (DISTRICT, "department_officer", {}, "CONF-ROUTE"),
    ],
)
def test_only_the_department_that_the_new_route_ends_with_re_routes_with_a_reason(unit, role, change, code):
    story = at("claimed")
    before = story.state
    assert story.do("reroute", unit, role, **{**MOVED, **change}) == code and all(catalogue()[code])
    assert story.state == before


def test_what_is_approved_or_further_goes_no_other_way():
    assert Story().approved().do("reroute", DEPARTMENT, **MOVED) == "CONF-STATE"
    assert Story().forwarding().do("reroute", DEPARTMENT, **MOVED) == "CONF-STATE"
    assert Story().do("reroute", DEPARTMENT, **MOVED) == "CONF-ABSENT"


def test_a_school_that_moves_in_mid_campaign_keeps_its_route_until_it_is_re_routed():
    """The campaign opens, the school moves, nobody asks the organisation again; then the department does."""
    present = known(*ABOVE, school())
    opened = Organisation(present.values()).route(SCHOOL, day("2020-02-25"))
    story = Story(route=tuple(unit.code for unit in opened)).submitted()
    lines = school(end="2020-03-01", ended="moved"), school(parent=OTHER, start="2020-03-01")
    moved = plan(present, parse("\n".join([HEADER, *lines]), "u"))
    assert not moved.problems
    since = tuple(u.code for u in Organisation(moved.units.values()).route(SCHOOL, day("2020-03-01")))
    assert story.state.route == (DISTRICT, DEPARTMENT) != since
    assert story.do("claim", OTHER) == "CONF-UNIT"
    assert story.do("claim", DISTRICT) == "claimed"
    assert story.do("reroute", DEPARTMENT, route=since, reason_text="Trường chuyển huyện") == "rerouted"
    assert story.do("claim", DISTRICT) == "CONF-UNIT"
    assert story.do("claim", OTHER) == "claimed"


def test_a_unit_that_ends_while_it_holds_claims_is_named_with_how_many():
    lines = [line.replace("2000-01-01,,,", "2000-01-01,2020-03-01,closed,") for line in ABOVE[1:2]]
    ending = {DISTRICT: plan({}, Rows(parse("\n".join([HEADER, *lines]), "u").rows, [])).units[DISTRICT]}
    places = {DISTRICT: SourceLocation("units.csv", row=3, field="valid_to")}
    datasets = [at("claimed").state, at("submitted").state, at("confirmed").state]
    (problem,) = claims(ending, datasets, places)
    assert problem.place == places[DISTRICT]
    assert (problem.code, problem.params["count"], problem.params["day"]) == ("ORG-CLAIMS", 1, "2020-03-01")
    assert problem.params["dataset"] == f"{SCHOOL}.2019.start" and all(problem.messages())
    rerouted = at("claimed")
    rerouted.do("reroute", DEPARTMENT, **MOVED)
    assert claims(ending, [rerouted.state], places) == []


def test_the_letters_steps_are_played_by_districts_and_by_communes_and_the_totals_agree():
    """24 schools under districts until 30/6/2025 and under communes since, 3 direct units."""
    communes = {"164": "05482", "165": "05518"}
    lines = [
        *(
            line.replace("2000-01-01,,,", "2000-01-01,2025-07-01,closed,") if ",district," in line else line
            for line in ABOVE
        )
    ]
    lines += [f"{code},commune,Xã,19,,,2025-07-01,,," for code in communes.values()]
    for n in range(24):
        district = "164" if n % 2 else "165"
        lines.append(school(f"1916{n:04}", district, "2000-01-01", "2025-07-01", "moved"))
        lines.append(school(f"1916{n:04}", communes[district], "2025-07-01"))
    lines += [f"1900070{n},school,THPT,19,upper_secondary,164,2000-01-01,,," for n in range(3)]
    made = plan({}, parse("\n".join([HEADER, *lines]), "u"))
    assert not made.problems, [str(p) for p in made.problems]
    org = Organisation(made.units.values())
    done: dict[str, dict[tuple[str, ...], int]] = {}
    for on in ("2025-06-30", "2025-07-01"):
        done[on] = {}
        for code in org.schools(day(on)):
            route = tuple(unit.code for unit in org.route(code, day(on)))
            assert Story(route=route).forwarding().state.state == "forwarding"
            done[on][route] = done[on].get(route, 0) + 1
    assert done == {
        "2025-06-30": {("164", "19"): 12, ("165", "19"): 12, ("19",): 3},
        "2025-07-01": {("05482", "19"): 12, ("05518", "19"): 12, ("19",): 3},
    }
    totals = [sum(sum(n.values()) for n in org.totals(day(on)).values()) for on in done]
    assert totals == [27, 27]
