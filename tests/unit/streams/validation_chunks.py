"""Chunks for the tests of validation: pupils made up, rules_in_force that are easy to see through."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import polars as pl

from schemas.encoding import codec, columnar
from schemas.rules import catalogue
from streams.validation.verdict.header import RulesInForce
from streams.validation.verdict.input_messages import InputMessage

SCHOOL, CLOSED_SCHOOL, LONG_SCHOOL = "19164301", "19164302", "1916400001"
YEAR = 2019
TODAY = date(2019, 9, 5)


def is_school(code: str, day: date) -> bool:
    """Two open schools, one with ten characters; one more has closed."""
    return code in (SCHOOL, LONG_SCHOOL) and day >= date(2000, 1, 1)


def rules_in_force(*granted: str) -> RulesInForce:
    """The vendor smas has grants for these schools, or for all if none is named, and may remove of SCHOOL."""
    schools = granted or (SCHOOL, LONG_SCHOOL, CLOSED_SCHOOL)
    return RulesInForce(
        lambda vendor, school, *_: "" if vendor == "smas" and school in schools else "VAL-001",
        lambda vendor, school: vendor == "smas" and school == SCHOOL,
        lambda vendor, school: False,
        is_school,
        lambda year, day: year == YEAR,
        lambda vendor, day: True,
        catalogue.rules,
        catalogue.violations,
    )


def no_rules(law: RulesInForce) -> RulesInForce:
    """The same without the catalogue, where only headers and whole chunks are judged."""
    return replace(law, rules=lambda _: [])


def header(rows: int, **changes: Any) -> dict[str, Any]:
    """Header of a chunk of so many records of the push p1 of SCHOOL."""
    fields = {
        "PushId": "p1",
        "Vendor": "smas",
        "MaTruongHoc": SCHOOL,
        "NamHoc": YEAR,
        "LoaiDongBo": "1",
        "Chunk": 0,
        "Source": "hocsinh.json",
        "Sheet": "",
        "Rows": [10 + i for i in range(rows)],
        "Refused": [],
    }
    return fields | changes


def classes(n: int, **columns: list[Any]) -> pl.DataFrame:
    """LopHoc records c0, c1 … with these columns besides."""
    types = columnar.frame_schema("LopHoc")
    data = {"ClientId": [f"c{i}" for i in range(n)], "TenLopHoc": [f"1A{i}" for i in range(n)], **columns}
    return pl.DataFrame(data, schema={name: types[name] for name in data})


def chunk(records: pl.DataFrame | None = None, record_type: str = "LopHoc", **changes: Any) -> bytes:
    """A chunk's bytes; three classes if nothing else is asked for."""
    records = classes(3) if records is None else records
    return columnar.encode_chunk(record_type, header(records.height, **changes), records)


def closed(**changes: Any) -> bytes:
    """PushClosed of the push p1."""
    fields = {
        "PushId": "p1",
        "Vendor": "smas",
        "MaTruongHoc": SCHOOL,
        "NamHoc": YEAR,
        "LoaiDongBo": "1",
        "OpenedAt": datetime(2019, 9, 5, 1, tzinfo=UTC),
        "ClosedAt": datetime(2019, 9, 5, 2, tzinfo=UTC),
        "Chunks": 1,
        "Records": {"LopHoc": 3},
    }
    return codec.encode("PushClosed", fields | changes)


def removed(*client_ids: str, keys: list[dict[str, str]] | None = None, **changes: Any) -> bytes:
    """RecordsRemoved of the push p1: pupils by their ClientIds, then by these keys."""
    removals = [{"ClientId": name, "Row": 10 + i, "Keys": {}} for i, name in enumerate(client_ids)]
    removals += [{"ClientId": "", "Row": 50 + i, "Keys": each} for i, each in enumerate(keys or [])]
    fields = header(0, RecordType="HocSinh", Removed=removals) | changes
    del fields["Rows"]
    return codec.encode("RecordsRemoved", fields)


def incoming(value: bytes, vendor: str = "smas") -> InputMessage:
    """The message as Kafka hands it on."""
    return InputMessage(value, f"csdl.in.{vendor}.v1", TODAY)
