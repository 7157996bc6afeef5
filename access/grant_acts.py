"""The commands that people give, with a new id. Their time is the sender's and decides nothing."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from runtime.settings import Settings
from schemas.days import today
from schemas.errors import Problem
from streams.grants.commands import ROLE, Act, Command


def grant(
    act: Act,
    vendor: str,
    school: str,
    *,
    unit: str,
    account: str,
    sequence: int = 0,
    rights: Iterable[str] = (),
    role: str = ROLE,
    reason: str = "",
    **more: Any,
) -> Command:
    """What ``unit`` asks of a vendor's grant for a school, or of all (``state.level``); ``more`` as the
    command has it.

    ``sequence`` is that of the grant that was seen, 0 if there was none.
    """
    return Command(
        command_id=str(uuid4()),
        vendor=vendor,
        ma_truong_hoc=school,
        command=act,
        issued_at=datetime.now(UTC),
        unit=unit,
        role=role,
        account=account,
        reason_text=reason,
        sequence=sequence,
        rights=tuple(sorted(rights)),
        **more,
    )


def problems(settings: Settings, vendor: str, school: str, *, known: bool) -> list[Problem]:
    """GRANT-VENDOR for what is no vendor, GRANT-SCHOOL where the school is not ``known`` today."""
    found = []
    if not settings.has_vendor(vendor):
        params = {"vendor": vendor, "vendors": ", ".join(settings.vendors)}
        found.append(Problem("GRANT-VENDOR", params=params))
    if not known:
        found.append(Problem("GRANT-SCHOOL", params={"school": school, "day": today().isoformat()}))
    return found
