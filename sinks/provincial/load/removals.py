"""Records leave when somebody says so: the vendor by a tombstone, the school by its own act. Pure.

Above a share of what the school has of a type, counted with what left before without the head, a removal
waits for the head of the school: neither a wrong file nor many small ones empty a school.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal
from uuid import UUID, uuid5

from sinks.provincial.load.pushes import PushKey

SHARE: Final = 0.1
FEW: Final = 5
"""So many may leave however small the school is."""

HEAD: Final = "school_head"
OFFICER: Final = "school_officer"
SCHOOL: Final = "school"
"""Vendor of the versions and answers that a school's own act makes."""

NO_SUCH: Final = "REM-001"
STALE: Final = "REM-002"
NOT_ABSENT: Final = "REM-003"
NOT_THE_SCHOOL: Final = "REM-004"
NOBODY_LEFT: Final = "REM-005"
ASKED_BEFORE: Final = "REM-006"
STAYS: Final = "REM-007"
WAITS: Final = "PUSH-012"

NAMESPACE: Final = UUID("0c6f1f0a-2c0b-5b6e-8a3a-4a7f9c1d2e18")

State = Literal["waiting", "done", "refused"]


@dataclass(frozen=True)
class Removal:
    """A removal as it stands. ``identities`` leave, or left; ``version`` is the one without them, or, while
    it waits, the one that was seen. ``absent_only``: a school's act, for records that the last whole list
    lacked."""

    dataset_id: str
    removal_id: str
    record_type: str
    identities: tuple[str, ...]
    absent_only: bool
    vendor: str
    push_id: str
    role: str
    account: str
    reason: str
    asked_at: datetime
    version: int
    state: State = "waiting"
    code: str = ""
    consented_by: str = ""

    def done(self, version: int, identities: Sequence[str], consented_by: str = "") -> "Removal":
        """Carried out: these are gone from ``version`` on."""
        return replace(
            self, state="done", version=version, identities=tuple(identities), consented_by=consented_by
        )

    def refused(self, code: str) -> "Removal":
        """Ended: nobody leaves by it."""
        return replace(self, state="refused", code=code, identities=())


@dataclass(frozen=True)
class Asked:
    """A RemovalAsked: the school asks, or its head consents to what waits. ``at``: Kafka's time."""

    removal_id: str
    dataset_id: str
    record_type: str
    version: int
    identities: tuple[str, ...]
    unit: str
    school: str
    role: str
    account: str
    reason: str
    at: datetime


def of_push(push: PushKey, record_type: str) -> str:
    """Id of the removal that a push's tombstones of one type are."""
    return str(uuid5(NAMESPACE, f"{push.vendor}/{push.push_id}/{push.dataset_id}/{record_type}"))


def waits(leaving: int, held: int, before: int, share: float) -> bool:
    """Whether so many removals wait for the head: ``held`` records of the type are there, ``before`` left
    since the head consented last."""
    return leaving + before > max(FEW, share * (held + before))


def by_the_school(asked: Asked) -> bool:
    """Whether the school itself asks, by one of its offices."""
    return asked.unit == asked.school and asked.role in (HEAD, OFFICER)


def fault(asked: Asked, version: int, may_leave: bool) -> str:
    """Code of what is wrong with an act, looked at alone; ``version`` is the dataset's own, 0 if there is
    none."""
    if not by_the_school(asked):
        return NOT_THE_SCHOOL
    if not may_leave:
        return STAYS
    if not version:
        return NO_SUCH
    return STALE if asked.version != version else ""


def leaving(asked: Asked, absent: Collection[str]) -> tuple[list[str], str]:
    """(identities, code): all that are absent, or those named, if all of them are absent."""
    named = sorted(set(asked.identities))
    if any(i not in absent for i in named):
        return [], NOT_ABSENT
    leave = named or sorted(absent)
    return leave, "" if leave else NOBODY_LEFT
