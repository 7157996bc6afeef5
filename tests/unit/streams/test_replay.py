"""A replay says where what is on record is not what the commands come to."""

from dataclasses import replace

import pytest

from schemas import topics
from streams.confirmation.machine import MACHINE
from streams.machines import wire
from streams.machines.replay import TakenCommand, replay
from tests.unit.streams.confirmation_steps import DISTRICT, SCHOOL, Story

LATER = ("CommandTopic", "CommandOffset", "ExportId", "Window")
"""Fields of an event that the landed contract lacked; a command lacked Sequence, ExportId, Window."""


@pytest.fixture
def story():
    told = Story().submitted()
    told.do("recall", "19164998")
    told.checked(1)  # known: no answer
    told.do("claim", DISTRICT)
    told.do("claim", DISTRICT)
    return told


def on_record(story):
    commands = [TakenCommand(source, wire.to_record(c)) for c, source in story.commands]
    return commands, [wire.to_record(e) for e in story.events], [wire.to_record(r) for r in story.refused]


def faults(commands, events, refusals):
    return [(d.topic, d.fault) for d in replay(MACHINE, commands, events, refusals).differences]


def test_what_was_decided_is_decided_again(story):
    again = replay(MACHINE, *on_record(story))
    assert (again.differences, again.decided, again.believed) == ([], 7, 0)


def test_another_answer_than_recorded_is_found(story):
    commands, events, refusals = on_record(story)
    events[-1] = events[-1] | {"Unit": "165"}
    assert faults(commands, events, refusals) == [(topics.CONFIRMATION_COMMANDS, "answer")]


def test_an_answer_that_is_missing_is_found(story):
    commands, events, refusals = on_record(story)
    assert faults(commands, events, refusals[:-1]) == [(topics.CONFIRMATION_COMMANDS, "unanswered")]
    assert faults(commands, events[:-1], refusals[:1]) == [(topics.CONFIRMATION_COMMANDS, "unanswered")] * 2


def test_an_answer_to_nothing_is_found(story):
    commands, events, refusals = on_record(story)
    assert faults(commands[:-1], events, refusals) == [(topics.CONFIRMATION_COMMANDS, "no command")]


def test_an_answer_that_is_there_twice_is_found(story):
    commands, events, refusals = on_record(story)
    assert (topics.CONFIRMATION_COMMANDS, "repeated") in faults(commands, events, [*refusals, refusals[0]])
    assert (topics.CONFIRMATION_COMMANDS, "repeated") in faults(commands, [*events, events[-1]], refusals)


def test_commands_that_were_not_taken_in_the_order_of_their_topic_are_found():
    story = Story()
    story.open()
    story.checked(1)
    submit, claim = story.command("submit", SCHOOL), story.command("claim", "165")
    before = story.source(submit)
    story.tell(submit, replace(before, offset=before.offset + 1))
    story.tell(claim, before)
    assert faults(*on_record(story)) == [(topics.CONFIRMATION_COMMANDS, "order")]


def test_what_an_earlier_contract_wrote_is_folded_and_believed(story):
    commands, events, refusals = on_record(story)
    earlier = [{n: v for n, v in e.items() if n not in LATER} for e in events[:3]]
    old = [
        TakenCommand(c.source, {n: v for n, v in c.record.items() if n not in ("Sequence", *LATER)})
        for c in commands[:3]
    ]
    again = replay(MACHINE, [*old, *commands[3:]], [*earlier, *events[3:]], refusals)
    assert (again.differences, again.believed, again.decided) == ([], 3, 4)
    assert again.states[story.state.dataset_id].state == "claimed"
