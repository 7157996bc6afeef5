"""The commands that people give about units, with a new id. Their time decides nothing."""

from datetime import UTC, datetime
from uuid import uuid4

from schemas.organisation.units import Unit
from streams.organisation.commands import OFFICER, Act, Command


def record(
    unit: Unit, *, acting: str, account: str, role: str = OFFICER, sequence: int = 0, reason: str = ""
) -> Command:
    """The unit shall have these periods and no other. ``acting``: the unit that asks; ``sequence``: that of
    the unit that was seen, 0 if there was none."""
    return Command(
        command_id=str(uuid4()),
        unit_code=unit.code,
        kind=unit.kind,
        command=Act.RECORD,
        issued_at=datetime.now(UTC),
        unit=acting,
        role=role,
        account=account,
        reason_text=reason,
        sequence=sequence,
        periods=unit.periods,
    )
