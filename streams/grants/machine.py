"""The grants machine: one table, ``decide`` and ``evolve``.

Whether the school exists is not asked here: a pure fold cannot read a register that changes with the day.
Who sends the command checks it (``csdl grants allow``), and validation refuses every push for a school that
the register does not know on the day, so that a grant for an unknown school gives nothing to anyone.
"""

from dataclasses import dataclass
from typing import Final

from schemas.organisation.schools import DEPARTMENT
from streams.grants.commands import ROLE, Act, Command
from streams.grants.events import Event, Fact, evolve
from streams.grants.state import Standing, State
from streams.machines import chain
from streams.machines.refusal import Refusal

__all__ = ["TABLE", "Row", "decide", "evolve", "initial"]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    state: Standing
    command: Act
    next: Standing
    event: Fact


TABLE: Final = (
    Row(Standing.NONE, Act.ALLOW, Standing.ALLOWED, Fact.ALLOWED),
    Row(Standing.REVOKED, Act.ALLOW, Standing.ALLOWED, Fact.ALLOWED),
    Row(Standing.ALLOWED, Act.REVOKE, Standing.REVOKED, Fact.REVOKED),
)


def initial(command: Command) -> State:
    """State of a grant that nobody has spoken of."""
    return State(command.vendor, command.ma_truong_hoc)


def decide(state: State, command: Command) -> list[Event] | Refusal:
    """The event that a command causes, or why it is refused."""
    rows = [r for r in TABLE if r.command == command.command]
    if not rows:
        return _refusal(state, command, "GRANT-UNKNOWN")
    if command.role != ROLE or command.unit != DEPARTMENT:
        return _refusal(state, command, "GRANT-ROLE")
    row = next((r for r in rows if r.state is state.state), None)
    if row is None:
        code = "GRANT-ABSENT" if state.state is Standing.NONE else "GRANT-ALREADY"
        return _refusal(state, command, code)
    event = Event(
        event_id=chain.event_id(command.command_id, 0),
        command_id=command.command_id,
        vendor=state.vendor,
        ma_truong_hoc=state.ma_truong_hoc,
        sequence=state.sequence + 1,
        previous_hash=state.hash,
        hash="",
        event=row.event,
        state=row.next,
        at=command.issued_at,
        unit=command.unit,
        role=command.role,
        account=command.account,
        reason_code=command.reason_code,
        reason_text=command.reason_text,
    )
    return [event.sealed()]


def _refusal(state: State, command: Command, code: str) -> Refusal:
    return Refusal(
        command_id=command.command_id,
        subject=state.grant_id,
        ma_truong_hoc=state.ma_truong_hoc,
        command=command.command,
        code=code,
        at=command.issued_at,
        unit=command.unit,
        role=command.role,
        state=state.state.value,
    )
