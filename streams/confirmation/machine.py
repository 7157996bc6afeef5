"""The confirmation machine: ``decide`` and ``evolve``, pure functions over one table.

State is the fold of ``evolve`` over the events; the same commands give the same events, byte for byte.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from streams.confirmation.commands import OFFICERS_ACTS, Act, Command, Role
from streams.confirmation.events import Event, Fact, evolve
from streams.confirmation.state import Stage, State
from streams.confirmation.table import CONDITIONS, GUARDS, TABLE, Level, Row, Who, rows_of
from streams.machines import chain
from streams.machines.refusal import Refusal

__all__ = ["TABLE", "Row", "decide", "evolve", "initial"]


def initial(command: Command) -> State:
    """State of a dataset that nobody has spoken of."""
    return State(command.dataset_id, command.ma_truong_hoc, command.nam_hoc, command.period)


def decide(state: State, command: Command) -> list[Event] | Refusal:
    """The events that a command causes; none if it only repeats what is known; or why it is refused."""
    if _known_already(state, command):
        return []
    found = _row(state, command)
    if isinstance(found, str):
        return _refusal(state, command, found)
    failed = next((code for code in found.guards if not GUARDS[code](state, command)), None)
    if failed:
        return _refusal(state, command, failed)
    events = [_event(state, command, found, 0).sealed()]
    after = evolve(state, events[0])
    adopt = next((r for r in TABLE if (r.state, r.command) == (after.state, Act.ADOPT)), None)
    if after.held_version and adopt:
        adopted = _event(after, command, adopt, 1)
        by_machine = replace(adopted, unit=adopt.role.value, role=adopt.role.value, account="")
        events.append(replace(by_machine, reason_code="", reason_text="").sealed())
    return events


def _known_already(state: State, command: Command) -> bool:
    """Parts of the pipeline send at least once: a repetition of theirs changes nothing and is no refusal."""
    match command.command:
        case Act.VERSION_CHECKED:
            known = command.version <= max(state.version, state.held_version)
        case Act.RECORD_RECEIPTS:
            final = state.state in (Stage.ACCEPTED, Stage.PARTLY_ACCEPTED)
            known = final and command.version == state.version
        case _:
            return False
    return known and command.role in {r.role for r in rows_of(command.command)}


def _row(state: State, command: Command) -> Row | str:
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
    if stranger := _stranger(state, command):
        return stranger
    here = [r for r in rows if r.state is state.state]
    if not here and _done(state, command, rows):
        return "CONF-ALREADY"
    if stale := _stale(state, command):
        return stale
    if not here:
        return "CONF-STATE"
    mine = [r for r in here if r.role == command.role and _HOLDS[r.who](state, command.unit)]
    if not mine:
        return "CONF-TURN"
    return next(r for r in mine if CONDITIONS[r.when](state, command))


_HOLDS: Final[dict[Who, Callable[[State, str], bool]]] = {
    Who.SELF: lambda s, unit: True,
    Who.SCHOOL: lambda s, unit: unit == s.ma_truong_hoc,
    Who.TURN: lambda s, unit: unit == s.turn and not s.at_last_level,
    Who.LAST: lambda s, unit: unit == s.turn and s.at_last_level,
    Who.PREVIOUS: lambda s, unit: s.level > 0 and unit == s.route[s.level - 1],
}


def _stranger(state: State, command: Command) -> str:
    """Whether the unit has no part in this dataset, or another part than the role says."""
    match command.role:
        case Role.SCHOOL_HEAD:
            return "" if command.unit == state.ma_truong_hoc else "CONF-UNIT"
        case Role.DISTRICT_OFFICER | Role.DEPARTMENT_OFFICER if state.route:
            if command.unit not in state.route:
                return "CONF-UNIT"
            is_last = command.unit == state.route[-1]
            return "" if is_last == (command.role == Role.DEPARTMENT_OFFICER) else "CONF-ROLE"
        case _:
            return ""


def _done(state: State, command: Command, rows: tuple[Row, ...]) -> bool:
    """Whether the dataset stands where the command would bring it, by this unit's own act."""
    if command.command == Act.OPEN:
        return state.state is not Stage.ABSENT
    if state.state not in {r.next for r in rows}:
        return False
    match state.state:
        case Stage.SUBMITTED | Stage.RECALLED:
            return True
        case Stage.CONFIRMED:
            return command.unit == state.route[state.level - 1]
        case Stage.CLAIMED | Stage.APPROVED | Stage.FORWARDING:
            return command.unit == state.turn
        case _:
            return False


def _stale(state: State, command: Command) -> str:
    """Whether the actor saw another version, or other content under the same number."""
    if state.version == 0 or command.command in (Act.OPEN, Act.VERSION_CHECKED):
        return ""
    if command.version != state.version:
        return "CONF-STALE"
    if command.command in OFFICERS_ACTS and command.digest != state.digest:
        return "CONF-DIGEST"
    return ""


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


def _event(state: State, command: Command, row: Row, index: int) -> Event:
    version, digest, counts = state.version, state.digest, {}
    match row.event:
        case Fact.VERSION_CHECKED | Fact.VERSION_HELD:
            version, digest, counts = command.version, command.digest, dict(command.counts)
        case Fact.VERSION_ADOPTED:
            version, digest, counts = state.held_version, state.held_digest, dict(state.held_counts)
        case Fact.RECEIPTS_RECORDED:
            counts = dict(command.counts)
        case _:
            pass
    return Event(
        event_id=chain.event_id(command.command_id, index),
        command_id=command.command_id,
        dataset_id=state.dataset_id,
        ma_truong_hoc=state.ma_truong_hoc,
        nam_hoc=state.nam_hoc,
        period=state.period,
        sequence=state.sequence + 1,
        previous_hash=state.hash,
        hash="",
        event=row.event,
        state=row.next,
        level=_level(state, row),
        at=command.issued_at,
        unit=command.unit,
        role=command.role,
        account=command.account,
        version=version,
        digest=digest,
        reason_code=command.reason_code,
        reason_text=command.reason_text,
        route=command.route if row.event is Fact.OPENED else state.route,
        counts=counts,
    )


def _refusal(state: State, command: Command, code: str) -> Refusal:
    return Refusal(
        command_id=command.command_id,
        subject=state.dataset_id,
        ma_truong_hoc=state.ma_truong_hoc,
        command=command.command,
        code=code,
        at=command.issued_at,
        unit=command.unit,
        role=command.role,
        state=state.state.value,
        version=state.version,
        digest=state.digest,
    )
