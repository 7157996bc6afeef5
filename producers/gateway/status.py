"""``GET /v1/pushes/{push_id}``: what came of a push, step by step, and what its sender can do now."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from producers.gateway.openapi import refuses
from producers.gateway.parts import Parts
from producers.gateway.sender import Sender, parts, sender
from producers.gateway.told import Said, Time
from readings import followed, steps
from readings.followed import Followed
from schemas import datasets
from schemas.errors import Problem, ProblemList, SourceLocation
from schemas.left_to_do import codes

router = APIRouter(tags=["pushes"])

UNKNOWN: Final = "GATE-070"
SEVERAL: Final = "GATE-071"

LONGEST_ID: Final = 200
"""Characters of a push's id, as the contracts have it."""


class Counts(BaseModel):
    """Distinct records of one type. ``received`` = ``accepted`` + ``refused`` where the push was applied;
    ``accepted`` = ``written`` + ``unchanged``. None: an earlier release did not count it by type.

    ``absent``: held, and lacked by the whole list; ``stayed``: held as an earlier push brought them;
    ``removals``: asked for, of which ``removed`` left and ``waiting`` wait for the head of the school.
    """

    received: int | None
    accepted: int | None
    refused: int | None
    written: int | None
    unchanged: int | None
    absent: int
    stayed: int
    removals: int
    removed: int
    waiting: int


class Step(BaseModel):
    """One step. What does not apply to it is not there."""

    step: steps.StepName
    state: steps.StepState
    at: Time | None = None
    code: str | None = None
    by: str | None = Field(None, description="received: http, kafka; a return: the role that returned it")
    reason: str | None = Field(None, description="of a return, as it was given")
    chunks: int | None = None
    chunks_seen: int | None = None
    outcome: str | None = None
    version: int | None = None
    digest: str | None = None
    blocking: int | None = None
    warnings: int | None = None
    accepted: int | None = None
    refused: int | None = None
    refused_by_code: dict[str, int] | None = Field(None, description="the Ministry's codes")


EXAMPLE: Final[dict[str, Any]] = {
    "push_id": "5b0e5f0c-6a57-5c0e-9d0b-7c8f3b1f4c11",
    "dataset_id": "01000501.2025.start",
    "MaTruongHoc": "01000501",
    "NamHoc": 2025,
    "LoaiDongBo": "1",
    "outcome": "version",
    "code": "",
    "version": 3,
    "received": 4,
    "accepted": 2,
    "refused": 2,
    "written": 2,
    "unchanged": 0,
    "late": 0,
    "by_type": {
        "HocSinh": {
            "received": 4,
            "accepted": 2,
            "refused": 2,
            "written": 2,
            "unchanged": 0,
            "absent": 0,
            "stayed": 228,
            "removals": 0,
            "removed": 0,
            "waiting": 0,
        }
    },
    "notes": [Said.of("PUSH-010").model_dump()],
    "steps": [
        {"step": "received", "state": "done", "at": "2025-09-30T01:00:00Z", "by": "http"},
        {"step": "validated", "state": "done", "at": "2025-09-30T01:00:02Z", "chunks": 1, "chunks_seen": 1},
        {
            "step": "loaded",
            "state": "partly",
            "at": "2025-09-30T01:00:02Z",
            "outcome": "version",
            "version": 3,
        },
        {"step": "checked", "state": "waiting"},
        {"step": "submitted", "state": "waiting"},
        {"step": "confirmed", "state": "waiting"},
        {"step": "approved", "state": "waiting"},
        {"step": "exported", "state": "waiting"},
        {"step": "answered", "state": "waiting"},
    ],
    "next": Said.of("NEXT-006").model_dump(),
    "newer_version": None,
    "newer_push_id": None,
    "over": False,
}


class Status(BaseModel):
    """What came of a push. ``outcome`` is ``open`` until load has decided; ``version``: the dataset's that it
    made or found unchanged, 0 if none. Counts are of distinct records. ``newer_version``: one of the same
    dataset that came after it, ``newer_push_id`` if that was a push of yours. ``over``: nothing more comes
    of this push by itself."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    push_id: str
    dataset_id: str
    MaTruongHoc: str
    NamHoc: int
    LoaiDongBo: str
    outcome: str
    code: str
    version: int
    received: int
    accepted: int
    refused: int
    written: int
    unchanged: int
    late: int
    by_type: dict[str, Counts]
    notes: list[Said]
    steps: list[Step]
    next: Said
    newer_version: int | None
    newer_push_id: str | None
    over: bool


PushId = Annotated[
    str, Path(max_length=LONGEST_ID, description="as the push's 202 said it", examples=[EXAMPLE["push_id"]])
]
Dataset = Annotated[
    str | None,
    Query(max_length=LONGEST_ID, description="needed where one id was used for pushes of several datasets"),
]


@router.get(
    "/v1/pushes/{push_id}",
    operation_id="getPush",
    summary="Kết quả của một lần đẩy — what came of a push",
    response_model_exclude_unset=True,
    openapi_extra=refuses(UNKNOWN, SEVERAL),
)
def status(
    push_id: PushId,
    by: Annotated[Sender, Depends(sender)],
    its: Annotated[Parts, Depends(parts)],
    dataset: Dataset = None,
) -> Status:
    """What came of a push, from its receipt to the Ministry's answer, and what can be done now.

    By whichever way it came. GATE-070 (404): this key's vendor has no such push for this key's school.
    """
    return of(found(its, by, push_id, dataset))


def found(its: Parts, by: Sender, push_id: str, dataset: str | None) -> Followed:
    """The vendor's own push for the key's school. Raises ProblemList: GATE-070, GATE-071."""
    with its.connections.borrowed() as conn:
        known = followed.of_push(conn, push_id, by.vendor, by.school)
    if dataset is not None:
        known = [one for one in known if one.push["dataset_id"] == dataset]
    if not known:
        raise ProblemList([Problem(UNKNOWN)])
    if len(known) > 1:
        named = ", ".join(one.push["dataset_id"] for one in known)
        raise ProblemList([Problem(SEVERAL, SourceLocation(field="dataset"), {"datasets": named})])
    return known[0]


def of(one: Followed) -> Status:
    """As it is told."""
    push, course = one.push, steps.of(one)
    school, year, _ = datasets.split(push["dataset_id"])
    same = (
        "push_id",
        "dataset_id",
        "outcome",
        "code",
        "version",
        "received",
        "accepted",
        "refused",
        "written",
        "late",
    )
    return Status(
        **{name: push[name] for name in same},
        MaTruongHoc=school,
        NamHoc=year,
        LoaiDongBo=push["kind"],
        unchanged=push["accepted"] - push["written"],
        by_type={t: Counts.model_validate(counts) for t, counts in steps.counts(push).items()},
        notes=[Said.of(code) for code in codes(push)],
        **course.as_dict(),
    )
