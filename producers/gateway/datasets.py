"""``GET /v1/schools/{code}/datasets``: where a school's data stand."""

from datetime import date
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, ConfigDict, Field

from producers.gateway.openapi import refuses
from producers.gateway.parts import Parts
from producers.gateway.sender import Sender, parts, sender
from producers.gateway.told import Time
from readings import school_datasets
from schemas import datasets as dataset_ids
from schemas.errors import Problem, ProblemList

router = APIRouter(tags=["schools"])

UNKNOWN: Final = "GATE-073"
KINDS: Final = {period: kind for kind, period in dataset_ids.PERIODS.items()}

EXAMPLE: Final[dict[str, Any]] = {
    "MaTruongHoc": "01000501",
    "datasets": [
        {
            "dataset_id": "01000501.2025.start",
            "NamHoc": 2025,
            "LoaiDongBo": "1",
            "state": "checked",
            "version": 3,
            "version_in_hand": 3,
            "held_version": 0,
            "digest": "2:5b0e5f0c",
            "loaded_at": "2025-09-30T01:00:02Z",
            "checked_at": "2025-09-30T01:00:04Z",
            "blocking": 0,
            "warnings": 1,
            "records": {"HocSinh": 230},
            "opens": "2025-09-01",
            "closes": "2025-10-15",
            "late": False,
            "locked": False,
            "last_push": {
                "push_id": "5b0e5f0c-6a57-5c0e-9d0b-7c8f3b1f4c11",
                "outcome": "version",
                "code": "",
                "version": 3,
                "received": 4,
                "accepted": 2,
                "refused": 2,
                "written": 2,
            },
        }
    ],
}


class LastPush(BaseModel):
    """The newest of this key's vendor, as its status says it."""

    push_id: str
    outcome: str
    code: str = ""
    version: int = 0
    received: int = 0
    accepted: int = 0
    refused: int = 0
    written: int = 0


class Dataset(BaseModel):
    """``state``: of its confirmation, "absent" until the department opens its campaign. ``version``: the
    newest, 0 if none; ``version_in_hand``: the one that the school submits and units confirm;
    ``held_version``: waits until that one comes back, 0 if none. ``digest``, ``records``, findings: of the
    newest, findings not known before the check. ``opens``, ``closes``: the campaign's days for the school,
    both included, Vietnam's."""

    dataset_id: str
    NamHoc: int
    LoaiDongBo: str
    state: str
    version: int
    version_in_hand: int
    held_version: int
    digest: str | None
    loaded_at: Time | None
    checked_at: Time | None
    blocking: int | None
    warnings: int | None
    records: dict[str, int]
    opens: date | None
    closes: date | None
    late: bool
    locked: bool
    last_push: LastPush | None = Field(description="null: this key's vendor has pushed nothing here")


class SchoolDatasets(BaseModel):
    """The datasets of a school, in the order of their ids."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    MaTruongHoc: str
    datasets: list[Dataset]


@router.get(
    "/v1/schools/{code}/datasets",
    operation_id="listDatasets",
    summary="Các bộ dữ liệu của một trường — datasets of a school",
    openapi_extra=refuses(UNKNOWN),
)
def datasets(
    code: Annotated[str, Path(max_length=200, description="MaTruongHoc", examples=[EXAMPLE["MaTruongHoc"]])],
    by: Annotated[Sender, Depends(sender)],
    its: Annotated[Parts, Depends(parts)],
) -> SchoolDatasets:
    """Every dataset of the key's school. GATE-073 (404): another school than the key's."""
    if code != by.school:
        raise ProblemList([Problem(UNKNOWN)])
    with its.connections.borrowed() as conn:
        found = school_datasets.of_school(conn, by.school, by.vendor)
    return SchoolDatasets(MaTruongHoc=by.school, datasets=[_dataset(row) for row in found])


def _dataset(row: dict[str, Any]) -> Dataset:
    _, year, period = dataset_ids.split(row["dataset_id"])
    same = ("dataset_id", "version", "digest", "loaded_at", "checked_at", "blocking", "warnings")
    return Dataset(
        **{name: row[name] for name in same},
        NamHoc=year,
        LoaiDongBo=KINDS[period],
        state=row["state"] or "absent",
        version_in_hand=row["version_in_hand"] or 0,
        held_version=row["held_version"] or 0,
        records=row["records"] or {},
        opens=row["window_opens"],
        closes=row["window_closes"],
        late=bool(row["late"]),
        locked=bool(row["locked"]),
        last_push=_last(row),
    )


def _last(row: dict[str, Any]) -> LastPush | None:
    if row["push_id"] is None:
        return None
    if row["push"] is None:
        return LastPush(push_id=row["push_id"], outcome="open")
    return LastPush(**{name: row["push"][name] for name in LastPush.model_fields})
