"""The grants machine on Kafka."""

from typing import Final

from schemas import topics
from streams.grants.commands import Command
from streams.grants.events import Event, evolve
from streams.grants.machine import decide, initial
from streams.grants.state import State
from streams.machines.machine import Machine
from streams.machines.processor import Processor

MACHINE: Final[Machine[Command, State, Event]] = Machine(
    name="grants",
    commands_topic=topics.GRANTS_COMMANDS,
    events_topic=topics.GRANTS_EVENTS,
    state_topic=topics.GRANTS_STATE,
    refusals_topic=topics.GRANTS_REFUSALS,
    command=Command,
    state=State,
    command_contract="GrantCommand",
    event_contract="GrantEvent",
    state_contract="GrantState",
    school=lambda command: command.ma_truong_hoc,
    subject=lambda command: command.grant_id,
    initial=initial,
    decide=decide,
    evolve=evolve,
)


class Grants(Processor):
    """``csdl run grants``."""

    name = MACHINE.name
    machine = MACHINE
