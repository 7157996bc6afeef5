"""What may be asked of a dataset, by whom. Pure data."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final

from streams.confirmation.state import Window
from streams.machines.wire import Value


class Role(StrEnum):
    """Who acts."""

    SYSTEM = "system"
    SCHOOL_HEAD = "school_head"
    DISTRICT_OFFICER = "district_officer"
    DEPARTMENT_OFFICER = "department_officer"
    MINISTRY_ADAPTER = "ministry_adapter"


ROLE_VI: Final[Mapping[Role, str]] = {
    Role.SYSTEM: "hệ thống",
    Role.SCHOOL_HEAD: "hiệu trưởng",
    Role.DISTRICT_OFFICER: "cán bộ phòng hoặc xã",
    Role.DEPARTMENT_OFFICER: "cán bộ sở",
    Role.MINISTRY_ADAPTER: "đầu nối với Bộ",
}


class Act(StrEnum):
    """Name of a command."""

    OPEN = "open"
    VERSION_CHECKED = "version_checked"
    ADOPT = "adopt"
    SUBMIT = "submit"
    RECALL = "recall"
    CLAIM = "claim"
    CONFIRM = "confirm"
    UNCONFIRM = "unconfirm"
    RETURN = "return"
    APPROVE = "approve"
    FORWARD = "forward"
    RECORD_RECEIPTS = "record_receipts"
    LOCK = "lock"
    UNLOCK = "unlock"
    ADMIT_LATE = "admit_late"
    REROUTE = "reroute"


OFFICERS_ACTS: Final = (
    Act.SUBMIT,
    Act.RECALL,
    Act.CLAIM,
    Act.CONFIRM,
    Act.UNCONFIRM,
    Act.RETURN,
    Act.APPROVE,
    Act.FORWARD,
)
"""Acts on the version in hand: they name the version, the digest and the sequence that the actor saw."""

DEPARTMENTS_ACTS: Final = (Act.LOCK, Act.UNLOCK, Act.ADMIT_LATE, Act.REROUTE)
"""Acts on the dataset, whatever version is in hand: they name the sequence that the actor saw."""

RETURN_REASONS: Final[Mapping[str, tuple[str, str]]] = {
    "DATA_WRONG": ("Số liệu không đúng thực tế", "Data differ from the facts"),
    "DATA_MISSING": (
        "Thiếu hồ sơ (học sinh, lớp hoặc cán bộ)",
        "Records are missing (pupils, classes or staff)",
    ),
    "DATA_DUPLICATE": ("Hồ sơ bị trùng", "Records are doubled"),
    "PERIOD_WRONG": ("Sai năm học hoặc sai kỳ báo cáo", "Wrong school year or period"),
    "WARNING_UNEXPLAINED": (
        "Cảnh báo chưa được giải trình thỏa đáng",
        "Warnings are not explained well enough",
    ),
    "MINISTRY_REFUSED": ("Bộ từ chối hồ sơ", "The Ministry refused records"),
    "OTHER": ("Lý do khác (ghi rõ)", "Another reason (say which)"),
}
"""Closed list of reasons for a return: code → (Vietnamese, English). A text is asked for with each."""


class Command(Value, frozen=True):
    """One message of a commands topic. Its id comes with it, its time from the broker: no clock is read.

    ``command`` and ``role`` are plain strings here: an unknown name is refused, not an error. ``unit`` is the
    acting unit's code (a school's code for its head); ``account`` the office's, never a person's name.
    ``issued_at`` is the sender's clock and decides nothing. ``sequence`` is that of the dataset that the
    actor saw (-1: not named), or of the forwarding that the Ministry answers.
    """

    command_id: str
    dataset_id: str
    ma_truong_hoc: str
    nam_hoc: int
    period: str
    command: str
    issued_at: datetime
    unit: str
    role: str
    account: str = ""
    version: int = 0
    digest: str = ""
    reason_code: str = ""
    reason_text: str = ""
    route: tuple[str, ...] = ()
    counts: Mapping[str, int] = {}
    sequence: int = -1
    export_id: str = ""
    window: Window | None = None
