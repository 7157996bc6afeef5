"""THE table of confirmation: in which state, which command, by whom, leads where, and what must hold.

``decide``, ``csdl confirmation table`` and the state diagram in docs/confirmation.md all come from it.
A route may have any length: every unit but the last claims and confirms; the last claims, approves, forwards.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from streams.confirmation.commands import RETURN_REASONS, Act, Command, Role
from streams.confirmation.events import Fact
from streams.confirmation.state import OPEN_FOR_DATA, UNDER_REVIEW, Stage, State

Guard = Callable[[State, Command], bool]


class Who(StrEnum):
    """Which unit of that role: by the dataset's own school and route, never by the form of a code."""

    SELF = "self"
    """The part of the system that has this role; the broker's ACL proves it."""

    SCHOOL = "school"
    """The dataset's school."""

    TURN = "turn"
    """The unit whose turn it is, if another comes after it."""

    LAST = "last"
    """The unit whose turn it is, if it is the last."""

    PREVIOUS = "previous"
    """The unit that has just confirmed, before the next one claims."""


class Level(StrEnum):
    """What becomes of the index in the route."""

    KEEP = "keep"
    FIRST = "first"
    NEXT = "next"
    BACK = "back"


GUARDS: Final[Mapping[str, Guard]] = {
    "CONF-ROUTE": lambda s, c: bool(c.route) and len(set(c.route)) == len(c.route) and c.unit == c.route[-1],
    "CONF-BLOCKING": lambda s, c: s.counts.get("blocking", 0) == 0,
    "CONF-WARNINGS": lambda s, c: (
        s.counts.get("warnings", 0) + s.counts.get("refused", 0) == 0 or bool(c.reason_text.strip())
    ),
    "CONF-REPLY": lambda s, c: bool(c.reason_text.strip()),
    "CONF-REASON-CODE": lambda s, c: c.reason_code in RETURN_REASONS,
    "CONF-REASON-TEXT": lambda s, c: bool(c.reason_text.strip()),
}
"""What must hold, by the code of the refusal if it does not."""

CONDITIONS: Final[Mapping[str, Guard]] = {
    "": lambda s, c: True,
    "none refused": lambda s, c: c.counts.get("refused", 0) == 0,
    "some refused": lambda s, c: c.counts.get("refused", 0) > 0,
}
"""Where one command leads to two states: which one."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    state: Stage
    command: Act
    role: Role
    who: Who
    next: Stage
    event: Fact
    guards: tuple[str, ...] = ()
    when: str = ""
    level: Level = Level.KEEP

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "state": self.state.value,
            "command": self.command.value,
            "role": self.role.value,
            "unit": self.who.value,
            "next_state": self.next.value,
            "event": self.event.value,
            "guards": list(self.guards),
            "when": self.when,
            "level": self.level.value,
        }


_S, _A, _F = Stage, Act, Fact
_DISTRICT, _DEPARTMENT, _HEAD = Role.DISTRICT_OFFICER, Role.DEPARTMENT_OFFICER, Role.SCHOOL_HEAD
_SYSTEM, _MINISTRY = Role.SYSTEM, Role.MINISTRY_ADAPTER
_CHECKS = ("CONF-BLOCKING", "CONF-WARNINGS")
_REASON = ("CONF-REASON-CODE", "CONF-REASON-TEXT")


def _returns(state: Stage, role: Role, who: Who) -> Row:
    return Row(state, _A.RETURN, role, who, _S.RETURNED, _F.RETURNED, _REASON, level=Level.FIRST)


TABLE: Final[tuple[Row, ...]] = (
    # The campaign opens the dataset and fixes its route.
    Row(_S.ABSENT, _A.OPEN, _DEPARTMENT, Who.SELF, _S.COLLECTING, _F.OPENED, ("CONF-ROUTE",)),
    # A checked version becomes the dataset's version, or waits.
    Row(_S.ABSENT, _A.VERSION_CHECKED, _SYSTEM, Who.SELF, _S.ABSENT, _F.VERSION_HELD),
    *(Row(s, _A.VERSION_CHECKED, _SYSTEM, Who.SELF, _S.CHECKED, _F.VERSION_CHECKED) for s in OPEN_FOR_DATA),
    *(Row(s, _A.VERSION_CHECKED, _SYSTEM, Who.SELF, s, _F.VERSION_HELD) for s in UNDER_REVIEW),
    # The machine's own act, in the same step: a version that waited is adopted.
    *(
        Row(s, _A.ADOPT, _SYSTEM, Who.SELF, _S.CHECKED, _F.VERSION_ADOPTED)
        for s in (_S.COLLECTING, _S.RETURNED, _S.RECALLED)
    ),
    # The school.
    Row(_S.CHECKED, _A.SUBMIT, _HEAD, Who.SCHOOL, _S.SUBMITTED, _F.SUBMITTED, _CHECKS),
    Row(_S.RECALLED, _A.SUBMIT, _HEAD, Who.SCHOOL, _S.SUBMITTED, _F.SUBMITTED, _CHECKS),
    # The very version that was returned may come again, with an answer: a return may be an error too.
    Row(_S.RETURNED, _A.SUBMIT, _HEAD, Who.SCHOOL, _S.SUBMITTED, _F.SUBMITTED, (*_CHECKS, "CONF-REPLY")),
    Row(_S.SUBMITTED, _A.RECALL, _HEAD, Who.SCHOOL, _S.RECALLED, _F.RECALLED),
    # Every unit of the route but the last.
    Row(_S.SUBMITTED, _A.CLAIM, _DISTRICT, Who.TURN, _S.CLAIMED, _F.CLAIMED),
    Row(_S.CONFIRMED, _A.CLAIM, _DISTRICT, Who.TURN, _S.CLAIMED, _F.CLAIMED),
    Row(_S.CLAIMED, _A.CONFIRM, _DISTRICT, Who.TURN, _S.CONFIRMED, _F.CONFIRMED, level=Level.NEXT),
    Row(_S.CONFIRMED, _A.UNCONFIRM, _DISTRICT, Who.PREVIOUS, _S.CLAIMED, _F.UNCONFIRMED, level=Level.BACK),
    _returns(_S.CLAIMED, _DISTRICT, Who.TURN),
    # The last unit.
    Row(_S.SUBMITTED, _A.CLAIM, _DEPARTMENT, Who.LAST, _S.CLAIMED, _F.CLAIMED),
    Row(_S.CONFIRMED, _A.CLAIM, _DEPARTMENT, Who.LAST, _S.CLAIMED, _F.CLAIMED),
    Row(_S.CLAIMED, _A.APPROVE, _DEPARTMENT, Who.LAST, _S.APPROVED, _F.APPROVED),
    Row(_S.APPROVED, _A.UNCONFIRM, _DEPARTMENT, Who.LAST, _S.CLAIMED, _F.UNCONFIRMED),
    Row(_S.APPROVED, _A.FORWARD, _DEPARTMENT, Who.LAST, _S.FORWARDING, _F.FORWARDED),
    _returns(_S.CLAIMED, _DEPARTMENT, Who.LAST),
    _returns(_S.APPROVED, _DEPARTMENT, Who.LAST),
    _returns(_S.PARTLY_ACCEPTED, _DEPARTMENT, Who.LAST),
    # The Ministry.
    Row(
        _S.FORWARDING, _A.RECORD_RECEIPTS, _MINISTRY, Who.SELF, _S.ACCEPTED, _F.RECEIPTS_RECORDED,
        when="none refused",
    ),
    Row(
        _S.FORWARDING, _A.RECORD_RECEIPTS, _MINISTRY, Who.SELF, _S.PARTLY_ACCEPTED, _F.RECEIPTS_RECORDED,
        when="some refused",
    ),
    _returns(_S.FORWARDING, _MINISTRY, Who.SELF),
    _returns(_S.PARTLY_ACCEPTED, _MINISTRY, Who.SELF),
)  # fmt: skip

INTERNAL: Final = (Act.ADOPT,)
"""Rows that the machine takes by itself; as a command from outside they are unknown."""


def rows_of(command: str) -> tuple[Row, ...]:
    """All rows of a command that somebody may send."""
    return tuple(r for r in TABLE if r.command == command and r.command not in INTERNAL)


REFUSALS: Final[Mapping[str, str]] = {
    "CONF-UNKNOWN": "no such command",
    "CONF-DATASET": "the dataset's id does not agree with its school, year and period",
    "CONF-ABSENT": "the dataset has not been opened",
    "CONF-ROLE": "the role may not do this",
    "CONF-UNIT": "the unit is not the dataset's school, nor on its route",
    "CONF-ALREADY": "done already",
    "CONF-STALE": "another version is in hand than the one seen",
    "CONF-DIGEST": "the version's content is not the one seen",
    "CONF-STATE": "not possible in this state",
    "CONF-TURN": "it is another unit's turn",
    "CONF-ROUTE": "the route is empty, names a unit twice, or does not end with the opening unit",
    "CONF-BLOCKING": "the version has blocking findings",
    "CONF-WARNINGS": "warnings or refused records are not acknowledged in words",
    "CONF-REPLY": "a returned version comes again without an answer",
    "CONF-REASON-CODE": "the reason's code is not on the list",
    "CONF-REASON-TEXT": "the reason is not given in words",
}
"""Every refusal, in the order in which it is looked for."""
