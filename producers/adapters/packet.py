"""The ministry's JSON packet: one school's records, codes as the vendors write them on the wire."""

from typing import Final

import polars as pl

from producers.adapters.convert import NO_CLIENT_ID, convert
from producers.adapters.foreign import Packet
from producers.adapters.raw import Raw
from producers.codemaps import PACKET, CodeMap, load
from producers.model import OWN_ID, ROW, Json, Reading, SourceTable, Target, concat_faults, faults_of
from schemas.contracts.contracts import record, record_types
from schemas.encoding.columnar import frame_schema
from schemas.errors import Problem, ProblemList, SourceLocation
from schemas.pointers import pointer

OWN_ID_CHANGED: Final = "CELL-251"


def read(source: str, packet: Packet, target: Target, codemap: CodeMap | None = None) -> Reading:
    """Tables of a packet, its codes by ``codemap``, if not by everybody's.

    Raises ProblemList with all that is wrong with the file.
    """
    codemap = codemap or load(PACKET, target.year)
    problems = packet.problems + _header_problems(source, packet, target)
    if problems:
        raise ProblemList(problems)
    tables, warnings = [], list(packet.warnings)
    for record_type in record_types():
        if (raw := packet.lists.get(record_type)) is not None:
            table, found = _table(source, record_type, raw, codemap, packet)
            tables.append(table)
            warnings += found
    problems = _school_problems(source, tables, target)
    if problems:
        raise ProblemList(problems)
    return Reading(tables, warnings)


def _table(
    source: str, record_type: str, raw: Raw, codemap: CodeMap, packet: Packet
) -> tuple[SourceTable, list[Problem]]:
    contract, schema = record(record_type), frame_schema(record_type)
    converted = convert(raw, contract.fields, codemap, schema)
    frame, faults = converted.values, converted.faults
    lines = packet.lines.get(record_type)
    frame.insert_column(frame.width, pl.Series(ROW, lines or range(1, frame.height + 1), dtype=pl.Int32))
    if "ClientId" in schema and frame["ClientId"].null_count():
        missing = faults_of(NO_CLIENT_ID, "ClientId", frame["ClientId"].is_null())
        faults = concat_faults([faults, missing.join(faults.select("index"), on="index", how="anti")])
    member = packet.names.get(record_type, contract.packet)
    within = Json(member, indexed=not (contract.single or lines))
    table = SourceTable(
        record_type, source, contract.packet, frame, rows=frame[ROW], codemap=codemap.version, json=within
    )
    warnings = [
        Problem(
            "ENV-312",
            SourceLocation(source, contract.packet, field=name, pointer=pointer([member])),
            {"name": name},
        )
        for name in sorted(raw.unknown)
    ]
    warnings += [
        Problem(code, table.place(frame[ROW][index], name))
        for index, code, name in converted.doubts.iter_rows()
    ]
    if len(changed := _own_ids_changed(raw, frame)):
        told = converted.doubts.filter(pl.col("field") == OWN_ID)["index"]
        warnings += [
            Problem(OWN_ID_CHANGED, table.place(frame[ROW][index], OWN_ID))
            for index in changed.filter(~changed.is_in(told.implode()))
        ]
    return table.refuse(faults), warnings


def _own_ids_changed(raw: Raw, frame: pl.DataFrame) -> pl.Series:
    """Records by position whose own id is another text than was sent: its sender finds answers by that."""
    if OWN_ID not in raw.texts.columns or OWN_ID not in frame.columns:
        return pl.Series(dtype=pl.UInt32)
    return (raw.texts[OWN_ID] != frame[OWN_ID]).fill_null(value=False).arg_true()


def _header_problems(source: str, packet: Packet, target: Target) -> list[Problem]:
    """The packet must be for the school, year and kind of this push; one a record a line may leave it to the
    sender's word."""
    if packet.header is None:
        return []
    expected = {"MaTruongHoc": target.school, "NamHoc": str(target.year), "LoaiDongBo": target.kind}
    missing = {"MaTruongHoc": "ENV-001", "NamHoc": "ENV-002", "LoaiDongBo": "ENV-003"}
    another = {"MaTruongHoc": "FILE-011", "NamHoc": "FILE-012", "LoaiDongBo": "FILE-013"}
    problems = []
    for name, due in expected.items():
        found, at = packet.header.get(name), pointer([name]) if name in packet.header else ""
        place = SourceLocation(source, row=packet.header_line, field=name, pointer=at)
        if not found:
            problems.append(Problem(missing[name], place))
        elif name == "MaTruongHoc" and len(found) not in (8, 10):
            problems.append(Problem("FILE-010", place, {"found": found, "length": len(found)}))
        elif found != due:
            problems.append(Problem(another[name], place, {"found": found, "due": due}))
    return problems


def _school_problems(source: str, tables: list[SourceTable], target: Target) -> list[Problem]:
    """The school's own record must name the packet's school and year."""
    problems = []
    for table in tables:
        contract = record(table.record_type)
        if not contract.single or table.records.is_empty():
            continue
        for code, name, due in (
            ("ENV-304", "MaTruongHoc", target.school),
            ("ENV-305", "NamHoc", target.year),
        ):
            if name in table.records.columns and table.records[name].item(0) not in (None, due):
                problems.append(Problem(code, table.place(table.records[ROW][0], name)))
    return problems
