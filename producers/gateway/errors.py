"""``GET /v1/pushes/{push_id}/errors``: what was wrong with a push: pages of JSON, or its own file marked."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Header, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from producers.feedback.places import Located
from producers.gateway import answers, kept_files, marking, placed, removals, status
from producers.gateway.formats import NOT_OFFERED, XLSM, XLSX, ZIP, Format, wanted
from producers.gateway.openapi import headers, refuses
from producers.gateway.parts import Parts
from producers.gateway.sender import Sender, parts, sender
from producers.gateway.status import Dataset, PushId
from producers.gateway.told import Said
from producers.model import Json
from readings import push_errors
from readings.followed import Followed
from schemas.errors import SourceLocation, message
from schemas.left_to_do import codes

router = APIRouter(tags=["pushes"])

Verdict = Literal["refused", "blocking", "warning", "ministry"]
MINISTRY: Final = "GATE-076"

EXAMPLE: Final[dict[str, Any]] = {
    "push_id": "5b0e5f0c-6a57-5c0e-9d0b-7c8f3b1f4c11",
    "dataset_id": "01000501.2025.start",
    "outcome": "version",
    "refused": 1,
    "checked": True,
    "notes": [],
    "rules": [
        {**Said.of("HS-002").model_dump(), "verdict": "refused", "record_type": "HocSinh", "records": 1}
    ],
    "errors": [
        {
            **Said.of("HS-002").model_dump(),
            "verdict": "refused",
            "removal": False,
            "record_type": "HocSinh",
            "ClientId": "74140000000062631",
            "place": {"file": "hoc-sinh.xlsx", "sheet": "6A", "row": 9, "field": "HoTen", "cell": "F9"},
            "pointer": "",
            "columns": "Họ và tên",
        }
    ],
    "after": 0,
    "next_after": 1,
    "has_more": False,
}


class Place(BaseModel):
    """Where a record stood. ``row``: of a sheet as the spreadsheet shows it, of a csv file the line as an
    editor shows it, of a packet's list (``sheet``) the position from 1; 0: not known. ``field``: as the
    contract calls it, several with a comma; of a nested record with its item, from 0
    (``DsMonHoc[3].MaMonHoc``), where it was refused for that. ``cell``: as the spreadsheet says it (H9),
    the first of several, as long as the file is kept."""

    file: str
    sheet: str
    row: int
    field: str
    cell: str


class Error(Said):
    """One record and one rule; ``code`` is the rule's. ``blocking``: taken, but its version cannot be
    confirmed; ``ministry``: refused there, by a code of its own. ``removal``: refused was that it leaves.
    ``ClientId``: as its sender has it, "" if it has none."""

    verdict: Verdict
    removal: bool
    record_type: str
    ClientId: str
    place: Place
    pointer: str = Field(
        description="JSON pointer into the body that was sent as JSON, within its line if that was NDJSON; "
        "of several fields what holds them all; empty where the row is not known"
    )
    columns: str = Field(description="as their file calls them, else as the contract does")


class OfRule(Said):
    """So many distinct records under one rule, on all pages."""

    verdict: Verdict
    record_type: str
    records: int


class Errors(BaseModel):
    """One page. ``refused``: distinct refused records of the push; ``checked``: whether the check has been,
    before that only what was refused is known. ``notes``: what is said of the push as a whole."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    push_id: str
    dataset_id: str
    outcome: str
    refused: int
    checked: bool
    notes: list[Said]
    rules: list[OfRule]
    errors: list[Error]
    after: int
    next_after: int = Field(description="of the next page")
    has_more: bool


MOST: Final = 1_000

_FILES: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "headers": headers("Content-Disposition"),
        "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in (XLSX, XLSM, ZIP)},
    }
}


@router.get(
    "/v1/pushes/{push_id}/errors",
    operation_id="getPushErrors",
    summary="Lỗi của một lần đẩy, hoặc tệp đã gửi có đánh dấu — errors of a push, or its own file marked",
    response_model=Errors,
    responses=_FILES,
    openapi_extra=refuses(status.UNKNOWN, status.SEVERAL, marking.NOT_KEPT, kept_files.BUSY, NOT_OFFERED),
)
def errors(
    push_id: PushId,
    by: Annotated[Sender, Depends(sender)],
    its: Annotated[Parts, Depends(parts)],
    dataset: Dataset = None,
    after: Annotated[int, Query(ge=0, le=2**31 - 1, description="next_after of the page before")] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST, description="errors on a page, at most")] = 100,
    format: Annotated[Format | None, Query(description="instead of the header Accept")] = None,
    accept: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> Response:
    """Every refused record and every finding of the check, with its place.

    As a workbook (``format=xlsx``): the file that was sent with its faults marked, several in a zip; of what
    was sent as JSON or by Kafka, a workbook that lists them. GATE-070 (404), GATE-072 (410): the file is not
    kept any more.
    """
    kind = wanted(format, accept)
    one = status.found(its, by, push_id, dataset)
    if kind == "xlsx":
        name, media_type, data = marking.marked(its, one)
        held = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        return Response(data, media_type=media_type, headers=held)
    return JSONResponse(
        page(its, one, after, limit).model_dump(mode="json"), headers={"Cache-Control": "no-store"}
    )


Within = Mapping[tuple[str, str], Json] | None
"""Of a push by HTTP, where the records of its lists of JSON stood (``kept_files.within``)."""


def page(its: Parts, one: Followed, after: int, limit: int) -> Errors:
    """``limit`` errors behind the first ``after``."""
    push = one.push
    with its.connections.borrowed() as conn:
        found = push_errors.page(conn, one, after, limit + 1)
        by_rule = push_errors.by_rule(conn, one)
    shown = found[:limit]
    cells = placed.cells(shown, kept_files.places(its, one) if one.door is not None else [])
    within = kept_files.within(its, one) if one.door is not None else None
    return Errors(
        **{name: push[name] for name in ("push_id", "dataset_id", "outcome", "refused")},
        checked=one.checked > 0,
        notes=[Said.of(code) for code in codes(push)],
        rules=[_of_rule(row) for row in by_rule],
        errors=[_error(row, cell, within) for row, cell in zip(shown, cells, strict=True)],
        after=after,
        next_after=after + len(shown),
        has_more=len(found) > limit,
    )


def _of_rule(row: dict[str, Any]) -> OfRule:
    return OfRule(**_texts(row), **{name: row[name] for name in ("verdict", "record_type", "records")})


def _texts(row: dict[str, Any]) -> dict[str, Any]:
    if row["verdict"] != "ministry":
        return Said.of(row["rule"]).model_dump()
    vi, en = message(MINISTRY, theirs=row["rule"])
    return {"code": row["rule"], "message_vi": vi, "message_en": en}


def _error(row: dict[str, Any], cell: Located, within: Within) -> Error:
    at = cell.finding.place
    return Error(
        **_texts(row),
        **{name: row[name] for name in ("verdict", "removal", "record_type")},
        ClientId=row["client_id"],
        place=Place(**answers.place(at.file, at.sheet, at.row, at.field), cell=cell.address),
        pointer=_pointer(row, at, within),
        columns=cell.captions,
    )


def _pointer(row: dict[str, Any], at: SourceLocation, within: Within) -> str:
    """Of what came by HTTP as JSON."""
    if not at.row or within is None:
        return ""
    if row["removal"]:
        return removals.at(row["record_type"], at.row)
    json = within.get((at.file, at.sheet))
    return json.pointer(at.row, *row["fields"]) if json else ""
