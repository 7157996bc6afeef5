"""The confirmation machine: ``decide`` and ``evolve``, pure functions over one table.

State is the fold of ``evolve`` over the events; the same commands, taken in the same order at the same times,
give the same events, byte for byte.
"""

from typing import Final

from schemas import topics
from streams.confirmation.commands import Act, Command, Role
from streams.confirmation.conditions import GUARDS, PARTS, WHEN, WRITER, Level
from streams.confirmation.events import Event, Fact, evolve
from streams.confirmation.state import Stage, State, Window
from streams.confirmation.table import TABLE, Row, rows_of
from streams.machines import chain
from streams.machines.machine import CommandSource, Input, Machine
from streams.machines.refusal import Refusal, refused
from streams.machines.wire import replace

__all__ = ["MACHINE", "decide", "evolve", "initial"]


def initial(about: Command | Event) -> State:
    """State of a dataset that nobody has spoken of."""
    return State(about.dataset_id, about.ma_truong_hoc, about.nam_hoc, about.period)


def decide(state: State, command: Command, source: CommandSource) -> list[Event] | Refusal:
    """The events that a command causes; none if it only repeats what is known; or why it is refused."""
    row = _row(state, command, source)
    if isinstance(row, str):
        return refuse(state, command, source, row)
    failed = row.code or next((code for code in row.guards if not GUARDS[code](state, command, source)), "")
    if failed:
        return refuse(state, command, source, failed)
    if row.event is None:
        return []
    events = [chain.sealed(_event(state, command, source, row, row.event, 0))]
    after = evolve(state, events[0])
    adopt = next((r for r in TABLE if (r.state, r.command) == (after.state, Act.ADOPT)), None)
    if after.held_version and adopt:
        adopted = _event(after, command, source, adopt, Fact.VERSION_ADOPTED, 1)
        by_machine = replace(adopted, unit=adopt.role.value, role=adopt.role.value, account="")
        events.append(chain.sealed(replace(by_machine, reason_code="", reason_text="")))
    return events


def _row(state: State, command: Command, source: CommandSource) -> Row | str:
    """The row that holds for the command, or the code of its refusal: the broadest question first."""
    rows = rows_of(command.command)
    if not rows:
        return "CONF-UNKNOWN"
    if command.dataset_id != f"{command.ma_truong_hoc}.{command.nam_hoc}.{command.period}":
        return "CONF-DATASET"
    if state.state is Stage.ABSENT and all(r.state is not Stage.ABSENT for r in rows):
        return "CONF-ABSENT"
    if command.role not in {r.role for r in rows}:
        return "CONF-ROLE"
    parts = [r for r in rows if PARTS[r.who].has(state, command.unit)]
    here = [r for r in rows if r.state is state.state]
    if not any(r.role == command.role for r in parts):
        return "CONF-ROLE" if parts else "CONF-UNIT"
    mine = (r for r in here if r.role == command.role and r in parts)
    turn = [r for r in mine if PARTS[r.who].turn(state, command.unit)]
    found = next((r for r in turn if WHEN[r.when](state, command, source)), None)
    if found:
        return found
    return "CONF-TURN" if any(not r.code for r in here) else "CONF-STATE"


def _level(state: State, row: Row) -> int:
    match row.level:
        case Level.KEEP:
            return state.level
        case Level.FIRST:
            return 0
        case Level.NEXT:
            return state.level + 1
        case Level.BACK:
            return state.level - 1


def _event(state: State, command: Command, source: CommandSource, row: Row, fact: Fact, index: int) -> Event:
    version, digest, counts = state.version, state.digest, {}
    match fact:
        case Fact.VERSION_CHECKED | Fact.VERSION_HELD:
            version, digest, counts = command.version, command.digest, dict(command.counts)
        case Fact.VERSION_ADOPTED:
            version, digest, counts = state.held_version, state.held_digest, dict(state.held_counts)
        case Fact.RECEIPTS_RECORDED:
            counts = dict(command.counts)
        case _:
            pass
    return Event(
        **chain.head(state, command, source, index),
        dataset_id=state.dataset_id,
        ma_truong_hoc=state.ma_truong_hoc,
        nam_hoc=state.nam_hoc,
        period=state.period,
        event=fact,
        state=row.next,
        level=_level(state, row),
        version=version,
        digest=digest,
        route=command.route if fact in (Fact.OPENED, Fact.REROUTED) else state.route,
        counts=counts,
        export_id=command.export_id if row.role is Role.MINISTRY_ADAPTER else "",
        window=_window(state, command, fact),
    )


def _window(state: State, command: Command, fact: Fact) -> Window | None:
    """The window that the event gives: the campaign's; another last day, or none, where late is admitted."""
    match fact:
        case Fact.OPENED:
            return command.window
        case Fact.LATE_ADMITTED:
            return Window(state.days.opens, command.window.closes if command.window else None)
        case _:
            return None


def refuse(state: State, command: Command, source: CommandSource, code: str) -> Refusal:
    """The refusal of a command, with the state that it met."""
    return refused(
        state,
        command,
        source,
        code,
        state.dataset_id,
        state.ma_truong_hoc,
        version=state.version,
        digest=state.digest,
    )


MACHINE: Final[Machine[Command, State, Event]] = Machine(
    name="confirmation",
    inputs=(
        Input(
            topics.CONFIRMATION_COMMANDS,
            frozenset({Role.SCHOOL_HEAD, Role.DISTRICT_OFFICER, Role.DEPARTMENT_OFFICER}),
        ),
        Input(topics.CONFIRMATION_CHECKS, frozenset({Role.SYSTEM})),
        Input(topics.CONFIRMATION_RECEIPTS, frozenset({Role.MINISTRY_ADAPTER})),
    ),
    events_topic=topics.CONFIRMATION_EVENTS,
    state_topic=topics.CONFIRMATION_STATE,
    refusals_topic=topics.CONFIRMATION_REFUSALS,
    command=Command,
    state=State,
    event=Event,
    command_contract="ConfirmationCommand",
    event_contract="ConfirmationEvent",
    state_contract="ConfirmationState",
    writer_code=WRITER,
    key=lambda about: about.ma_truong_hoc,
    state_key=lambda about: about.dataset_id,
    initial=initial,
    decide=decide,
    evolve=evolve,
    refuse=refuse,
)
