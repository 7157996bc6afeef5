"""How far a push has come, step by step, and what its sender can do next. Pure.

A step's own state says nothing of those after it: a version that nobody checked yet waits there, and what
follows waits too. What will never come of this push is ``not_needed``: it ended before, or a newer version
stands in its place.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Literal

from readings.followed import Followed, Row
from schemas.errors import message

StepName = Literal[
    "received", "validated", "loaded", "checked", "submitted", "confirmed", "approved", "exported", "answered"
]
StepState = Literal["waiting", "done", "partly", "refused", "returned", "superseded", "not_needed"]

NAMES: Final[tuple[StepName, ...]] = (
    *("received", "validated", "loaded", "checked", "submitted"),
    *("confirmed", "approved", "exported", "answered"),
)
APPLIED: Final = ("version", "unchanged")

COUNTED: Final = ("received", "accepted", "refused", "written")
OF_TYPES: Final = ("absent", "stayed", "removed", "waiting", "removals")

UNDER_REVIEW: Final = ("submitted", "claimed", "confirmed", "approved", "forwarding")
"""States of a confirmation in which a newer version is held and this one goes on."""
ENDED: Final = ("accepted", "partly_accepted")

RETURNS: Final[Mapping[str, StepName]] = {
    "district_officer": "confirmed",
    "department_officer": "approved",
    "ministry_adapter": "answered",
}
"""Role → the step at which it returns a version."""

BEFORE_LOAD: Final = "PUSH-"
"""Codes that load gives begin so; others are validation's, of the closing's header."""


@dataclass(frozen=True)
class Step:
    """One step. ``at``: when it came to stand so, None where nobody knows; ``code``: why it is refused;
    ``by``: role of who returned it; ``reason``: what they gave for it. ``told``: more of this step alone."""

    step: StepName
    state: StepState
    at: datetime | None = None
    code: str = ""
    by: str = ""
    reason: str = ""
    told: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """For JSON: what is not known or does not apply is left out."""
        said = {"at": self.at, "code": self.code, "by": self.by, "reason": self.reason, **self.told}
        known = {name: value for name, value in said.items() if value not in (None, "")}
        return {"step": self.step, "state": self.state, **known}


@dataclass(frozen=True)
class Course:
    """``next``: code of what the sender can do now. ``newer``: the dataset's newest version if that is not
    the push's. ``over``: nothing more comes of this push by itself."""

    steps: Sequence[Step]
    next: str
    newer: int = 0
    newer_push: str = ""
    over: bool = False

    def as_dict(self) -> dict[str, Any]:
        """For JSON: the steps, and what to do next in both languages."""
        vi, en = message(self.next)
        return {
            "steps": [s.as_dict() for s in self.steps],
            "next": {"code": self.next, "message_vi": vi, "message_en": en},
            "newer_version": self.newer or None,
            "newer_push_id": self.newer_push or None,
            "over": self.over,
        }


CLOSE_IT: Final = "NEXT-001"
WAIT_LOAD: Final = "NEXT-002"
MEND_ALL: Final = "NEXT-003"
SEND_WHOLE: Final = "NEXT-004"
OLDER: Final = "NEXT-005"
WAIT_CHECK: Final = "NEXT-006"
MEND_BLOCKING: Final = "NEXT-007"
MEND_SOME: Final = "NEXT-008"
ASK_SCHOOL: Final = "NEXT-009"
NOT_OPENED: Final = "NEXT-010"
HELD: Final = "NEXT-011"
IN_REVIEW: Final = "NEXT-012"
RETURNED: Final = "NEXT-013"
RECALLED: Final = "NEXT-014"
NEWER: Final = "NEXT-015"
WAIT_EXPORT: Final = "NEXT-016"
WITHHELD: Final = "NEXT-017"
WAIT_MINISTRY: Final = "NEXT-018"
MINISTRY_HAS_IT: Final = "NEXT-019"
MINISTRY_REFUSED: Final = "NEXT-020"
ASK_HEAD: Final = "NEXT-021"
SEND_AGAIN: Final = "NEXT-022"


def of(followed: Followed) -> Course:
    """Every step of the push, in NAMES' order."""
    push = followed.push
    received = _received(followed)
    if received.state == "waiting":
        return _course([received, *_waiting(NAMES[1:])], SEND_AGAIN)
    first = [received, _validated(push)]
    if push["outcome"] == "open":
        whole = followed.door is not None or push["chunks"] is not None
        return _course([*first, *_waiting(NAMES[2:])], WAIT_LOAD if whole else CLOSE_IT)
    loaded = _loaded(push)
    if push["outcome"] not in APPLIED:
        ended = OLDER if push["outcome"] == "superseded" else SEND_WHOLE
        if push["outcome"] == "refused":
            ended = MEND_ALL
        return _course([*first, loaded, *_not_needed(NAMES[3:])], ended, over=True)
    by_name = {
        s.step: s for s in [*first, loaded, _checked(followed), *_ministry(followed), *_acts(followed)]
    }
    steps = [by_name[name] for name in NAMES]
    newer = followed.newest["version"] if followed.newest else 0
    if newer <= push["version"]:
        return _course(steps, _next(followed, steps))
    own = followed.newest is not None and followed.newest["vendor"] == push["vendor"]
    named = followed.newest["push_id"] if followed.newest and own else ""
    course = replace(_course(steps, _next(followed, steps)), newer=newer, newer_push=named)
    if not _stands(followed):
        left = [replace(s, state="not_needed") if s.state == "waiting" else s for s in steps]
        return replace(course, steps=left, next=NEWER, over=True)
    return course


def counts(push: Row) -> dict[str, dict[str, int | None]]:
    """Record type → distinct records by what became of them; what an earlier release did not count by type
    is None."""
    by_type = push["by_type"]
    types = sorted({*by_type, *(t for name in OF_TYPES for t, n in push[name].items() if n)})
    known = bool(by_type) or not push["received"]
    out: dict[str, dict[str, int | None]] = {}
    for record_type in types:
        one = by_type.get(record_type, dict.fromkeys(COUNTED, 0))
        said: dict[str, int | None] = {name: one[name] if known else None for name in COUNTED}
        said["unchanged"] = one["accepted"] - one["written"] if known else None
        out[record_type] = said | {name: push[name].get(record_type, 0) for name in OF_TYPES}
    return out


def _course(steps: Sequence[Step], following: str, over: bool = False) -> Course:
    return Course(tuple(steps), following, over=over or following == MINISTRY_HAS_IT)


def _waiting(names: Iterable[StepName]) -> list[Step]:
    return [Step(name, "waiting") for name in names]


def _not_needed(names: Iterable[StepName]) -> list[Step]:
    return [Step(name, "not_needed") for name in names]


def _received(followed: Followed) -> Step:
    """By the gateway, done when Kafka had all of it; else by Kafka's time of the first message."""
    door, push = followed.door, followed.push
    if door is None:
        return Step("received", "done", push["opened_at"], told={"by": "kafka"})
    whole = door["state"] == "sent" or push["outcome"] != "open"
    return Step("received", "done" if whole else "waiting", door["received_at"], told={"by": "http"})


def _validated(push: Row) -> Step:
    if push["outcome"] == "open":
        told = {"chunks_seen": push["chunks_seen"], "chunks": push["chunks"]}
        return Step("validated", "waiting", told=told)
    code = push["code"]
    by_validation = push["outcome"] == "refused" and not code.startswith(BEFORE_LOAD)
    if push["outcome"] == "incomplete" or by_validation:
        return Step("validated", "refused", push["decided_at"], code)
    told = {"chunks_seen": push["chunks"], "chunks": push["chunks"]}
    return Step("validated", "done", push["decided_at"], told=told)


def _loaded(push: Row) -> Step:
    if _validated(push).state == "refused":
        return Step("loaded", "not_needed")
    states: dict[str, StepState] = {"superseded": "superseded", "version": "done", "unchanged": "done"}
    state = states.get(push["outcome"], "refused")
    if state == "done" and push["refused"]:
        state = "partly"
    told = {"outcome": push["outcome"], "version": push["version"]}
    return Step("loaded", state, push["decided_at"], push["code"], told=told)


def _checked(followed: Followed) -> Step:
    version = followed.version
    if version is None or version["checked_at"] is None:
        return Step("checked", "waiting")
    blocking = version["blocking"] or 0
    told = {"digest": version["digest"], "blocking": blocking, "warnings": version["warnings"] or 0}
    return Step("checked", "refused" if blocking else "done", version["checked_at"], told=told)


def _acts(followed: Followed) -> list[Step]:
    """What the school, the units on its route and the last of them did with the version, as it stands now: an
    act that was taken back, or came before a return, is none any more."""
    route = followed.in_hand["route"] if followed.in_hand else []
    start = {
        "submitted": Step("submitted", "waiting"),
        "confirmed": Step("confirmed", "not_needed" if len(route) == 1 else "waiting"),
        "approved": Step("approved", "waiting"),
    }
    now = dict(start)
    for act in followed.acts:
        at, event = act["at"], act["event"]
        if event == "submitted":
            now = start | {"submitted": Step("submitted", "done", at)}
        elif event == "confirmed" and act["level"] >= len(route) - 1:
            now["confirmed"] = Step("confirmed", "done", at)
        elif event == "unconfirmed":
            name: StepName = "approved" if now["approved"].state == "done" else "confirmed"
            now[name] = Step(name, "waiting", at)
        elif event == "rerouted":
            now |= {"confirmed": start["confirmed"], "approved": start["approved"]}
        elif event == "approved":
            now["approved"] = Step("approved", "done", at)
        elif event == "recalled":
            now = start | {"submitted": Step("submitted", "returned", at, by=act["role"])}
        elif event == "returned":
            said = {"code": act["reason_code"], "by": act["role"], "reason": act["reason_text"]}
            name = RETURNS.get(act["role"], "approved")
            now = start | {
                "submitted": Step("submitted", "returned", at),
                name: Step(name, "returned", at, **said),
            }
    return list(now.values())


def _ministry(followed: Followed) -> list[Step]:
    """Of the last forwarding since the school submitted: one before that is of a round that is over."""
    submitted = max((a["sequence"] for a in followed.acts if a["event"] == "submitted"), default=0)
    exports = [e for e in followed.exports if e["sequence"] < 0 or e["sequence"] > submitted]
    if not exports:
        return _waiting(("exported", "answered"))
    export = exports[-1]
    if export["state"] == "mismatch":
        return [Step("exported", "refused", code=export["code"]), *_waiting(("answered",))]
    if export["state"] == "opened":
        return _waiting(("exported", "answered"))
    exported = Step("exported", "done", export["sent_at"])
    told = {name: export[name] for name in ("accepted", "refused", "refused_by_code")}
    if export["state"] == "sent":
        return [exported, Step("answered", "waiting", told=told)]
    state: StepState = "done"
    if export["refused"]:
        state = "partly" if export["accepted"] else "refused"
    return [exported, Step("answered", state, export["answered_at"], told=told)]


def _stands(followed: Followed) -> bool:
    """Whether the version goes on though a newer one is there: that waits until this one comes back."""
    hand = followed.in_hand
    if hand is None or hand["version"] != followed.push["version"] or not followed.acts:
        return False
    return hand["state"] in (*UNDER_REVIEW, *ENDED)


def _next(followed: Followed, steps: Sequence[Step]) -> str:
    """Of a push that was applied."""
    push, hand = followed.push, followed.in_hand
    by_name = {s.step: s for s in steps}
    checked = by_name["checked"]
    if checked.state == "waiting":
        return WAIT_CHECK
    answered = by_name["answered"]
    if any(by_name[n].state == "returned" for n in RETURNS.values()):
        return RETURNED
    if answered.state != "waiting":
        return MINISTRY_HAS_IT if answered.state == "done" else MINISTRY_REFUSED
    if by_name["exported"].state != "waiting":
        return WITHHELD if by_name["exported"].state == "refused" else WAIT_MINISTRY
    if by_name["approved"].state == "done":
        return WAIT_EXPORT
    if by_name["submitted"].state == "done":
        return IN_REVIEW
    if checked.state == "refused":
        return MEND_BLOCKING
    if push["refused"]:
        return MEND_SOME
    if any(push["waiting"].values()):
        return ASK_HEAD
    if by_name["submitted"].state == "returned":
        return RECALLED
    if hand is None or hand["state"] == "absent":
        return NOT_OPENED
    if hand["held_version"] == push["version"]:
        return HELD
    return ASK_SCHOOL
