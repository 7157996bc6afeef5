"""What the machine knows of a dataset. Pure data; the value of the compacted topic."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Final

from streams.machines.wire import Value


class Stage(StrEnum):
    """Where a dataset stands on its way to the Ministry."""

    ABSENT = "absent"
    COLLECTING = "collecting"
    CHECKED = "checked"
    SUBMITTED = "submitted"
    CLAIMED = "claimed"
    CONFIRMED = "confirmed"
    APPROVED = "approved"
    FORWARDING = "forwarding"
    ACCEPTED = "accepted"
    PARTLY_ACCEPTED = "partly_accepted"
    RETURNED = "returned"
    RECALLED = "recalled"


STAGE_VI: Final[Mapping[Stage, str]] = {
    Stage.ABSENT: "chưa mở",
    Stage.COLLECTING: "đang thu thập",
    Stage.CHECKED: "đã kiểm tra",
    Stage.SUBMITTED: "trường đã gửi",
    Stage.CLAIMED: "đang xem xét",
    Stage.CONFIRMED: "đã xác nhận",
    Stage.APPROVED: "đã duyệt",
    Stage.FORWARDING: "đang chuyển lên Bộ",
    Stage.ACCEPTED: "Bộ đã nhận",
    Stage.PARTLY_ACCEPTED: "Bộ nhận một phần",
    Stage.RETURNED: "bị trả lại",
    Stage.RECALLED: "trường đã rút lại",
}

UNDER_REVIEW: Final = (
    Stage.SUBMITTED,
    Stage.CLAIMED,
    Stage.CONFIRMED,
    Stage.APPROVED,
    Stage.FORWARDING,
    Stage.ACCEPTED,
    Stage.PARTLY_ACCEPTED,
)
"""Here somebody's act stands for this very version: a newer one is held, never swapped in."""

OPEN_FOR_DATA: Final = (Stage.COLLECTING, Stage.CHECKED, Stage.RETURNED, Stage.RECALLED)
"""Here the newest checked version is the dataset's version."""


class Window(Value, frozen=True):
    """Days in which the school submits, both included, Vietnam's days; None: no bound."""

    opens: date | None = None
    closes: date | None = None

    def holds(self, day: date) -> bool:
        """Whether the day is one of them."""
        return (self.opens is None or self.opens <= day) and (self.closes is None or day <= self.closes)


class State(Value, frozen=True):
    """A dataset's confirmation.

    ``level`` is the index in ``route`` of the unit whose turn it is. ``counts`` (records, refused, blocking,
    warnings) are of the version in hand. A held version waits until the one under review comes back, or until
    the dataset is opened; ``held_version`` 0 means none. ``forwarded`` is the sequence of the forwarding that
    the Ministry has in hand or has answered, 0 if none. ``late``: the department has admitted it after its
    window's last day, which is another one since, or none.
    """

    dataset_id: str
    ma_truong_hoc: str
    nam_hoc: int
    period: str
    sequence: int = 0
    hash: str = ""
    state: Stage = Stage.ABSENT
    level: int = 0
    route: tuple[str, ...] = ()
    version: int = 0
    digest: str = ""
    counts: Mapping[str, int] = {}
    held_version: int = 0
    held_digest: str = ""
    held_counts: Mapping[str, int] = {}
    forwarded: int = 0
    locked: bool = False
    late: bool = False
    window: Window | None = None

    @property
    def turn(self) -> str:
        """Unit whose turn it is; empty before the dataset is opened."""
        return self.route[self.level] if self.route else ""

    @property
    def at_last_level(self) -> bool:
        """Whether it is the turn of the unit that approves and forwards."""
        return self.level == len(self.route) - 1

    @property
    def newest_version(self) -> int:
        """The last version that was checked, in hand or held; 0 if none."""
        return max(self.version, self.held_version)

    @property
    def days(self) -> Window:
        """The window; without bounds if none was given."""
        return self.window or Window()
