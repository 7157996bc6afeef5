"""THE table of grants: in which state, which command, by whom, leads where, and what must hold.

``decide``, ``csdl grants table`` and docs/grants.md all come from it. A row causes an event, or is refused
with its own code (done already), or is silent (a part of the system repeats what is known).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from streams.grants.commands import Act, Role
from streams.grants.conditions import ABSENT, ALREADY, When, Who
from streams.grants.events import Fact
from streams.grants.state import PENDING, Standing


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. ``next`` None: where it stood before it was suspended. ``level``: of a vendor or
    a product version, not of a school's grant."""

    state: Standing
    command: Act
    role: Role
    who: Who
    next: Standing | None
    event: Fact | None
    guards: tuple[str, ...] = ()
    when: When = When.ALWAYS
    code: str = ""
    level: bool = False

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "of": "level" if self.level else "grant",
            "state": self.state.value,
            "command": self.command.value,
            "role": self.role.value,
            "unit": self.who.value,
            "next_state": self.next.value if self.next else "before",
            "event": self.event.value if self.event else None,
            "guards": list(self.guards),
            "when": self.when.value,
            "refused": self.code,
        }


_S, _A, _F, _W = Standing, Act, Fact, Who
_HEAD, _OFFICER = Role.SCHOOL_HEAD, Role.SCHOOL_OFFICER
_DISTRICT, _DEPARTMENT, _SYSTEM = Role.DISTRICT_OFFICER, Role.DEPARTMENT_OFFICER, Role.SYSTEM
_GIVEN = (_S.HANDED_OVER, _S.IN_USE)
_IN_FORCE = (_S.ALLOWED, *_GIVEN)
_STOPPABLE = (*PENDING, _S.RETURNED, *_IN_FORCE)
_SAID = ("GRANT-SEQUENCE", "GRANT-ACCOUNT")
_FORM = ("GRANT-DOCUMENT", "GRANT-DOCUMENT-DATE")
_CONTRACT = (*_SAID, "GRANT-CONTRACT", "GRANT-CONTRACT-DATES", "GRANT-ENDED")
_BATCH = (*_SAID, *_FORM, "GRANT-SIGNATURE")
_SCOPE = ("GRANT-SCOPE", "GRANT-MORE", "GRANT-OVER")
_APPROVE = (*_SAID, "GRANT-OWN", *_SCOPE, "GRANT-SIGNATURE", "GRANT-PAPER")
_RETURN = (*_SAID, "GRANT-REASON-CODE", "GRANT-REASON-TEXT")
_REASON = (*_SAID, "GRANT-REASON-TEXT")


def _by(
    states: Iterable[Standing], command: Act, role: Role, who: Who, after: Standing | None, event: Fact,
    *guards: str, when: When = When.ALWAYS,
) -> list[Row]:  # fmt: skip
    return [Row(s, command, role, who, after, event, guards, when) for s in states]


def _stays(
    states: Iterable[Standing], command: Act, role: Role, who: Who, event: Fact, *guards: str
) -> list[Row]:
    return [Row(s, command, role, who, s, event, guards) for s in states]


def _silent(states: Iterable[Standing], command: Act, when: When = When.ALWAYS) -> list[Row]:
    return [Row(s, command, _SYSTEM, _W.SYSTEM, s, None, when=when) for s in states]


def _already(state: Standing, command: Act, when: When = When.ALWAYS, *, level: bool = False) -> Row:
    return Row(state, command, _DEPARTMENT, _W.DEPARTMENT, state, None, when=when, code=ALREADY, level=level)


def _absent(command: Act) -> Row:
    return Row(_S.NONE, command, _DEPARTMENT, _W.DEPARTMENT, _S.NONE, None, code=ABSENT)


TABLE: Final[tuple[Row, ...]] = (
    # The department's word alone, without papers: how releases before forms gave it, and a migration does.
    _already(_S.ALLOWED, _A.ALLOW, When.SAME_RIGHTS),
    *_by(
        (_S.NONE, _S.ALLOWED, _S.RETURNED, _S.EXPIRED, _S.REVOKED),
        _A.ALLOW, _DEPARTMENT, _W.DEPARTMENT, _S.ALLOWED, _F.ALLOWED, "GRANT-SEQUENCE",
    ),
    # The school asks with Form 1, and asks anew as long as nobody has batched it.
    *(
        row
        for role in (_HEAD, _OFFICER)
        for row in _by(
            (_S.NONE, _S.ALLOWED, _S.REQUESTED, _S.CHECKED, _S.RETURNED, _S.EXPIRED, _S.REVOKED),
            _A.REQUEST, role, _W.SCHOOL, _S.REQUESTED, _F.REQUESTED,
            *_SAID, "GRANT-ROUTE", *_FORM, "GRANT-NUMBER", "GRANT-SCOPE", "GRANT-OVER",
        )
    ),
    # The unit that manages it checks Form 1 and batches with Form 2; direct units skip it.
    *_by((_S.REQUESTED,), _A.CHECK, _DISTRICT, _W.MANAGING, _S.CHECKED, _F.CHECKED, *_SAID, "GRANT-OWN"),
    *_by((_S.CHECKED,), _A.BATCH, _DISTRICT, _W.MANAGING, _S.BATCHED, _F.BATCHED, *_BATCH),
    *_by(
        (_S.REQUESTED, _S.CHECKED), _A.RETURN, _DISTRICT, _W.MANAGING, _S.RETURNED, _F.RETURNED, *_RETURN
    ),
    # The department.
    *_by((_S.BATCHED,), _A.APPROVE, _DEPARTMENT, _W.DEPARTMENT, _S.APPROVED, _F.APPROVED, *_APPROVE),
    *_by(
        (_S.REQUESTED,), _A.APPROVE, _DEPARTMENT, _W.DEPARTMENT, _S.APPROVED, _F.APPROVED, *_APPROVE,
        when=When.DIRECT,
    ),
    *_by(
        (_S.BATCHED, _S.APPROVED, _S.ISSUED),
        _A.RETURN, _DEPARTMENT, _W.DEPARTMENT, _S.RETURNED, _F.RETURNED, *_RETURN,
    ),
    *_by(
        (_S.REQUESTED,), _A.RETURN, _DEPARTMENT, _W.DEPARTMENT, _S.RETURNED, _F.RETURNED, *_RETURN,
        when=When.DIRECT,
    ),
    *_by((_S.APPROVED,), _A.ISSUE, _DEPARTMENT, _W.DEPARTMENT, _S.ISSUED, _F.ISSUED, *_SAID, "GRANT-ENDED"),
    # The school hands it to the vendor on a contract; on a new contract again.
    *_by((_S.ISSUED,), _A.HAND_OVER, _HEAD, _W.SCHOOL, _S.HANDED_OVER, _F.HANDED_OVER, *_CONTRACT),
    *_stays(_GIVEN, _A.HAND_OVER, _HEAD, _W.SCHOOL, _F.HANDED_OVER, *_CONTRACT),
    *_by(
        (_S.SUSPENDED,), _A.HAND_OVER, _HEAD, _W.SCHOOL, _S.HANDED_OVER, _F.HANDED_OVER, *_CONTRACT,
        when=When.LAPSED,
    ),
    # The vendor's first push; validation says so of each until it has seen that it is known.
    *_by((_S.HANDED_OVER,), _A.USE, _SYSTEM, _W.SYSTEM, _S.IN_USE, _F.USED),
    *_silent((s for s in Standing if s is not _S.HANDED_OVER), _A.USE),
    *_stays(_IN_FORCE, _A.ROTATE, _HEAD, _W.SCHOOL, _F.ROTATED, *_SAID),
    *_stays(_IN_FORCE, _A.ROTATE, _DEPARTMENT, _W.DEPARTMENT, _F.ROTATED, *_SAID),
    # What it allows, and until when, changes by the department's word: narrower, wider, extended.
    *_stays(
        _IN_FORCE, _A.AMEND, _DEPARTMENT, _W.DEPARTMENT, _F.AMENDED, *_REASON, "GRANT-SCOPE", "GRANT-OVER"
    ),
    # Suspended by the department, or by the system for the end of a contract or a change of vendor.
    *_by(
        _STOPPABLE, _A.SUSPEND, _DEPARTMENT, _W.DEPARTMENT, _S.SUSPENDED, _F.SUSPENDED, *_REASON
    ),
    _already(_S.SUSPENDED, _A.SUSPEND),
    *_by(
        _STOPPABLE, _A.SUSPEND, _SYSTEM, _W.SYSTEM, _S.SUSPENDED, _F.SUSPENDED, "GRANT-SEQUENCE"
    ),
    *_silent((s for s in Standing if s not in _STOPPABLE), _A.SUSPEND),
    *_by(
        (_S.SUSPENDED,), _A.RESUME, _DEPARTMENT, _W.DEPARTMENT, None, _F.RESUMED, *_REASON,
        "GRANT-CONTRACT-OVER",
    ),
    # Its last day.
    *_silent(_IN_FORCE, _A.REMIND, When.REMINDED),
    *_stays(_IN_FORCE, _A.REMIND, _SYSTEM, _W.SYSTEM, _F.REMINDED, "GRANT-REMINDER"),
    *_silent((s for s in Standing if s not in _IN_FORCE), _A.REMIND),
    *_by(
        (*_IN_FORCE, _S.SUSPENDED), _A.EXPIRE, _SYSTEM, _W.SYSTEM, _S.EXPIRED, _F.EXPIRED, "GRANT-NOT-OVER"
    ),
    *_silent((s for s in Standing if s not in (*_IN_FORCE, _S.SUSPENDED)), _A.EXPIRE),
    *_by(
        (s for s in Standing if s not in (_S.NONE, _S.REVOKED)),
        _A.REVOKE, _DEPARTMENT, _W.DEPARTMENT, _S.REVOKED, _F.REVOKED, "GRANT-SEQUENCE",
    ),
    _already(_S.REVOKED, _A.REVOKE),
    *(_absent(act) for act in (_A.REVOKE, _A.APPROVE, _A.RETURN, _A.ISSUE, _A.AMEND, _A.SUSPEND, _A.RESUME)),
    # A vendor, or a version of its product: what is suspended here stops every grant below.
    Row(
        _S.NONE, _A.SUSPEND, _DEPARTMENT, _W.DEPARTMENT, _S.SUSPENDED, _F.SUSPENDED, _REASON, level=True
    ),
    _already(_S.SUSPENDED, _A.SUSPEND, level=True),
    Row(
        _S.SUSPENDED, _A.RESUME, _DEPARTMENT, _W.DEPARTMENT, _S.NONE, _F.RESUMED, _REASON, level=True
    ),
)  # fmt: skip


@cache
def rows_of(command: str) -> tuple[Row, ...]:
    """All rows of a command."""
    return tuple(r for r in TABLE if r.command == command)
