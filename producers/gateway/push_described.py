"""``POST /v1/pushes`` as the description of the API has it: parameters, bodies, answers, refusals."""

import json
from typing import Annotated, Any, Final, Literal

from fastapi import Query
from pydantic import BaseModel, Field, WithJsonSchema

from producers.adapters.unpacking import ENCODINGS
from producers.gateway import media
from producers.gateway.body import MOST_FILES
from producers.gateway.content_types import KINDS
from producers.gateway.idempotency import LONGEST
from producers.gateway.openapi import every_answer, headers, refuses
from producers.gateway.parameters import HEADERS
from producers.gateway.problem_model import ProblemPlace
from schemas.contracts.chunks import MAX_TEXT
from schemas.contracts.contracts import record, record_types

School = Annotated[
    str | None,
    Query(
        max_length=100,
        description="MaTruongHoc: the key's own school. A packet says it itself, a list does not",
        examples=["01000501"],
    ),
]
Year = Annotated[
    int | None,
    Query(ge=0, le=9999, description="NamHoc: the school year, by its first calendar year", examples=[2019]),
]
Kind = Annotated[
    str | None,
    Query(
        max_length=100,
        description="LoaiDongBo: 1 start of year, 2 changes, 3 end of year",
        examples=["1"],
    ),
]
_RecordType = Annotated[str, WithJsonSchema({"type": "string", "enum": list(record_types())})]
Part = Annotated[
    list[_RecordType],
    Query(
        default_factory=list,
        max_length=20,
        description="Record types of which the files hold a part, not the whole list; repeatable",
        examples=[["HocSinh"]],
    ),
]
Column = Annotated[
    list[Annotated[str, Field(max_length=300)]],
    Query(
        default_factory=list,
        max_length=20,
        description="What a column of a list is, by its caption: CAPTION=FIELD; answers FILE-033; repeatable",
        examples=[["Mã học sinh=ClientId"]],
    ),
]
DryRun = Annotated[
    bool, Query(description="true: say what would become of it; nothing is sent and nothing kept")
]


class Counted(BaseModel):
    """Distinct records: received = accepted + refused."""

    received: int = Field(ge=0, examples=[230])
    accepted: int = Field(ge=0, examples=[228])
    refused: int = Field(ge=0, examples=[2])


class RowsRead(BaseModel):
    """What became of the rows of one sheet: each is a record, refused, or left out for a reason."""

    file: str = Field(examples=["danh-sach.xlsx"])
    sheet: str = Field(examples=["6A1"])
    record_type: str = Field(examples=["HocSinh"])
    rows: int = Field(ge=0, examples=[233])
    records: int = Field(ge=0, examples=[230])
    refused: int = Field(ge=0, examples=[2])
    left_out: dict[str, str] = Field(description="Code → rows", examples=[{"FILE-250": "1–3"}])
    pointer: str = Field(
        description="JSON pointer of the member that holds them, of a body that is JSON",
        examples=["", "/LstHocSinh"],
    )
    indexed: bool = Field(
        description="Whether the pointer of a record goes on with its row less one. Else each line is JSON "
        "of its own, or there is one record"
    )


class Refusal(BaseModel):
    """A record that was refused, by one rule."""

    record_type: str = Field(examples=["HocSinh"])
    ClientId: str = Field(description="The sender's own id, as it was sent", examples=["HS-0007"])
    place: ProblemPlace
    pointer: str = Field(
        description="JSON pointer (RFC 6901) into a body that is JSON, within its line if that is NDJSON; of "
        "several fields what holds them all",
        examples=["/LstHocSinh/6/GioiTinh"],
    )
    code: str = Field(examples=["HS-103"])
    message_vi: str
    message_en: str


class Warned(BaseModel):
    """What was put right, or not read, though nothing is refused for it."""

    code: str = Field(examples=["FILE-205"])
    message_vi: str
    message_en: str
    place: ProblemPlace


class PushFor(BaseModel):
    """What a push is for, by the names of the specification."""

    dataset_id: str = Field(examples=["01000501.2019.start"])
    MaTruongHoc: str = Field(examples=["01000501"])
    NamHoc: int = Field(examples=[2019])
    LoaiDongBo: str = Field(examples=["1"])


class Links(BaseModel):
    """Where the push is followed."""

    self: str = Field(examples=["/v1/pushes/6f0c2f9e-6f56-4b35-9d6a-0c1f6b9d2f11"])
    errors: str = Field(examples=["/v1/pushes/6f0c2f9e-6f56-4b35-9d6a-0c1f6b9d2f11/errors"])


class Accepted(PushFor, Counted):
    """A push that the log has: there once, whatever stops now. What becomes of it is told at ``links``."""

    push_id: str = Field(examples=["6f0c2f9e-6f56-4b35-9d6a-0c1f6b9d2f11"])
    state: Literal["sent"]
    sent_at: str = Field(json_schema_extra={"format": "date-time"})
    records: dict[str, Counted] = Field(
        description="By record type", examples=[{"HocSinh": {"received": 230, "accepted": 228, "refused": 2}}]
    )
    whole: list[str] = Field(description="Types of which it is the whole list", examples=[["HocSinh"]])
    removals: dict[str, int] = Field(
        description="Records that are to leave, by type; what came of it the status says",
        examples=[{"HocSinh": 2}],
    )
    rows: list[RowsRead]
    refusals: list[Refusal] = Field(description="Refused when read, at most 1,000")
    refusals_in_all: int = Field(ge=0, examples=[2])
    warnings: list[Warned]
    codemaps: list[str] = Field(description="Maps by which codes were read", examples=[["vnedu-2"]])
    columns: list[str] = Field(
        description="What its sender said of columns", examples=[["Mã học sinh=ClientId"]]
    )
    links: Links


class Finding(BaseModel):
    """What a dry run found in a record."""

    verdict: str = Field(
        description="refused: the record is not taken. blocking: the version cannot be submitted. warning",
        examples=["refused"],
    )
    record_type: str = Field(examples=["HocSinh"])
    ClientId: str = Field(examples=["HS-0007"])
    code: str = Field(examples=["HS-103"])
    message_vi: str
    message_en: str
    pointer: str = Field(description="Into a body that is JSON", examples=["/LstHocSinh/6/GioiTinh"])
    place: ProblemPlace
    columns: str = Field(description="Captions of the cells", examples=["Giới tính"])
    cell: str = Field(description="The first of them, as a spreadsheet says it", examples=["E9"])


class Rehearsed(PushFor, Counted):
    """What would become of the push, were its dataset empty."""

    dry_run: Literal[True]
    outcome: str = Field(examples=["accepted"])
    records: dict[str, Counted] = Field(
        examples=[{"HocSinh": {"received": 230, "accepted": 228, "refused": 2}}]
    )
    rows: list[RowsRead]
    findings: list[Finding] = Field(description="At most 1,000, the worst first")
    findings_in_all: int = Field(ge=0, examples=[1])
    codemaps: list[str] = Field(examples=[["vnedu-2"]])
    unknown: list[str] = Field(
        description="What nobody knows beforehand", examples=[["identities", "versions"]]
    )


_PACKET: Final[dict[str, Any]] = {
    "MaTruongHoc": "01000501",
    "NamHoc": 2019,
    "LoaiDongBo": 1,
    "LstHocSinh": [
        {
            "ClientId": "HS-0001",
            "HoTen": "Nguyễn Văn Mẫu",
            "TenHocSinh": "Mẫu",
            "GioiTinh": 1,
            "NgaySinh": "2008-05-20T00:00:00.0",
            "KhoiHoc": 6,
        }
    ],
}

_RECORDS: Final = {
    "type": "array",
    "items": {
        "type": "object",
        "description": "Fields by the specification's names (docs/contracts.md); rules for them: /v1/rules",
    },
}
_LIST: Final = {
    "type": "string",
    "format": "binary",
    "description": "A list in any known layout (/v1/layouts)",
}
_LINES: Final = "".join(
    json.dumps(line, ensure_ascii=False) + "\n"
    for line in (
        {name: value for name, value in _PACKET.items() if name != "LstHocSinh"},
        *({"LstHocSinh": record} for record in _PACKET["LstHocSinh"]),
    )
)

BODIES: Final[dict[str, dict[str, Any]]] = {
    "application/json": {
        "schema": {
            "type": "object",
            "description": "The Ministry's packet, or a list of a layout of kind json (/v1/layouts)",
            "properties": {
                "MaTruongHoc": {"type": "string", "maxLength": 10},
                "NamHoc": {"type": "integer", "minimum": 0, "maximum": 9999},
                "LoaiDongBo": {"enum": [1, 2, 3, "1", "2", "3"]},
                "TruonghocInfo": {"type": "object"},
                "LstLopHocInfo": _RECORDS,
                "LstHocSinh": _RECORDS,
                "LstCanBo": _RECORDS,
            },
        },
        "example": _PACKET,
    },
    "application/x-ndjson": {
        "schema": {"type": "string", "description": "The packet line by line: its header, then its records"},
        "example": _LINES,
    },
    media.REMOVALS: {
        "schema": {
            "type": "object",
            "description": "Records that leave, by type and own id (ClientId); needs the right of the grant",
            "properties": {
                "MaTruongHoc": {"type": "string", "maxLength": 10},
                "NamHoc": {"type": "integer", "minimum": 0, "maximum": 9999},
                "LoaiDongBo": {"enum": [1, 2, 3, "1", "2", "3"]},
                "Removed": {
                    "type": "object",
                    "minProperties": 1,
                    "properties": {
                        name: {
                            "type": "array",
                            "items": {"type": "string", "minLength": 1, "maxLength": MAX_TEXT},
                        }
                        for name in record_types()
                        if not record(name).single
                    },
                    "additionalProperties": False,
                },
            },
            "required": ["Removed"],
        },
        "example": {name: _PACKET[name] for name in ("MaTruongHoc", "NamHoc", "LoaiDongBo")}
        | {"Removed": {"HocSinh": ["HS-0007", "HS-0012"]}},
    },
    media.FORM: {
        "schema": {
            "type": "object",
            "description": f"Several files, at most {MOST_FILES}: each part has a filename",
            "properties": {"file": {"type": "array", "items": {"type": "string", "format": "binary"}}},
            "required": ["file"],
        }
    },
    **{name: {"schema": _LIST} for name in KINDS if "json" not in name},
}

_HEADERS: Final = (
    {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "description": "Made by the sender, a UUID is best. The same request under the same key is the same "
        "push and is answered as the first time (Idempotency-Replayed). Kept as long as the campaign",
        "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST, "pattern": "^[\\x21-\\x7e]+$"},
        "example": "0d8f5c1e-7a33-4c1e-9a55-3f0b2d6a7c10",
    },
    {
        "name": "Content-Encoding",
        "in": "header",
        "required": False,
        "description": "How the body is packed",
        "schema": {"type": "string", "enum": list(ENCODINGS)},
    },
    {
        "name": "Content-Disposition",
        "in": "header",
        "required": False,
        "description": "The file's name, by which problems and the marked workbook are told",
        "schema": {"type": "string", "maxLength": HEADERS},
        "example": 'attachment; filename="danh-sach.xlsx"',
    },
)

_BY_ID: Final = {"push_id": "$response.body#/push_id"}

RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "A dry run: what would become of it", "model": Rehearsed},
    202: {
        "description": "The log has the push, once and for good",
        "headers": headers("Location", "Idempotency-Replayed"),
        "links": {
            **{name: {"operationId": name, "parameters": _BY_ID} for name in ("getPush", "getPushErrors")},
            "listDatasets": {
                "operationId": "listDatasets",
                "parameters": {"code": "$response.body#/MaTruongHoc"},
            },
        },
    },
}

EXTRA: Final[dict[str, Any]] = {
    **every_answer("RateLimit", "RateLimit-Policy"),
    "parameters": list(_HEADERS),
    "requestBody": {"required": True, "content": BODIES},
    **refuses(
        *(f"GATE-0{n}" for n in (20, 21, 22, 23, 30, 31, 32, 36, 37, 38, 41, 42, 43, 44)),
        *("KEY-111", "GATE-017", "VAL-*", "GRT-*", "FILE-*", "CELL-*", "ENV-*", "MAP-*"),
    ),
}
