"""``GET /v1/events``: what became of pushes, by a cursor.

A reader that keeps ``next`` and asks again with it misses nothing and sees nothing twice, while events are
written beside. A place from which that cannot be said any more is answered 410, with what to do instead.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from producers.gateway import cursors
from producers.gateway.answers import rfc3339
from producers.gateway.openapi import refuses
from producers.gateway.parts import Parts
from producers.gateway.sender import Sender, parts, sender
from producers.gateway.told import Time
from readings import feed
from readings.feed import MOST_PUSHES, Gone, Place
from schemas import datasets as dataset_ids
from schemas.errors import Problem, ProblemList, SourceLocation

router = APIRouter(tags=["events"])

NO_CURSOR: Final = "GATE-080"
WRITTEN_ANEW: Final = "GATE-081"
NOT_KEPT: Final = "GATE-082"
OTHER_SCHOOL: Final = "GATE-073"

LATEST: Final = "latest"
LONGEST: Final = 200
"""Characters of a parameter; a cursor has far fewer."""
USUAL: Final = 100
MOST: Final = 500

ANSWERS: Final = ("answered", "removal")
"""Kinds of what load has said; the others are acts."""

EXAMPLE: Final[dict[str, Any]] = {
    "events": [
        {
            "event_id": "0f2c1c3e-6a57-5c0e-9d0b-7c8f3b1f4c11",
            "kind": "answered",
            "push_id": "5b0e5f0c-6a57-5c0e-9d0b-7c8f3b1f4c11",
            "dataset_id": "00000001.2025.start",
            "MaTruongHoc": "00000001",
            "NamHoc": 2025,
            "version": 3,
            "at": "2025-09-30T01:00:02Z",
            "answer": {
                "LoaiDongBo": "1",
                "outcome": "version",
                "code": "",
                "received": 4,
                "accepted": 2,
                "refused": 2,
                "written": 2,
                "absent": {},
                "stayed": {},
                "removed": {},
                "waiting": {},
            },
            "act": None,
        }
    ],
    "next": "AAAAAAAAAAFuVHdCb3VuZFRvV2hhdFdhc1JlYWRPbmNlTW9yZQ",
    "has_more": False,
}


class Answer(BaseModel):
    """What load said of the push. ``outcome``: version, unchanged, refused, mismatch, superseded or
    incomplete. Records are counted; by type: ``absent`` a whole list lacked, ``stayed`` as an earlier push
    brought them, ``removed`` left, ``waiting`` for the head of the school."""

    LoaiDongBo: str
    outcome: str
    code: str
    received: int
    accepted: int
    refused: int
    written: int
    absent: dict[str, int]
    stayed: dict[str, int]
    removed: dict[str, int]
    waiting: dict[str, int]


class Act(BaseModel):
    """What the confirmation did with the version. ``state``: of the dataset after it; ``counts``: of the
    version that was checked (records, refused, blocking, warnings), or of the Ministry's receipts (accepted,
    refused)."""

    state: str
    unit: str
    role: str
    reason_code: str
    counts: dict[str, int]


class Event(BaseModel):
    """``kind``: answered, removal (records left by the school's own act), or an act on the version that the
    push made: version_checked, version_held, version_adopted, submitted, recalled, claimed, confirmed,
    unconfirmed, returned, approved, forwarded, receipts_recorded, locked, unlocked, late_admitted, rerouted.
    ``at``: when Kafka took it. Its id stays the same, however often it is read."""

    event_id: str
    kind: str
    push_id: str
    dataset_id: str
    MaTruongHoc: str
    NamHoc: int
    version: int = Field(ge=0, description="0: the push made none")
    at: Time
    answer: Answer | None
    act: Act | None


class Events(BaseModel):
    """A page. ``next``: what to ask with next time, also where ``events`` is empty; ``has_more``: whether
    that gives something already."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    events: list[Event]
    next: str
    has_more: bool


@router.get(
    "/v1/events",
    operation_id="listEvents",
    summary="Việc đã xảy ra với các lần đẩy — what became of pushes, by a cursor",
    openapi_extra=refuses(NO_CURSOR, WRITTEN_ANEW, NOT_KEPT, OTHER_SCHOOL),
)
def events(
    by: Annotated[Sender, Depends(sender)],
    its: Annotated[Parts, Depends(parts)],
    after: Annotated[
        str | None,
        Query(
            json_schema_extra={"maxLength": LONGEST},
            description="next of the page before; latest: from now on; absent: from the oldest kept",
        ),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MOST, description="Events of a page at most")] = USUAL,
    school: Annotated[
        str | None, Query(json_schema_extra={"maxLength": LONGEST}, description="MaTruongHoc: the key's own")
    ] = None,
) -> Events:
    """What became of the pushes of the key's vendor for the key's school, in the order of writing.

    Raises ProblemList: GATE-073 (404), GATE-080 (400), GATE-081, GATE-082 (410); psycopg2.Error.
    """
    if school is not None and school != by.school:
        raise ProblemList([Problem(OTHER_SCHOOL)])

    def next_(place: Place) -> str:
        return cursors.written(place, by.vendor, by.school, its.keys.stamp)

    if after == LATEST:
        with its.connections.borrowed() as conn:
            return Events(events=[], next=next_(feed.newest(conn)), has_more=False)
    place = None if after is None else cursors.read(after, by.vendor, by.school, its.keys.stamp)
    if after is not None and place is None:
        raise ProblemList([Problem(NO_CURSOR, SourceLocation(field="after"))])
    with its.connections.borrowed() as conn:
        page = feed.page(conn, by.vendor, by.school, place, limit)
    if isinstance(page, Gone):
        raise ProblemList([gone(page, its.settings.feed_days)])
    return Events(events=[_event(row) for row in page.events], next=next_(page.next), has_more=page.more)


def gone(found: Gone, days: int) -> Problem:
    """Why the reader cannot go on from its place, and how it goes on instead."""
    go_on = {
        "events": "/v1/events",
        "kept_since": found.kept_since and rfc3339(found.kept_since),
        "pushes": list(found.pushes[:MOST_PUSHES]),
        "more_pushes": len(found.pushes) > MOST_PUSHES,
    }
    code = NOT_KEPT if found.pruned else WRITTEN_ANEW
    return Problem(code, SourceLocation(field="after"), {"days": days, "go_on": go_on})


def _event(row: Mapping[str, Any]) -> Event:
    said = dict(row["said"])
    is_answer = row["kind"] in ANSWERS
    if is_answer:
        said["LoaiDongBo"] = said["kind"]
    named = ("event_id", "kind", "push_id", "dataset_id", "version", "at")
    return Event(
        **{name: row[name] for name in named},
        MaTruongHoc=row["school"],
        NamHoc=dataset_ids.split(row["dataset_id"])[1],
        answer=Answer(**said) if is_answer else None,
        act=None if is_answer else Act(**said),
    )
