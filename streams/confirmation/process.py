"""The confirmation machine on Kafka."""

from typing import Final

from schemas import topics
from streams.confirmation.commands import Command
from streams.confirmation.events import Event, evolve
from streams.confirmation.machine import decide, initial
from streams.confirmation.state import State
from streams.machines.machine import Machine
from streams.machines.processor import Processor

MACHINE: Final[Machine[Command, State, Event]] = Machine(
    name="confirmation",
    commands_topic=topics.CONFIRMATION_COMMANDS,
    events_topic=topics.CONFIRMATION_EVENTS,
    state_topic=topics.CONFIRMATION_STATE,
    refusals_topic=topics.CONFIRMATION_REFUSALS,
    command=Command,
    state=State,
    command_contract="ConfirmationCommand",
    event_contract="ConfirmationEvent",
    state_contract="ConfirmationState",
    school=lambda command: command.ma_truong_hoc,
    subject=lambda command: command.dataset_id,
    initial=initial,
    decide=decide,
    evolve=evolve,
)


class Confirmation(Processor):
    """``csdl run confirmation``."""

    name = MACHINE.name
    machine = MACHINE
