"""A signed document stands behind one request or one batch; its number behind no other."""

from datetime import date

import pytest

from access.grants import used
from sinks.projection import wire_rows
from streams.grants.state import Document, State
from streams.machines.wire import replace
from tests.unit.streams.grant_steps import DISTRICT, FORM_1, FORM_2, Story

DAY = date(2020, 3, 3)
MINE = replace(FORM_1, number="13/ĐN", sha256="b" * 64)
BATCH = replace(FORM_2, sha256="c" * 64, list_sha256="d" * 64)


def batched(about: str = "19164101", form: Document = MINE, batch: Document = BATCH) -> Story:
    story = Story(about=about)
    assert story.ask(document=form) == "requested"
    assert (story.do("check", DISTRICT), story.batch(document=batch)) == ("checked", "batched")
    return story


def codes(problems) -> list[str]:
    assert all(all(p.messages()) for p in problems)
    return [p.code for p in problems]


@pytest.mark.parametrize(
    ("document", "school", "found"),
    [
        (replace(MINE, number="99/ĐN", sha256="e" * 64), "19164101", []),
        (replace(MINE, sha256="e" * 64), "19164101", ["GRT-104"]),
        (replace(MINE, sha256="e" * 64), "19164102", []),
        (replace(MINE, number="99/ĐN"), "19164102", ["GRT-115"]),
        (replace(MINE, number="99/ĐN", sha256=BATCH.sha256), "19164102", ["GRT-115"]),
    ],
)
def test_one_file_serves_one_request_and_one_number_of_a_school(document, school, found):
    assert codes(used.requested(document, school, [batched().state])) == found


@pytest.mark.parametrize(
    ("document", "unit", "found"),
    [
        (replace(BATCH, number="99/DS", sha256="e" * 64), DISTRICT, []),
        (replace(BATCH, number="99/DS"), DISTRICT, ["GRT-115"]),
        (replace(BATCH, list_sha256="f" * 64), DISTRICT, ["GRT-115"]),
        (BATCH, "165", ["GRT-115"]),
        (replace(BATCH, number="99/DS", sha256=MINE.sha256), DISTRICT, ["GRT-115"]),
        (replace(BATCH, sha256="e" * 64), DISTRICT, ["GRT-215"]),
        (replace(BATCH, sha256="e" * 64), "165", []),
        (replace(BATCH, sha256="e" * 64, date=date(2021, 3, 3)), DISTRICT, []),
        (BATCH, DISTRICT, []),  # the same, which has not come to all of its schools
    ],
)
def test_one_file_and_one_number_of_a_unit_serve_one_batch(document, unit, found):
    states = [batched().state, batched("19164102", replace(MINE, sha256="0" * 64)).state]
    assert codes(used.batched(document, unit, states)) == found


def test_a_batch_without_its_list_is_never_the_same_again():
    bare = replace(BATCH, list_sha256="")
    assert codes(used.batched(bare, DISTRICT, [batched(batch=bare).state])) == ["GRT-115"]


def test_what_was_returned_is_remembered():
    story = batched()
    said = {"reason_code": "OTHER", "reason_text": "Sai"}
    assert story.do("return", "19", **said) == "returned"
    again = replace(MINE, number="14/ĐN", sha256="e" * 64)
    assert story.ask(document=again) == "requested"
    assert (story.state.batch, story.state.papers) == (None, (MINE, BATCH, again))
    assert codes(used.batched(replace(BATCH, number="9"), DISTRICT, [story.state])) == ["GRT-115"]


def test_an_approval_sees_what_two_acts_at_once_have_used_twice():
    own, other = batched(), batched("19164102", replace(MINE, number="15/ĐN"))
    states: list[State] = [own.state, other.state]
    assert codes(used.approved(own.state, states)) == ["GRT-115"]
    assert codes(used.approved(other.state, states)) == ["GRT-115"]
    assert codes(used.approved(own.state, [own.state])) == []
    together = batched("19164103", replace(MINE, sha256="e" * 64))
    assert codes(used.approved(own.state, [own.state, together.state])) == []


def test_the_read_model_keeps_a_grant_without_the_papers_before():
    row = wire_rows.to_row(batched().state)
    assert "papers" not in row and row["batch_sha256"] == BATCH.sha256
    assert wire_rows.from_row(State, row).numbers == batched().state.numbers
