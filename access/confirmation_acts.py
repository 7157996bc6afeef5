"""The commands that people give, with a new id. Their time is the sender's and decides nothing."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import uuid4

from streams.confirmation.commands import Act, Command, Role
from streams.confirmation.state import Window


def opening(
    dataset_id: str,
    route: Sequence[str],
    *,
    account: str,
    unit: str = "",
    window: Window | None = None,
) -> Command:
    """The department, which is the last unit of the route, opens a dataset: the units that must confirm it in
    their order, the days to submit. The machine refuses another ``unit``."""
    return _command(
        dataset_id,
        Act.OPEN,
        unit=unit or "".join(route[-1:]),
        role=Role.DEPARTMENT_OFFICER,
        account=account,
        route=tuple(route),
        window=window,
    )


def act(
    dataset_id: str,
    what: Act,
    unit: str,
    *,
    sequence: int,
    account: str,
    version: int = 0,
    digest: str = "",
    role: str = "",
    reason_code: str = "",
    reason: str = "",
    window: Window | None = None,
    route: Sequence[str] = (),
    to: Sequence[str] = (),
) -> Command:
    """A unit acts on what it saw: the dataset's sequence, and the version and digest if it acts on those.

    In its own role on the dataset's ``route`` unless another is named; ``to``: the route that it gives.
    """
    return _command(
        dataset_id,
        what,
        unit=unit,
        role=role or role_of(unit, _parts(dataset_id)[0], route),
        account=account,
        version=version,
        digest=digest,
        sequence=sequence,
        reason_code=reason_code,
        reason_text=reason,
        window=window,
        route=tuple(to),
    )


def role_of(unit: str, school: str, route: Sequence[str]) -> Role:
    """The role in which a unit acts on a school's data: the last unit of the route is the department."""
    if unit == school:
        return Role.SCHOOL_HEAD
    if unit == "ministry":
        return Role.MINISTRY_ADAPTER
    return Role.DEPARTMENT_OFFICER if unit in route[-1:] else Role.DISTRICT_OFFICER


def _command(
    dataset_id: str,
    command: Act,
    *,
    unit: str,
    role: str,
    account: str,
    version: int = 0,
    digest: str = "",
    reason_code: str = "",
    reason_text: str = "",
    route: tuple[str, ...] = (),
    sequence: int = -1,
    window: Window | None = None,
) -> Command:
    school, year, period = _parts(dataset_id)
    return Command(
        command_id=str(uuid4()),
        dataset_id=dataset_id,
        ma_truong_hoc=school,
        nam_hoc=int(year),
        period=period,
        command=command,
        issued_at=datetime.now(UTC),
        unit=unit,
        role=role,
        account=account,
        version=version,
        digest=digest,
        reason_code=reason_code,
        reason_text=reason_text,
        route=route,
        sequence=sequence,
        window=window,
    )


def _parts(dataset_id: str) -> list[str]:
    """School, year, period. The machine answers for what is no school; it must not fail here."""
    return dataset_id.rsplit(".", 2)
