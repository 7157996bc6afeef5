"""A command acts once: its bytes, sent again at any later moment, change nothing, whoever sends them."""

import pytest

from streams.confirmation.machine import MACHINE
from streams.machines.machine import CommandSource
from streams.machines.refusal import Refusal
from tests.unit.streams.confirmation_steps import DEPARTMENT, DISTRICT, SCHOOL, START, Story

WRONG = {"reason_code": "DATA_WRONG", "reason_text": "Sai số liệu"}
WHY = {"reason_text": "Theo công văn"}

LIFE: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("submit", SCHOOL, {}),
    ("recall", SCHOOL, {}),
    ("submit", SCHOOL, {}),
    ("claim", DISTRICT, {}),
    ("confirm", DISTRICT, {}),
    ("unconfirm", DISTRICT, {}),
    ("confirm", DISTRICT, {}),
    ("unconfirm", DISTRICT, {}),
    ("return", DISTRICT, WRONG),
    ("submit", SCHOOL, {"reason_text": "Đã rà soát"}),
    ("claim", DISTRICT, {}),
    ("lock", DEPARTMENT, WHY),
    ("unlock", DEPARTMENT, WHY),
    ("confirm", DISTRICT, {}),
    ("claim", DEPARTMENT, {}),
    ("approve", DEPARTMENT, {}),
    ("unconfirm", DEPARTMENT, {}),
    ("approve", DEPARTMENT, {}),
    ("forward", DEPARTMENT, {}),
    ("return", "ministry", WRONG),
    ("submit", SCHOOL, {"reason_text": "Đã rà soát"}),
    ("claim", DISTRICT, {}),
)
"""Every act that can be taken back, taken back and done again."""


@pytest.fixture
def life():
    """After each act: the story so far, and all that was ever sent."""
    story = Story()
    story.open()
    story.checked(1)

    def told():
        for name, unit, more in LIFE:
            assert story.do(name, unit, **more).endswith(("ed", "led")), (name, unit, story.refused[-1:])
            yield story

    return told()


def test_whatever_was_sent_before_changes_nothing_at_any_later_moment(life):
    tried = 0
    for story in life:
        for earlier, source in list(story.commands):
            again = CommandSource(source.topic, 10_000 + tried, START)
            outcome = MACHINE.answer(story.state, earlier, again)
            assert isinstance(outcome, Refusal) or outcome == [], (earlier.command, story.state.state)
            tried += 1
    assert tried > 200
