"""What the machine knows of a grant. Pure data; the value of the compacted topic."""

from dataclasses import dataclass
from enum import StrEnum


class Standing(StrEnum):
    """Whether a vendor may push for a school."""

    NONE = "none"
    ALLOWED = "allowed"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class State:
    """One vendor's grant for one school."""

    vendor: str
    ma_truong_hoc: str
    sequence: int = 0
    hash: str = ""
    state: Standing = Standing.NONE

    @property
    def grant_id(self) -> str:
        """Key in the compacted topic."""
        return f"{self.vendor}/{self.ma_truong_hoc}"
