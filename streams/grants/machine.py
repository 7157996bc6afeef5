"""The grants machine: one table, ``decide`` and ``evolve``.

Whether the school exists, and which unit is the department, is not asked here: a pure fold cannot read an
organisation that changes with the day. Who sends the command checks both, the role is proved by the topic,
and validation refuses every push for a school that there is not on the day, so that a grant for an unknown
school gives nothing to anyone.
"""

from dataclasses import dataclass
from typing import Final

from schemas import topics
from streams.grants.commands import ROLE, Act, Command, Right
from streams.grants.events import Event, Fact, evolve
from streams.grants.state import Standing, State
from streams.machines import chain
from streams.machines.machine import CommandSource, Input, Machine
from streams.machines.refusal import Refusal, refused

__all__ = ["MACHINE", "TABLE", "Row", "decide", "evolve", "initial"]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: an event, or refused with its own code. The first that fits is taken."""

    state: Standing
    command: Act
    next: Standing
    event: Fact | None
    code: str = ""
    same_rights: bool = False
    """Only if the command asks for the rights that the grant has."""


_NONE, _ALLOWED, _REVOKED = Standing.NONE, Standing.ALLOWED, Standing.REVOKED

TABLE: Final = (
    Row(_NONE, Act.ALLOW, _ALLOWED, Fact.ALLOWED),
    Row(_REVOKED, Act.ALLOW, _ALLOWED, Fact.ALLOWED),
    Row(_ALLOWED, Act.ALLOW, _ALLOWED, None, "GRANT-ALREADY", same_rights=True),
    Row(_ALLOWED, Act.ALLOW, _ALLOWED, Fact.ALLOWED),
    Row(_ALLOWED, Act.REVOKE, _REVOKED, Fact.REVOKED),
    Row(_REVOKED, Act.REVOKE, _REVOKED, None, "GRANT-ALREADY"),
    Row(_NONE, Act.REVOKE, _NONE, None, "GRANT-ABSENT"),
)


def initial(about: Command | Event) -> State:
    """State of a grant that nobody has spoken of."""
    return State(about.vendor, about.ma_truong_hoc)


def decide(state: State, command: Command, source: CommandSource) -> list[Event] | Refusal:
    """The event that a command causes, or why it is refused."""
    rows = [r for r in TABLE if r.command == command.command]
    rights = tuple(sorted(set(command.rights)))
    if not rows:
        return refuse(state, command, source, "GRANT-UNKNOWN")
    if command.role != ROLE or not command.unit:
        return refuse(state, command, source, "GRANT-ROLE")
    if not set(rights) <= set(Right):
        return refuse(state, command, source, "GRANT-RIGHT")
    same = rights == state.rights
    row = next(r for r in rows if r.state is state.state and (same or not r.same_rights))
    if row.event is None:
        return refuse(state, command, source, row.code)
    if command.sequence != state.sequence:
        return refuse(state, command, source, "GRANT-SEQUENCE")
    event = Event(
        **chain.head(state, command, source),
        vendor=state.vendor,
        ma_truong_hoc=state.ma_truong_hoc,
        event=row.event,
        state=row.next,
        rights=rights if row.next is Standing.ALLOWED else (),
    )
    return [chain.sealed(event)]


def refuse(state: State, command: Command, source: CommandSource, code: str) -> Refusal:
    """The refusal of a command, with the state that it met."""
    return refused(state, command, source, code, state.grant_id, state.ma_truong_hoc)


MACHINE: Final[Machine[Command, State, Event]] = Machine(
    name="grants",
    inputs=(Input(topics.GRANTS_COMMANDS, frozenset({ROLE})),),
    events_topic=topics.GRANTS_EVENTS,
    state_topic=topics.GRANTS_STATE,
    refusals_topic=topics.GRANTS_REFUSALS,
    command=Command,
    state=State,
    event=Event,
    command_contract="GrantCommand",
    event_contract="GrantEvent",
    state_contract="GrantState",
    writer_code="GRANT-ROLE",
    key=lambda about: about.ma_truong_hoc,
    state_key=lambda about: about.grant_id,
    initial=initial,
    decide=decide,
    evolve=evolve,
    refuse=refuse,
)
