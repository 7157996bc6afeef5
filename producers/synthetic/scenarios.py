"""Dirty variants of a clean school's files. Each knows from the edit itself which records must be refused."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import polars as pl

from producers.synthetic import pupil_list
from producers.synthetic.school import SchoolRecords
from producers.synthetic.write import files
from schemas.contracts import contracts

UNDECODABLE: Final = (
    b"\x00\x7f\xff\xff\xff" + b"a schema id that nobody has given",
    b"{'this': is not Avro}",
)
"""Two messages that no reader of our topics can decode."""

BAD_DAY: Final = "31/02"


@dataclass(frozen=True)
class Refused:
    """A record that must be refused, and the rule that must say so."""

    record_type: str
    client_id: str
    rule: str


@dataclass(frozen=True)
class Variant:
    """A school's files after an edit, and what must be refused because of it."""

    name: str
    contents: dict[str, bytes]
    refused: tuple[Refused, ...] = ()


@dataclass(frozen=True)
class _Edit:
    """One cell of one record: its list in the packet, its place there, the field, what is written into it."""

    record_type: str
    at: int
    field: str
    value: object
    rule: str


_PACKET_EDITS: Final = (
    _Edit("HocSinh", 0, "NgaySinh", "2008-02-31T00:00:00.0", "CELL-102"),
    _Edit("HocSinh", 1, "MaDanToc", "77", "CELL-101"),
    _Edit("HocSinh", 2, "HoTen", "", "HS-002"),
    _Edit("HocSinh", 3, "KhoiHoc", 30, "CELL-101"),
    _Edit("HocSinh", 4, "MaCongDan", "12345", "HS-202"),
    _Edit("HocSinh", 5, "NgayTrangThai", "1899-12-31T00:00:00.0", "HS-172"),
    # The last member of staff is an employee: no class refers to the record.
    _Edit("CanBo", -1, "SoCmnd", None, "CB-015"),
)
_LIST_EDITS: Final = (
    _Edit("HocSinh", 0, "Ngày sinh", f"{BAD_DAY}/2008", "CELL-102"),
    _Edit("HocSinh", 1, "Dân tộc", "Không rõ", "CELL-101"),
    _Edit("HocSinh", 2, "Họ tên", None, "HS-002"),
    _Edit("HocSinh", 3, "Giới tính", "?", "CELL-101"),
)


def bad_records(school: SchoolRecords) -> Variant:
    """Records that break a rule each: a day that does not exist, unknown codes, a name left out."""
    contents = files(school)
    pupils = school.frames["HocSinh"]["ClientId"]
    if school.plan.vendor == "smas":
        name = f"smas/{school.plan.code}.json"
        contents[name], refused = _edited_packet(contents[name], _PACKET_EDITS)
    else:
        table = pupil_list.columns(school)
        for edit in _LIST_EDITS:
            table = _with_cell(table, edit)
        contents[f"vnedu/{school.plan.code}.xlsx"] = pupil_list.workbook(school, table)
        refused = tuple(Refused("HocSinh", pupils[e.at], e.rule) for e in _LIST_EDITS)
    return Variant("bad_records", contents, refused)


def duplicate_client_id(school: SchoolRecords) -> Variant:
    """The second pupil of a packet carries the ClientId of the first, who stays: the second is refused."""
    first = school.frames["HocSinh"]["ClientId"][0]
    edit = _Edit("HocSinh", 1, "ClientId", first, contracts.record("HocSinh").rules["client_id"].id)
    name = f"smas/{school.plan.code}.json"
    contents = files(school)
    contents[name], refused = _edited_packet(contents[name], [edit])
    return Variant("duplicate_client_id", contents, refused)


def corrected(school: SchoolRecords) -> Variant:
    """The school's files after it corrected one pupil: another address, nothing else."""
    first = pl.int_range(pl.len()) == 0
    pupils = school.frames["HocSinh"].with_columns(
        pl.when(first).then(pl.lit("Xóm Mới, đã sửa theo yêu cầu")).otherwise("DchiTmtru").alias("DchiTmtru")
    )
    return Variant("corrected", files(replace(school, frames=school.frames | {"HocSinh": pupils})))


def one_left(school: SchoolRecords) -> Variant:
    """The school's files after its last pupil left: not in the list any more, nor in the total."""
    pupils = school.frames["HocSinh"]
    frames = {
        "HocSinh": pupils.head(pupils.height - 1),
        "TruongHoc": school.frames["TruongHoc"].with_columns(pl.col("TongSoHocSinh") - 1),
    }
    return Variant("one_left", files(replace(school, frames=school.frames | frames)))


def _edited_packet(content: bytes, edits: Sequence[_Edit]) -> tuple[bytes, tuple[Refused, ...]]:
    packet: dict[str, Any] = json.loads(content)
    refused = []
    for edit in edits:
        record = packet[contracts.record(edit.record_type).packet][edit.at]
        record[edit.field] = edit.value
        refused.append(Refused(edit.record_type, record["ClientId"], edit.rule))
    return json.dumps(packet, ensure_ascii=False).encode(), tuple(refused)


def _with_cell(table: pl.DataFrame, edit: _Edit) -> pl.DataFrame:
    here = pl.int_range(pl.len()) == edit.at
    cell = pl.lit(edit.value, dtype=pl.String)
    return table.with_columns(pl.when(here).then(cell).otherwise(edit.field).alias(edit.field))
