"""THE table of confirmation: in which state, which command, by whom, leads where, and what must hold.

``decide``, ``csdl confirmation table`` and docs/confirmation.md all come from it. A row causes an event, or
is refused with its own code (done already), or is silent (a part of the pipeline repeats what is known).
A route may have any length: every unit but the last claims and confirms; the last claims, approves, forwards.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from streams.confirmation.commands import Act, Role
from streams.confirmation.conditions import ALREADY, Level, When, Who
from streams.confirmation.events import Fact
from streams.confirmation.state import OPEN_FOR_DATA, UNDER_REVIEW, Stage


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. Without ``event``: refused with ``code``, silent if there is none."""

    state: Stage
    command: Act
    role: Role
    who: Who
    next: Stage
    event: Fact | None
    guards: tuple[str, ...] = ()
    when: When = When.ALWAYS
    level: Level = Level.KEEP
    code: str = ""

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "state": self.state.value,
            "command": self.command.value,
            "role": self.role.value,
            "unit": self.who.value,
            "next_state": self.next.value,
            "event": self.event.value if self.event else None,
            "guards": list(self.guards),
            "when": self.when.value,
            "level": self.level.value,
            "refused": self.code,
        }


_S, _A, _F = Stage, Act, Fact
_DISTRICT, _DEPARTMENT, _HEAD = Role.DISTRICT_OFFICER, Role.DEPARTMENT_OFFICER, Role.SCHOOL_HEAD
_SYSTEM, _MINISTRY = Role.SYSTEM, Role.MINISTRY_ADAPTER
_SEEN = ("CONF-STALE", "CONF-DIGEST", "CONF-SEQUENCE")
_UNLOCKED = (*_SEEN, "CONF-LOCKED")
_SUBMIT = (*_UNLOCKED, "CONF-WINDOW", "CONF-BLOCKING", "CONF-WARNINGS")
_REASON = ("CONF-REASON-CODE", "CONF-REASON-TEXT")
_ANSWER = ("CONF-STALE", "CONF-EXPORT")
_OPENED = tuple(s for s in Stage if s is not _S.ABSENT)


def _already(state: Stage, command: Act, role: Role, who: Who, when: When = When.ALWAYS) -> Row:
    return Row(state, command, role, who, state, None, when=when, code=ALREADY)


def _silent(state: Stage, command: Act, role: Role, when: When, *guards: str) -> Row:
    return Row(state, command, role, Who.SELF, state, None, guards, when)


def _done(
    before: tuple[Stage, ...], command: Act, role: Role, who: Who, after: Stage, event: Fact,
    *guards: str, level: Level = Level.KEEP, again: Who | None = None,
) -> tuple[Row, ...]:  # fmt: skip
    """The rows of an act: from each state, and of who asks again when it is done."""
    rows = (Row(s, command, role, who, after, event, guards, level=level) for s in before)
    return (*rows, _already(after, command, role, again or who))


def _returns(state: Stage, role: Role, who: Who, *guards: str) -> Row:
    every = (*guards, *_REASON)
    return Row(state, _A.RETURN, role, who, _S.RETURNED, _F.RETURNED, every, level=Level.FIRST)


def _rerouted(state: Stage, after: Stage) -> tuple[Row, ...]:
    """The department that takes it sends an open dataset another way, which begins with its first unit."""
    guards = ("CONF-SEQUENCE", "CONF-ROUTE", "CONF-REASON-TEXT")
    return (
        _already(state, _A.REROUTE, _DEPARTMENT, Who.SELF, When.SAME_ROUTE),
        Row(
            state,
            _A.REROUTE,
            _DEPARTMENT,
            Who.SELF,
            after,
            _F.REROUTED,
            guards,
            level=Level.FIRST,
        ),
    )


def _at_any_time(command: Act, event: Fact, already: When, *guards: str) -> tuple[Row, ...]:
    """The department's acts on a dataset's fields: its stage stays."""
    every = ("CONF-SEQUENCE", *guards, "CONF-REASON-TEXT")
    return tuple(
        row
        for s in _OPENED
        for row in (
            _already(s, command, _DEPARTMENT, Who.END, already),
            Row(s, command, _DEPARTMENT, Who.END, s, event, every),
        )
    )


TABLE: Final[tuple[Row, ...]] = (
    # The campaign opens the dataset and fixes its route.
    Row(
        _S.ABSENT, _A.OPEN, _DEPARTMENT, Who.SELF, _S.COLLECTING, _F.OPENED, ("CONF-ROUTE", "CONF-DAYS"),
    ),
    *(_already(s, _A.OPEN, _DEPARTMENT, Who.SELF) for s in _OPENED),
    # The next checked version becomes the dataset's version, or waits.
    *(
        _silent(s, _A.VERSION_CHECKED, _SYSTEM, When.KNOWN_VERSION, "CONF-DIGEST")
        for s in Stage
        if s is not _S.COLLECTING  # where no version has come yet
    ),
    Row(_S.ABSENT, _A.VERSION_CHECKED, _SYSTEM, Who.SELF, _S.ABSENT, _F.VERSION_HELD, ("CONF-JUMP",)),
    *(
        Row(s, _A.VERSION_CHECKED, _SYSTEM, Who.SELF, _S.CHECKED, _F.VERSION_CHECKED, ("CONF-JUMP",))
        for s in OPEN_FOR_DATA
    ),
    *(
        Row(s, _A.VERSION_CHECKED, _SYSTEM, Who.SELF, s, _F.VERSION_HELD, ("CONF-JUMP",))
        for s in UNDER_REVIEW
    ),
    # The machine's own act, in the same step: a version that waited is adopted.
    *(
        Row(s, _A.ADOPT, _SYSTEM, Who.SELF, _S.CHECKED, _F.VERSION_ADOPTED)
        for s in (_S.COLLECTING, _S.RETURNED, _S.RECALLED)
    ),
    # The school.
    *_done(
        (_S.CHECKED, _S.RECALLED), _A.SUBMIT, _HEAD, Who.SCHOOL, _S.SUBMITTED, _F.SUBMITTED, *_SUBMIT
    ),
    # The very version that was returned may come again, with an answer: a return may be an error too.
    Row(
        _S.RETURNED, _A.SUBMIT, _HEAD, Who.SCHOOL, _S.SUBMITTED, _F.SUBMITTED, (*_SUBMIT, "CONF-REPLY")
    ),
    *_done((_S.SUBMITTED,), _A.RECALL, _HEAD, Who.SCHOOL, _S.RECALLED, _F.RECALLED, *_UNLOCKED),
    # Every unit of the route but the last.
    *_done(
        (_S.SUBMITTED, _S.CONFIRMED), _A.CLAIM, _DISTRICT, Who.TURN, _S.CLAIMED, _F.CLAIMED, *_UNLOCKED
    ),
    *_done(
        (_S.CLAIMED,), _A.CONFIRM, _DISTRICT, Who.TURN, _S.CONFIRMED, _F.CONFIRMED, *_UNLOCKED,
        level=Level.NEXT, again=Who.PREVIOUS,
    ),
    *_done(
        (_S.CONFIRMED,), _A.UNCONFIRM, _DISTRICT, Who.PREVIOUS, _S.CLAIMED, _F.UNCONFIRMED, *_UNLOCKED,
        level=Level.BACK, again=Who.TURN,
    ),
    _returns(_S.CLAIMED, _DISTRICT, Who.TURN, *_UNLOCKED),
    # The last unit.
    *_done(
        (_S.SUBMITTED, _S.CONFIRMED), _A.CLAIM, _DEPARTMENT, Who.LAST, _S.CLAIMED, _F.CLAIMED, *_SEEN
    ),
    *_done((_S.CLAIMED,), _A.APPROVE, _DEPARTMENT, Who.LAST, _S.APPROVED, _F.APPROVED, *_SEEN),
    *_done((_S.APPROVED,), _A.UNCONFIRM, _DEPARTMENT, Who.LAST, _S.CLAIMED, _F.UNCONFIRMED, *_SEEN),
    *_done((_S.APPROVED,), _A.FORWARD, _DEPARTMENT, Who.LAST, _S.FORWARDING, _F.FORWARDED, *_SEEN),
    _returns(_S.CLAIMED, _DEPARTMENT, Who.LAST, *_SEEN),
    _returns(_S.APPROVED, _DEPARTMENT, Who.LAST, *_SEEN),
    _returns(_S.PARTLY_ACCEPTED, _DEPARTMENT, Who.LAST, *_SEEN),
    # The department, whoever's turn it is.
    *_at_any_time(_A.LOCK, _F.LOCKED, When.LOCKED),
    *_at_any_time(_A.UNLOCK, _F.UNLOCKED, When.UNLOCKED),
    *_at_any_time(_A.ADMIT_LATE, _F.LATE_ADMITTED, When.NO_LAST_DAY, "CONF-LATER"),
    # A unit of the route has ended, or the school has moved: what others have confirmed is asked of the new
    # units once more. What is approved already goes no other way.
    *(row for s in OPEN_FOR_DATA for row in _rerouted(s, s)),
    *(row for s in (_S.SUBMITTED, _S.CLAIMED, _S.CONFIRMED) for row in _rerouted(s, _S.SUBMITTED)),
    # The Ministry: answers name the forwarding that they answer.
    Row(
        _S.FORWARDING, _A.RECORD_RECEIPTS, _MINISTRY, Who.SELF, _S.ACCEPTED, _F.RECEIPTS_RECORDED, _ANSWER,
        When.NONE_REFUSED,
    ),
    Row(
        _S.FORWARDING, _A.RECORD_RECEIPTS, _MINISTRY, Who.SELF, _S.PARTLY_ACCEPTED, _F.RECEIPTS_RECORDED,
        _ANSWER, When.SOME_REFUSED,
    ),
    *(
        _silent(s, _A.RECORD_RECEIPTS, _MINISTRY, When.ALWAYS, *_ANSWER)
        for s in (_S.ACCEPTED, _S.PARTLY_ACCEPTED)
    ),
    _returns(_S.FORWARDING, _MINISTRY, Who.SELF, *_ANSWER),
    _returns(_S.PARTLY_ACCEPTED, _MINISTRY, Who.SELF, *_ANSWER),
)  # fmt: skip

INTERNAL: Final = (Act.ADOPT,)
"""Rows that the machine takes by itself; as a command from outside they are unknown."""


@cache
def rows_of(command: str) -> tuple[Row, ...]:
    """All rows of a command that somebody may send."""
    return tuple(r for r in TABLE if r.command == command and r.command not in INTERNAL)
