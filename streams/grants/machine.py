"""The grants machine: ``decide`` and ``evolve``, pure functions over one table.

Whether the school exists, which units manage it, and which one is the department, is not asked here: a pure
fold cannot read an organisation that changes with the day. Who sends the command asks, the role is proved by
the topic, and validation refuses every push for a school that there is not on the day, so that a grant for
an unknown school gives nothing to anyone.
"""

from typing import Final

from schemas import topics
from streams.grants.commands import Command, Right, Role
from streams.grants.conditions import ABSENT, GUARDS, PARTS, WHEN
from streams.grants.events import Event, Fact, evolve
from streams.grants.state import Scope, Standing, State
from streams.grants.table import TABLE, Row, rows_of
from streams.machines import chain
from streams.machines.machine import CommandSource, Input, Machine
from streams.machines.refusal import Refusal, refused

__all__ = ["MACHINE", "TABLE", "decide", "evolve", "initial"]


def initial(about: Command | Event) -> State:
    """State of a grant that nobody has spoken of."""
    return State(about.vendor, about.ma_truong_hoc)


def decide(state: State, command: Command, source: CommandSource) -> list[Event] | Refusal:
    """The event that a command causes; none if it only repeats what is known; or why it is refused."""
    row = _row(state, command, source)
    if isinstance(row, str):
        return refuse(state, command, source, row)
    failed = row.code or next((code for code in row.guards if not GUARDS[code](state, command, source)), "")
    if failed:
        return refuse(state, command, source, failed)
    if row.event is None:
        return []
    return [chain.sealed(_event(state, command, source, row, row.event))]


def _row(state: State, command: Command, source: CommandSource) -> Row | str:
    """The row that holds for the command, or the code of its refusal: the broadest question first."""
    rows = rows_of(command.command)
    if not rows:
        return "GRANT-UNKNOWN"
    if not command.unit or command.role not in {r.role for r in rows}:
        return "GRANT-ROLE"
    if not set(command.rights) <= set(Right):
        return "GRANT-RIGHT"
    rows = tuple(r for r in rows if r.level == state.is_level)
    if not rows:
        return "GRANT-LEVEL"
    mine = [r for r in rows if r.role == command.role]
    here = [r for r in mine if r.state is state.state]
    found = next((r for r in here if WHEN[r.when](state, command, source)), None)
    if found is not None and PARTS[found.who].has(state, command.unit):
        return found
    if state.state is Standing.NONE and not here:
        return ABSENT
    if not any(PARTS[r.who].has(state, command.unit) for r in mine):
        return "GRANT-UNIT"
    return "GRANT-STATE"


def _event(state: State, command: Command, source: CommandSource, row: Row, fact: Fact) -> Event:
    scope, pending = _scopes(state, command, fact)
    document = command.document if fact in (Fact.REQUESTED, Fact.BATCHED, Fact.APPROVED) else None
    late = state.late and fact is not Fact.REQUESTED
    if document and command.due:
        late = late or document.date > command.due
    asked = fact is Fact.REQUESTED
    moved = fact in (Fact.REQUESTED, Fact.HANDED_OVER, Fact.ROTATED) and command.product_version
    return Event(
        **chain.head(state, command, source),
        vendor=state.vendor,
        ma_truong_hoc=state.ma_truong_hoc,
        event=fact,
        state=state.before if row.next is None else row.next,
        rights=scope.rights,
        types=scope.types,
        periods=scope.periods,
        valid_until=scope.valid_until,
        pending=pending,
        route=command.route if asked else state.route,
        software=command.software if asked else state.software,
        product_version=command.product_version if moved else state.product_version,
        document=document,
        contract=command.contract if fact is Fact.HANDED_OVER else None,
        due=command.due if document else None,
        late=late,
        days=command.days if fact is Fact.REMINDED else 0,
        signature=command.signature if fact in (Fact.BATCHED, Fact.APPROVED) else "",
    )


def _scopes(state: State, command: Command, fact: Fact) -> tuple[Scope, Scope | None]:
    """What is in force after it, and what is asked or approved."""
    match fact:
        case Fact.ALLOWED:
            return Scope(rights=command.scope.rights), None
        case Fact.REQUESTED | Fact.APPROVED:
            return state.scope if state.without_papers else Scope(), command.scope
        case Fact.RETURNED:
            return state.scope, None
        case Fact.HANDED_OVER:
            return state.pending or state.scope, None
        case Fact.AMENDED:
            return command.scope, state.pending
        case Fact.EXPIRED | Fact.REVOKED:
            return Scope(), None
        case _:
            return state.scope, state.pending


def refuse(state: State, command: Command, source: CommandSource, code: str) -> Refusal:
    """The refusal of a command, with the state that it met."""
    return refused(state, command, source, code, state.grant_id, state.ma_truong_hoc)


MACHINE: Final[Machine[Command, State, Event]] = Machine(
    name="grants",
    inputs=(
        Input(
            topics.GRANTS_COMMANDS,
            frozenset(
                {Role.SCHOOL_HEAD, Role.SCHOOL_OFFICER, Role.DISTRICT_OFFICER, Role.DEPARTMENT_OFFICER}
            ),
        ),
        Input(topics.GRANTS_SYSTEM, frozenset({Role.SYSTEM})),
    ),
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
