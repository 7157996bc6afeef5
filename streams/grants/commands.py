"""What may be asked of a grant. Pure data."""

from datetime import datetime
from enum import StrEnum
from typing import Final

from streams.machines.wire import Value

ROLE: Final = "department_officer"
"""Only the department gives and takes grants."""


class Act(StrEnum):
    """Name of a command."""

    ALLOW = "allow"
    REVOKE = "revoke"


class Right(StrEnum):
    """What a grant may give beyond pushing."""

    REMOVE = "remove"
    """Records leave by a tombstone in a push."""


class Command(Value, frozen=True):
    """One message of the commands topic. An unknown ``command`` or right is refused, not an error.

    ``sequence`` is that of the grant that the actor saw, -1 if not named; ``issued_at`` decides nothing.
    """

    command_id: str
    vendor: str
    ma_truong_hoc: str
    command: str
    issued_at: datetime
    unit: str
    role: str
    account: str = ""
    reason_code: str = ""
    reason_text: str = ""
    sequence: int = -1
    rights: tuple[str, ...] = ()

    @property
    def grant_id(self) -> str:
        """Subject of the command."""
        return f"{self.vendor}/{self.ma_truong_hoc}"
