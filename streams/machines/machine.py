"""What a state machine on Kafka consists of: its topics, its contracts, and its pure functions.

The processor runs it, the commands client talks to it; both know a machine only by this.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from streams.machines.refusal import Refusal
from streams.machines.wire import DataclassInstance

C = TypeVar("C", bound=DataclassInstance)
S = TypeVar("S", bound=DataclassInstance)
E = TypeVar("E", bound=DataclassInstance)


@dataclass(frozen=True)
class Machine(Generic[C, S, E]):
    """A machine over commands C, states S and events E.

    ``school`` is the key of its commands, events and refusals; ``subject`` the key of the compacted state.
    """

    name: str
    commands_topic: str
    events_topic: str
    state_topic: str
    refusals_topic: str
    command: type[C]
    state: type[S]
    command_contract: str
    event_contract: str
    state_contract: str
    school: Callable[[C], str]
    subject: Callable[[C], str]
    initial: Callable[[C], S]
    decide: Callable[[S, C], list[E] | Refusal]
    evolve: Callable[[S, E], S]

    @property
    def refusal_contract(self) -> str:
        """All machines refuse in the same words."""
        return "CommandRefused"

    def topics(self) -> tuple[str, ...]:
        """Topics that answer a command."""
        return (self.events_topic, self.refusals_topic)


AnyMachine = Machine[Any, Any, Any]
