"""The organisation machine: ``decide`` and ``evolve``, pure.

One unit at a time: its periods must be in order by themselves. Parents and circles need all units at once,
which no machine keyed by the unit sees: the import checks them before it asks (schemas.organisation.checks),
and every reader of a route comes to an end whatever it meets.
"""

from typing import Final

from schemas import topics
from schemas.organisation.checks import of_unit
from schemas.organisation.units import Unit, in_order
from streams.machines import chain
from streams.machines.machine import CommandSource, Input, Machine
from streams.machines.refusal import Refusal, refused
from streams.organisation.commands import OFFICER, SYSTEM, Act, Command
from streams.organisation.events import Event, Fact, evolve
from streams.organisation.state import Standing, State

__all__ = ["MACHINE", "decide", "evolve", "initial"]


def initial(about: Command | Event) -> State:
    """State of a unit that nobody has spoken of."""
    return State(about.unit_code, about.kind)


def decide(state: State, command: Command, source: CommandSource) -> list[Event] | Refusal:
    """The event that a command causes, or why it is refused; none for what setup hands over once more."""
    if command.command not in set(Act):
        return refuse(state, command, source, "ORG-ACT")
    if command.role == SYSTEM and state.state is not Standing.ABSENT:
        return []
    if command.sequence != state.sequence:
        return refuse(state, command, source, "ORG-SEQUENCE")
    recorded = command.command == Act.RECORD
    periods = in_order(command.periods) if recorded else ()
    if periods == state.periods:
        return refuse(state, command, source, "ORG-ALREADY")
    if recorded and of_unit(Unit(command.unit_code, command.kind, periods)):
        return refuse(state, command, source, "ORG-UNIT")
    if state.state is Standing.KNOWN and command.kind is not state.kind:
        return refuse(state, command, source, "ORG-UNIT")
    event = Event(
        **chain.head(state, command, source),
        unit_code=state.unit_code,
        kind=command.kind,
        event=Fact.RECORDED if recorded else Fact.WITHDRAWN,
        state=Standing.KNOWN if recorded else Standing.WITHDRAWN,
        periods=periods,
    )
    return [chain.sealed(event)]


def refuse(state: State, command: Command, source: CommandSource, code: str) -> Refusal:
    """The refusal of a command, with the state that it met."""
    return refused(state, command, source, code, state.unit_code)


MACHINE: Final[Machine[Command, State, Event]] = Machine(
    name="organisation",
    inputs=(
        Input(topics.ORGANISATION_COMMANDS, frozenset({OFFICER})),
        Input(topics.ORGANISATION_SETUP, frozenset({SYSTEM})),
    ),
    events_topic=topics.ORGANISATION_EVENTS,
    state_topic=topics.ORGANISATION_STATE,
    refusals_topic=topics.ORGANISATION_REFUSALS,
    command=Command,
    state=State,
    event=Event,
    command_contract="OrganisationCommand",
    event_contract="OrganisationEvent",
    state_contract="OrganisationState",
    writer_code="ORG-ROLE",
    key=lambda about: about.unit_code,
    initial=initial,
    decide=decide,
    evolve=evolve,
    refuse=refuse,
)
