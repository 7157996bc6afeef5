"""What may be asked of a grant, by whom. Pure data."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from streams.grants.state import Contract, Document, Scope
from streams.machines.wire import Value


class Role(StrEnum):
    """Who acts."""

    SYSTEM = "system"
    SCHOOL_HEAD = "school_head"
    SCHOOL_OFFICER = "school_officer"
    DISTRICT_OFFICER = "district_officer"
    DEPARTMENT_OFFICER = "department_officer"


ROLE_VI: Final[Mapping[Role, str]] = {
    Role.SYSTEM: "hệ thống",
    Role.SCHOOL_HEAD: "hiệu trưởng",
    Role.SCHOOL_OFFICER: "cán bộ trường",
    Role.DISTRICT_OFFICER: "cán bộ phòng hoặc xã",
    Role.DEPARTMENT_OFFICER: "cán bộ sở",
}

ROLE: Final = Role.DEPARTMENT_OFFICER
"""Only the department gives and takes grants."""


class Act(StrEnum):
    """Name of a command."""

    ALLOW = "allow"
    REQUEST = "request"
    CHECK = "check"
    BATCH = "batch"
    APPROVE = "approve"
    RETURN = "return"
    ISSUE = "issue"
    HAND_OVER = "hand_over"
    USE = "use"
    ROTATE = "rotate"
    AMEND = "amend"
    SUSPEND = "suspend"
    RESUME = "resume"
    REMIND = "remind"
    EXPIRE = "expire"
    REVOKE = "revoke"


class Right(StrEnum):
    """What a grant may give beyond pushing."""

    REMOVE = "remove"
    """Records leave by a tombstone in a push."""


REMINDERS: Final = (30, 20, 10)
"""Days before the last one on which its end is announced."""

RETURN_REASONS: Final[Mapping[str, tuple[str, str]]] = {
    "FORM_INCOMPLETE": ("Mẫu đăng ký thiếu nội dung", "The form is incomplete"),
    "FORM_WRONG": ("Mẫu đăng ký sai nội dung", "The form says something wrong"),
    "SIGNATURE": ("Chữ ký hoặc văn bản không hợp lệ", "The signature or the document is not valid"),
    "NOT_READY": ("Dữ liệu của trường chưa chuẩn hóa", "The school's data are not ready"),
    "VENDOR_WRONG": ("Sai nhà cung cấp hoặc phần mềm", "Wrong vendor or software"),
    "OTHER": ("Lý do khác (ghi rõ)", "Another reason (say which)"),
}
"""Closed list of reasons for a return: code → (Vietnamese, English). A text is asked for with each."""


class Command(Value, frozen=True):
    """One message of a commands topic. An unknown ``command``, role or right is refused, not an error.

    ``sequence`` is that of the grant that the actor saw, -1 if not named; ``issued_at`` decides nothing.
    ``due``: the last day for the document, as the province's calendar has it; ``days``: of a reminder.
    ``signature``: how that of the document was checked (``state.Signature``), of a batch and an approval.
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
    types: tuple[str, ...] = ()
    periods: tuple[str, ...] = ()
    valid_until: date | None = None
    route: tuple[str, ...] = ()
    software: str = ""
    product_version: str = ""
    document: Document | None = None
    contract: Contract | None = None
    due: date | None = None
    days: int = 0
    signature: str = ""

    @property
    def grant_id(self) -> str:
        """Subject of the command."""
        return f"{self.vendor}/{self.ma_truong_hoc}"

    @property
    def scope(self) -> Scope:
        """What is asked for, or given."""
        return Scope(self.types, self.periods, tuple(sorted(set(self.rights))), self.valid_until)
