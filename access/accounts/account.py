"""What an account is and what its state allows on a day. Pure data; read anew for each act.

A unit and roles are the account's: no request names them. Days are Vietnam's, from the first to the first
day after.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Final

NOT_YET: Final = "ACC-021"
ENDED: Final = "ACC-022"


class Role(StrEnum):
    """What a person is to their unit. The first four give the role of a command."""

    SCHOOL_HEAD = "school_head"
    SCHOOL_OFFICER = "school_officer"
    DISTRICT_OFFICER = "district_officer"
    """Reviewer of a district or a commune."""
    DEPARTMENT_OFFICER = "department_officer"
    OPERATOR = "operator"
    AUDITOR = "auditor"
    VENDOR_TECHNICIAN = "vendor_technician"


ROLE_VI: Final[Mapping[Role, str]] = {
    Role.SCHOOL_HEAD: "hiệu trưởng",
    Role.SCHOOL_OFFICER: "cán bộ trường",
    Role.DISTRICT_OFFICER: "cán bộ phòng hoặc xã",
    Role.DEPARTMENT_OFFICER: "cán bộ sở",
    Role.OPERATOR: "người vận hành",
    Role.AUDITOR: "kiểm toán",
    Role.VENDOR_TECHNICIAN: "kỹ thuật viên nhà cung cấp",
}

OF_SCHOOLS: Final = frozenset({Role.SCHOOL_HEAD, Role.SCHOOL_OFFICER})
READS_ALL: Final = frozenset({Role.DEPARTMENT_OFFICER, Role.OPERATOR, Role.AUDITOR})
"""May look at every dataset of the province."""


@dataclass(frozen=True)
class Move:
    """To another unit, or other roles, on a day."""

    on: date
    unit: str
    roles: frozenset[Role]


@dataclass(frozen=True)
class Account:
    """One account as it stands. ``id`` is its number, ``person`` the code of who acts by it: one person may
    have several accounts, and is one. ``active_to`` is the first day after, None without end. ``moves`` is
    its next move, or the one that it stands by (``moved``)."""

    number: int
    name: str
    person: str
    unit: str
    roles: frozenset[Role]
    active_from: date
    active_to: date | None = None
    moves: Move | None = None
    moved: bool = False

    def on(self, day: date) -> "Account":
        """The same account as it stands on a day: from the day of its move on, of the other unit."""
        move = self.moves
        if move is None or day < move.on:
            return self
        return replace(self, unit=move.unit, roles=move.roles, moved=True)

    @property
    def id(self) -> str:
        """What commands, events and audit name it by: not a name, which may be a person's."""
        return f"A{self.number}"

    def fault(self, on: date) -> str:
        """Why it may do nothing on a day: ACC-021, ACC-022; "" if it may."""
        if on < self.active_from:
            return NOT_YET
        return ENDED if self.active_to is not None and on >= self.active_to else ""

    def one_of(self, roles: frozenset[Role]) -> Role | None:
        """The role by which it does what these roles may do."""
        return next((role for role in Role if role in roles & self.roles), None)


def number_of(account_id: str) -> int | None:
    """The number in an account's id; None of what an earlier release or another writer put there."""
    digits = account_id.removeprefix("A")
    is_ours = account_id.startswith("A") and digits.isascii() and digits.isdigit() and len(digits) < 19
    return int(digits) if is_ours else None
