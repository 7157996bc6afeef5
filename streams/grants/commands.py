"""What may be asked of a grant. Pure data."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

ROLE: Final = "department_officer"
"""Only the department gives and takes grants."""


class Act(StrEnum):
    """Name of a command."""

    ALLOW = "allow"
    REVOKE = "revoke"


@dataclass(frozen=True, slots=True)
class Command:
    """One message of the commands topic. An unknown ``command`` is refused, not an error."""

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

    @property
    def grant_id(self) -> str:
        """Subject of the command."""
        return f"{self.vendor}/{self.ma_truong_hoc}"
