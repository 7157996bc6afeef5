"""What becomes due by itself: reminders, last days, ended contracts, a change of vendor. Pure.

The machine's process looks at its states now and then and writes what is due as commands to the system's
topic: so it is on record, decided in order with all others, and decided alike in a replay. Validation does
not wait for it: days are asked there for each push.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from typing import Final
from uuid import UUID, uuid5

from schemas.days import VIETNAM
from streams.grants.commands import REMINDERS, Act, Command, Role
from streams.grants.state import CONTRACT_ENDED, VENDOR_CHANGED, WITH_PAPERS, Standing, State

NAMESPACE: Final = UUID("6f2a6a52-6a2b-5d0e-9a39-4b1f0c7f9d11")
LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)


def due(states: Iterable[State], day: date) -> list[Command]:
    """What the system asks on a day, by grant; nothing that is done."""
    grants = [s for s in states if not s.is_level]
    found = {s.grant_id: command for s in grants if (command := _by_day(s, day))}
    for state in _superseded(grants):
        found.setdefault(state.grant_id, _command(state, day, Act.SUSPEND, VENDOR_CHANGED))
    return [found[grant_id] for grant_id in sorted(found)]


def used(vendor: str, school: str, push_id: str, at: datetime) -> Command:
    """Validation says that a push of the vendor has come for the school."""
    return Command(
        command_id=str(uuid5(NAMESPACE, f"{vendor}/{school} {push_id}")),
        vendor=vendor,
        ma_truong_hoc=school,
        command=Act.USE,
        issued_at=at,
        unit=Role.SYSTEM,
        role=Role.SYSTEM,
    )


def _by_day(state: State, day: date) -> Command | None:
    last, standing = state.valid_until, state.state
    in_force = standing in (*WITH_PAPERS, Standing.ALLOWED)
    if last is not None and last < day and (in_force or standing is Standing.SUSPENDED):
        return _command(state, day, Act.EXPIRE)
    if not in_force:
        return None
    contract = state.contract
    if contract is not None and contract.ends is not None and contract.ends < day:
        return _command(state, day, Act.SUSPEND, CONTRACT_ENDED)
    if last is not None:
        # The process may have slept over one: the last that is due stands for those before.
        passed = [days for days in REMINDERS if (last - day).days <= days]
        if passed and not 0 < state.reminded <= min(passed):
            return _command(state, day, Act.REMIND, days=min(passed))
    return None


def _superseded(grants: Iterable[State]) -> list[State]:
    """Those in force whose school has since handed over to another vendor."""
    schools: dict[str, list[State]] = defaultdict(list)
    for state in grants:
        if state.in_force:
            schools[state.ma_truong_hoc].append(state)
    found = []
    for some in schools.values():
        handed = [s for s in some if s.state in WITH_PAPERS]
        newest = max(handed, key=_given, default=None)
        found += [s for s in some if newest is not None and _given(s) < _given(newest)]
    return found


def _given(state: State) -> tuple[datetime, str]:
    return state.given_at or LONG_AGO, state.vendor


def _command(state: State, day: date, act: Act, reason: str = "", days: int = 0) -> Command:
    return Command(
        command_id=str(uuid5(NAMESPACE, f"{state.grant_id}#{state.sequence} {act} {days} {day}")),
        vendor=state.vendor,
        ma_truong_hoc=state.ma_truong_hoc,
        command=act,
        issued_at=datetime.combine(day, time(), VIETNAM).astimezone(UTC),
        unit=Role.SYSTEM,
        role=Role.SYSTEM,
        reason_code=reason,
        sequence=state.sequence,
        valid_until=state.valid_until if act is Act.REMIND else None,
        days=days,
    )
