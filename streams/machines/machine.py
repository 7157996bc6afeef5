"""What a state machine on Kafka consists of: its topics, its contracts, and its pure functions.

The processor runs it, the commands client talks to it, a replay decides anew; all know a machine only by
this.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from streams.machines.refusal import Refusal
from streams.machines.wire import Value


@dataclass(frozen=True)
class Input:
    """A topic of commands: one class of writer, proved by the broker's ACL, and the roles it may name."""

    topic: str
    roles: frozenset[str]


@dataclass(frozen=True)
class CommandSource:
    """Where a command lay and when the broker took it: both are the broker's word, never the sender's."""

    topic: str
    offset: int
    at: datetime


C = TypeVar("C", bound=Value)
S = TypeVar("S", bound=Value)
E = TypeVar("E", bound=Value)


@dataclass(frozen=True)
class Machine(Generic[C, S, E]):
    """A machine over commands C, states S and events E.

    ``key`` is the Kafka key of its commands, events and refusals, ``state_key`` that of the compacted state
    (the same, if none is given), ``initial`` the state before the first event; all three are asked of
    commands and of events. The first input is the one that people write to. ``decide`` answers with the
    events, none if the command repeats what is known, or a refusal; ``refuse`` makes a refusal by its code.

    Commands have ``command_id``, ``command``, ``unit`` and ``role``; states and events ``sequence`` and
    ``hash``; events and refusals ``command_topic`` and ``command_offset``.
    """

    name: str
    inputs: tuple[Input, ...]
    events_topic: str
    state_topic: str
    refusals_topic: str
    command: type[C]
    state: type[S]
    event: type[E]
    command_contract: str
    event_contract: str
    state_contract: str
    writer_code: str
    key: Callable[[C | E], str]
    initial: Callable[[C | E], S]
    decide: Callable[[S, C, CommandSource], Sequence[E] | Refusal]
    evolve: Callable[[S, E], S]
    refuse: Callable[[S, C, CommandSource, str], Refusal]
    state_key: Callable[[C | E], str] | None = None

    @property
    def refusal_contract(self) -> str:
        """All machines refuse in the same words."""
        return "CommandRefused"

    def input_topics(self) -> tuple[str, ...]:
        """Topics of commands."""
        return tuple(i.topic for i in self.inputs)

    def answer_topics(self) -> tuple[str, ...]:
        """Topics that answer a command."""
        return (self.events_topic, self.refusals_topic)

    def subject(self, about: C | E) -> str:
        """Key of the state that a command or an event is about."""
        return (self.state_key or self.key)(about)

    def answer(self, state: S, command: C, source: CommandSource) -> Sequence[E] | Refusal:
        """What a command comes to. A role that is not of the topic's class of writer is refused first."""
        roles = next(i.roles for i in self.inputs if i.topic == source.topic)
        role: str = command.role  # type: ignore[attr-defined]
        if role not in roles:
            return self.refuse(state, command, source, self.writer_code)
        return self.decide(state, command, source)


AnyMachine = Machine[Any, Any, Any]
