"""Pushes for tests of what reads the verdict topic: chunks and closings as validation passes them on."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from schemas.encoding import codec, columnar

SCHOOL = "19164501"
MORNING = datetime(2019, 9, 16, 8, tzinfo=UTC)

Row = Mapping[str, Any]


def chunk(
    record_type: str,
    rows: Sequence[Row],
    *,
    push: str = "p1",
    number: int = 0,
    vendor: str = "smas",
    school: str = SCHOOL,
    kind: str = "1",
    year: int = 2019,
    refused: Sequence[Mapping[str, Any]] = (),
) -> bytes:
    """A chunk's verdict: these records accepted, those refused."""
    schema = columnar.frame_schema(record_type)
    header = envelope(push, vendor, school, kind, year) | {
        "Chunk": number,
        "Source": "goi.json",
        "Sheet": "",
        "Rows": list(range(1, len(rows) + 1)),
        "Refused": [refusal(**r) for r in refused],
    }
    frame = pl.DataFrame([{n: row.get(n) for n in schema} for row in rows], schema=schema)
    return columnar.encode_chunk(record_type, header, frame)


def refusal(
    row: int, client_id: str = "", rule: str = "HS-002", fields: Sequence[str] = ("HoTen",)
) -> dict[str, Any]:
    """One refusal of a chunk."""
    return {"ClientId": client_id or f"x{row}", "Row": row, "Rule": rule, "Fields": list(fields)}


def closing(
    totals: Mapping[str, int],
    *,
    chunks: int = 1,
    push: str = "p1",
    vendor: str = "smas",
    school: str = SCHOOL,
    kind: str = "1",
    year: int = 2019,
    hour: float = 0,
    whole: Sequence[str] | None = None,
    removed: Mapping[str, int] | None = None,
) -> bytes:
    """PushClosed of a push that was opened ``hour`` hours after eight, by its sender's clock."""
    opened = MORNING + timedelta(hours=hour)
    return codec.encode(
        "PushClosed",
        envelope(push, vendor, school, kind, year)
        | {
            "OpenedAt": opened,
            "ClosedAt": opened + timedelta(minutes=1),
            "Chunks": chunks,
            "Records": dict(totals),
            "Whole": whole,
            "Removed": dict(removed or {}),
        },
    )


def tombstones(
    record_type: str,
    removed: Sequence[str | Mapping[str, str]],
    *,
    push: str = "p1",
    number: int = 0,
    vendor: str = "smas",
    school: str = SCHOOL,
    kind: str = "1",
    refused: Sequence[Mapping[str, Any]] = (),
) -> bytes:
    """A chunk of removals: a text is a ClientId, a mapping is Keys."""
    return codec.encode(
        "RecordsRemoved",
        envelope(push, vendor, school, kind)
        | {
            "Chunk": number,
            "Source": "goi.json",
            "Sheet": "",
            "RecordType": record_type,
            "Removed": [
                {
                    "ClientId": r if isinstance(r, str) else "",
                    "Row": row,
                    "Keys": {} if isinstance(r, str) else dict(r),
                }
                for row, r in enumerate(removed, start=1)
            ],
            "Refused": [refusal(**r) for r in refused],
        },
    )


def removing(
    record_type: str, removed: Sequence[str | Mapping[str, str]], *, push: str = "p1", **sender: Any
) -> list[bytes]:
    """A push of tombstones alone, and its closing."""
    return [
        tombstones(record_type, removed, push=push, **sender),
        closing({}, push=push, removed={record_type: len(removed)}, **sender),
    ]


def whole(record_type: str, rows: Sequence[Row], *, hour: float = 0, **sender: Any) -> list[bytes]:
    """A push of one chunk and its closing."""
    return [
        chunk(record_type, rows, **sender),
        closing({record_type: len(rows)}, hour=hour, **sender),
    ]


def pupil(n: int, **fields: Any) -> dict[str, Any]:
    """A pupil of the made-up kind."""
    return {"ClientId": f"hs{n}", "HoTen": f"Học sinh số {n}", "MaHocSinh": f"19{n:08}"} | fields


def envelope(push: str, vendor: str, school: str, kind: str, year: int = 2019) -> dict[str, Any]:
    """What every message of a push says."""
    return {"PushId": push, "Vendor": vendor, "MaTruongHoc": school, "NamHoc": year, "LoaiDongBo": kind}
