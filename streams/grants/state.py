"""What the machine knows of a grant. Pure data; the value of the compacted topic."""

import datetime
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from streams.machines.wire import Value


class Standing(StrEnum):
    """Where a grant stands on its way from the school's request to its end."""

    NONE = "none"
    ALLOWED = "allowed"
    """In force by the department's word alone, without papers."""
    REQUESTED = "requested"
    CHECKED = "checked"
    BATCHED = "batched"
    APPROVED = "approved"
    ISSUED = "issued"
    HANDED_OVER = "handed_over"
    IN_USE = "in_use"
    RETURNED = "returned"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    REVOKED = "revoked"


STANDING_VI: Final[Mapping[Standing, str]] = {
    Standing.NONE: "chưa có",
    Standing.ALLOWED: "được phép, không có hồ sơ",
    Standing.REQUESTED: "trường đã đề nghị",
    Standing.CHECKED: "đã kiểm tra",
    Standing.BATCHED: "đã lập danh sách gửi Sở",
    Standing.APPROVED: "Sở đã duyệt",
    Standing.ISSUED: "đã cấp cho trường",
    Standing.HANDED_OVER: "trường đã giao cho nhà cung cấp",
    Standing.IN_USE: "đang dùng",
    Standing.RETURNED: "bị trả lại",
    Standing.SUSPENDED: "tạm dừng",
    Standing.EXPIRED: "hết hạn",
    Standing.REVOKED: "đã thu hồi",
}

PENDING: Final = (Standing.REQUESTED, Standing.CHECKED, Standing.BATCHED, Standing.APPROVED, Standing.ISSUED)
"""A request is on its way."""

WITH_PAPERS: Final = (Standing.HANDED_OVER, Standing.IN_USE)
"""In force: the vendor has it from the school, on a contract."""

CONTRACT_ENDED: Final = "CONTRACT_ENDED"
VENDOR_CHANGED: Final = "VENDOR_CHANGED"
LAPSES: Final = (CONTRACT_ENDED, VENDOR_CHANGED)
"""Reasons of a suspension that a new contract lifts; the department lifts every other."""

EVERY: Final = "*"
"""In the place of a school: all schools of the vendor, or all with a version of its product (``*@5.2``)."""


def level(version: str = "") -> str:
    """What stands in the place of a school for a vendor as a whole, or for a version of its product."""
    return f"{EVERY}@{version}" if version else EVERY


class Signature(StrEnum):
    """How a document was checked before an act on it."""

    VERIFIED = "verified"
    """By the access service, at the act; the signature alone: what a scan says only people can tell."""
    COMPARED = "verified_text"
    """So, and its text says what the act says."""
    BY_HAND = "by_hand"
    """By whoever acts: the province has said that it is so (CSDL_SIGNATURES)."""


class Document(Value, frozen=True):
    """A signed paper: ``form_1`` or ``form_2``, its number and date, the SHA-256 of the file, and of the list
    that was handed in with a ``form_2``, "" if none was. No person."""

    kind: str
    number: str
    date: datetime.date
    sha256: str
    list_sha256: str = ""


class Contract(Value, frozen=True):
    """What the school has signed with the vendor: ``begins`` and ``ends`` (the last day; None: no end),
    ``parties`` as codes, ``clause``: the head confirms that the vendor answers for keeping it secret."""

    number: str
    date: datetime.date
    begins: datetime.date
    ends: datetime.date | None = None
    parties: tuple[str, ...] = ()
    clause: bool = False
    sha256: str = ""


class Scope(Value, frozen=True):
    """What a grant allows: record types, periods (none named: all), rights beyond pushing; the last day."""

    types: tuple[str, ...] = ()
    periods: tuple[str, ...] = ()
    rights: tuple[str, ...] = ()
    valid_until: datetime.date | None = None


class State(Value, frozen=True):
    """One vendor's grant for one school, or a suspension above grants (``ma_truong_hoc`` is ``*…``).

    ``types``, ``periods``, ``rights`` and ``valid_until`` are in force, ``pending`` what is asked or approved
    until the vendor has it. ``route``: the units that decide on the request, the department last. ``since``:
    when it came to stand so; ``given_at``: when the vendor had it last. ``authors``: accounts whose acts an
    approval decides on. ``before`` a suspension, and why (``suspended_for``). ``reminded``: days before its
    end of the last reminder, 0 if none. ``numbers``: year/number of its requests. ``without_papers``: in
    force by the department's word alone, also while a request is on its way. ``papers``: every document that
    it was asked or batched with.
    """

    vendor: str
    ma_truong_hoc: str
    sequence: int = 0
    hash: str = ""
    state: Standing = Standing.NONE
    rights: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    periods: tuple[str, ...] = ()
    valid_until: datetime.date | None = None
    pending: Scope | None = None
    route: tuple[str, ...] = ()
    software: str = ""
    product_version: str = ""
    request: Document | None = None
    batch: Document | None = None
    contract: Contract | None = None
    late: bool = False
    since: datetime.datetime | None = None
    given_at: datetime.datetime | None = None
    authors: tuple[str, ...] = ()
    before: Standing = Standing.NONE
    suspended_for: str = ""
    reminded: int = 0
    numbers: tuple[str, ...] = ()
    without_papers: bool = False
    papers: tuple[Document, ...] = ()

    @property
    def grant_id(self) -> str:
        """Key in the compacted topic."""
        return f"{self.vendor}/{self.ma_truong_hoc}"

    @property
    def is_level(self) -> bool:
        """Whether it is no school's, but a vendor's or a product version's."""
        return self.ma_truong_hoc.startswith(EVERY)

    @property
    def managing(self) -> str:
        """The unit that checks and batches; "" if the school answers to the department."""
        return self.route[0] if len(self.route) > 1 else ""

    @property
    def paper(self) -> Document | None:
        """What an approval decides on: the unit's Form 2, a direct unit's Form 1; None without one."""
        return self.batch if self.managing else self.request

    @property
    def turn(self) -> str:
        """Who must act next: a unit, or the vendor, which has yet to push; "" if nobody must."""
        department = self.route[-1] if self.route else ""
        match self.state:
            case Standing.REQUESTED:
                return self.managing or department
            case Standing.CHECKED:
                return self.managing
            case Standing.BATCHED | Standing.APPROVED:
                return department
            case Standing.ISSUED | Standing.RETURNED:
                return self.ma_truong_hoc
            case Standing.HANDED_OVER:
                return self.vendor
            case _:
                return ""

    @property
    def in_force(self) -> bool:
        """Whether the vendor may push, but for days and what is suspended above."""
        ended = (Standing.SUSPENDED, Standing.EXPIRED, Standing.REVOKED)
        return self.state in (*WITH_PAPERS, Standing.ALLOWED) or (
            self.without_papers and self.state not in ended
        )

    @property
    def scope(self) -> Scope:
        """What is in force."""
        return Scope(self.types, self.periods, self.rights, self.valid_until)
