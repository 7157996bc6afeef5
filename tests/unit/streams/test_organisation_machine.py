"""The organisation machine: one unit at a time, in order by itself, as the actor saw it."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from schemas import topics
from schemas.encoding import codec
from schemas.errors import catalogue
from schemas.organisation.units import Ended, Kind, Period
from streams.machines import chain, wire
from streams.machines.machine import CommandSource
from streams.machines.refusal import Refusal
from streams.machines.replay import TakenCommand, replay
from streams.machines.wire import replace
from streams.organisation.commands import Command
from streams.organisation.events import Event, evolve
from streams.organisation.machine import MACHINE, decide, initial
from streams.organisation.state import Standing, State

NOW = datetime(2026, 3, 1, tzinfo=UTC)
FIRST = Period(date(2010, 1, 1), date(2025, 7, 1), "Trường Mẫu", "164", "primary", "164", Ended.MOVED)
SECOND = Period(date(2025, 7, 1), None, "Trường Mẫu", "05482", "primary")
RECORD = Command(
    str(UUID(int=1)), "19164999", Kind.SCHOOL, "record", NOW, "19", "department_officer", sequence=0,
    periods=(SECOND, FIRST),
)  # fmt: skip
HANDED = replace(RECORD, unit="system", role="system")


@dataclass
class Story:
    state: State = field(default_factory=lambda: initial(RECORD))
    taken: list[TakenCommand] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)

    def do(self, command: Command, topic: str = topics.ORGANISATION_COMMANDS) -> str:
        """The code of the refusal, or the events that it came to."""
        command = replace(command, command_id=str(UUID(int=len(self.taken) + 1)))
        source = CommandSource(topic, len(self.taken), NOW)
        self.taken.append(TakenCommand(source, wire.to_record(command)))
        outcome = MACHINE.answer(self.state, command, source)
        if isinstance(outcome, Refusal):
            self.refusals.append(outcome)
            return outcome.code
        for event in outcome:
            self.events.append(event)
            self.state = evolve(self.state, event)
        return " ".join(e.event for e in outcome)


def test_a_unit_is_recorded_changed_and_withdrawn():
    story = Story()
    assert story.do(RECORD) == "recorded"
    assert story.state.periods == (FIRST, SECOND), "by their days, whatever their order in the command"
    assert story.state.as_unit().on(date(2025, 6, 30)) == FIRST
    assert story.do(replace(RECORD, sequence=1)) == "ORG-ALREADY"
    assert story.do(replace(RECORD, sequence=1, periods=(FIRST,))) == "recorded"
    assert story.do(replace(RECORD, command="withdraw", sequence=2)) == "withdrawn"
    assert story.state.state is Standing.WITHDRAWN and not story.state.periods
    assert story.do(replace(RECORD, command="withdraw", sequence=3)) == "ORG-ALREADY"
    assert story.do(replace(RECORD, sequence=3)) == "recorded"


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (replace(RECORD, command="close"), "ORG-ACT"),
        (replace(RECORD, sequence=1), "ORG-SEQUENCE"),
        (replace(RECORD, sequence=-1), "ORG-SEQUENCE"),
        (replace(RECORD, periods=()), "ORG-ALREADY"),
        (replace(RECORD, periods=(FIRST, FIRST)), "ORG-UNIT"),
        (replace(RECORD, periods=(wire.replace(SECOND, name="M\u0430u"),)), "ORG-UNIT"),
        (replace(RECORD, role="system"), "ORG-ROLE"),
        (replace(RECORD, role="district_officer"), "ORG-ROLE"),
    ],
)
def test_what_is_not_in_order_is_refused_and_changes_nothing(command, code):
    story = Story()
    assert story.do(command) == code
    assert story.state == initial(RECORD) and all(catalogue()[code])


def test_a_unit_keeps_its_kind():
    story = Story()
    story.do(RECORD)
    assert story.do(replace(RECORD, sequence=1, kind=Kind.COMMUNE, periods=(SECOND,))) == "ORG-UNIT"


def test_what_setup_hands_over_counts_once_and_undoes_nothing():
    story = Story()
    assert story.do(HANDED, topics.ORGANISATION_SETUP) == "recorded"
    assert story.do(replace(HANDED, periods=(FIRST,)), topics.ORGANISATION_SETUP) == ""
    story.do(replace(RECORD, command="withdraw", sequence=1))
    assert story.do(HANDED, topics.ORGANISATION_SETUP) == ""
    assert story.do(replace(RECORD, sequence=0), topics.ORGANISATION_SETUP) == "ORG-ROLE"


def test_a_replay_of_the_log_comes_to_the_same():
    story = Story()
    story.do(HANDED, topics.ORGANISATION_SETUP)
    story.do(replace(HANDED, periods=(FIRST,)), topics.ORGANISATION_SETUP)
    story.do(replace(RECORD, sequence=7))
    story.do(replace(RECORD, sequence=1, periods=(FIRST,)))
    records = [wire.to_record(e) for e in story.events]
    assert chain.breaks("19164999", records) == []
    again = replay(MACHINE, story.taken, records, [wire.to_record(r) for r in story.refusals])
    assert (again.differences, again.decided) == ([], 4)
    assert again.states == {"19164999": story.state}


def test_states_and_events_come_back_from_their_bytes():
    story = Story()
    story.do(RECORD)
    for kind, contract, value in (
        (State, MACHINE.state_contract, story.state),
        (Event, MACHINE.event_contract, story.events[0]),
        (Command, MACHINE.command_contract, RECORD),
    ):
        _, record = codec.decode(codec.encode(contract, wire.to_record(value)))
        assert wire.from_record(kind, record) == value


def test_decide_reads_no_clock():
    source = CommandSource(topics.ORGANISATION_COMMANDS, 3, NOW)
    events = decide(initial(RECORD), RECORD, source)
    assert isinstance(events, list) and events[0].at == NOW
