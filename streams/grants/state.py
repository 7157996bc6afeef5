"""What the machine knows of a grant. Pure data; the value of the compacted topic."""

from enum import StrEnum

from streams.machines.wire import Value


class Standing(StrEnum):
    """Whether a vendor may push for a school."""

    NONE = "none"
    ALLOWED = "allowed"
    REVOKED = "revoked"


class State(Value, frozen=True):
    """One vendor's grant for one school; ``rights`` beyond pushing, sorted."""

    vendor: str
    ma_truong_hoc: str
    sequence: int = 0
    hash: str = ""
    state: Standing = Standing.NONE
    rights: tuple[str, ...] = ()

    @property
    def grant_id(self) -> str:
        """Key in the compacted topic."""
        return f"{self.vendor}/{self.ma_truong_hoc}"
