"""What is printed from the table is true of it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.confirmation import confirmation
from schemas.errors import catalogue
from streams.confirmation.conditions import GUARDS, PARTS, REFUSALS, WHEN, When, Who
from streams.confirmation.events import Event
from streams.confirmation.state import STAGE_VI, Stage
from streams.confirmation.table import TABLE
from streams.documents import confirmation_page

ROOT = Path(__file__).parents[3]


def test_the_page_in_docs_is_the_one_printed_from_the_table():
    page = (ROOT / "docs" / "confirmation.md").read_text(encoding="utf-8")
    assert page == confirmation_page.document(), (
        "renew it: csdl confirmation table --markdown > docs/confirmation.md"
    )


def test_every_refusal_says_what_to_do_in_both_languages():
    for code in REFUSALS:
        assert all(text.count(".") >= 2 for text in catalogue()[code]), code


def test_every_guard_is_on_the_list_of_refusals():
    assert set(GUARDS) <= set(REFUSALS)
    assert {guard for row in TABLE for guard in row.guards} == set(GUARDS)


def test_no_two_rows_answer_the_same_question():
    keys = [(r.state, r.command, r.role, r.who, r.when) for r in TABLE]
    assert len(keys) == len(set(keys))


def test_every_word_of_the_table_has_its_meaning():
    assert set(PARTS) == set(Who) == {r.who for r in TABLE}
    assert set(WHEN) == set(When) == {r.when for r in TABLE}
    assert {r.code for r in TABLE} - {""} <= set(REFUSALS)


def test_every_state_has_a_name_in_vietnamese_and_can_be_reached():
    assert set(STAGE_VI) == set(Stage)
    assert {r.next for r in TABLE} == set(Stage)


def test_the_table_as_json_has_a_line_a_row():
    answer = CliRunner().invoke(confirmation, ["table", "--json"])
    rows = json.loads(answer.output)
    assert len(rows) == len(TABLE)
    assert {"state", "command", "role", "next_state"} <= rows[0].keys()


@pytest.mark.parametrize("page", [confirmation_page.mermaid(), json.dumps([r.as_dict() for r in TABLE])])
def test_what_is_printed_names_every_state(page):
    assert all(stage.value in page for stage in Stage)


def test_an_event_holds_all_that_the_read_model_needs():
    assert {"state", "level", "route", "version", "digest", "reason_code"} <= set(Event.__struct_fields__)
