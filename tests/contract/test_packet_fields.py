"""Every field of every contract can be said in a packet and arrives as its contract's type."""

from typing import Any

import pytest

from producers.client import chunks_of
from producers.codemaps import load, wire_codes
from schemas.codes import codes
from schemas.contracts.contracts import Field, record, record_types
from schemas.encoding import columnar
from tests.unit.producers.made import SCHOOL, SMAS, YEAR, packet, read, table

ENVELOPE: dict[str, Any] = {"MaTruongHoc": SCHOOL, "NamHoc": YEAR}


def said(field: Field) -> Any:
    """A value of the field as a vendor writes it."""
    if field.nested is not None:
        return [{f.name: said(f) for f in field.nested}, {}]
    if field.avro_type == "array<string>":
        return [_code(field), _code(field)]
    if field.name in ENVELOPE:
        return ENVELOPE[field.name]
    match field.avro_type:
        case "boolean" | "int":
            return 1
        case "double":
            return 2.34
        case "date":
            return "2012-01-09T00:00:00.0"
        case _ if field.codelist:
            code = _code(field)
            return int(code) if field.spec_type == "integer" and not code.startswith("0") else code
        case _:
            return "text"


def _code(field: Field) -> str:
    codelist = field.codelists[0] if field.codelists else ""
    if codelist in load("smas"):
        return next(iter(wire_codes(codelist, integer=field.spec_type == "integer").values()))
    return "01" if codelist.startswith("external") or not codelist else sorted(codes(codelist))[0]


@pytest.mark.parametrize("record_type", record_types())
def test_a_full_record_arrives_whole_and_travels(record_type: str) -> None:
    contract = record(record_type)
    fields = [f for f in contract.fields if not f.withdrawn]
    row = {f.name: said(f) for f in fields}
    rows = row if contract.single else [row, row | {"ClientId": "2"}]
    found = table(read(packet(**{contract.packet: rows})), record_type)
    assert found.refused.is_empty(), found.refused.to_dicts()
    arrived = found.records.row(0, named=True)
    assert [f.name for f in fields if arrived[f.name] is None] == []
    (value,) = [v for _, v in chunks_of([found], SMAS, "p", 250)]
    assert columnar.decode_chunk(value).records.equals(found.records.drop("_row"))


@pytest.mark.parametrize("record_type", record_types())
def test_an_empty_record_is_refused_only_for_its_missing_id(record_type: str) -> None:
    contract = record(record_type)
    if contract.single:
        return
    found = table(
        read(packet(**{contract.packet: [{}, {f.name: None for f in contract.fields}]})), record_type
    )
    assert {rule for _, _, rule, _ in found.refused.iter_rows()} == {"CELL-110"}
    assert found.count == 2
