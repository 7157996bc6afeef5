"""A school's records as the ministry's JSON packet, in the codes a vendor sends."""

from collections.abc import Iterable
from typing import Final

import polars as pl

from producers.codemaps import load, wire_codes
from producers.synthetic.school import SchoolRecords
from schemas.contracts import contracts

START_OF_YEAR: Final = 1
_BOOLEAN: Final = "boolean"


def packet(school: SchoolRecords, record_types: Iterable[str], kind: int = START_OF_YEAR) -> bytes:
    """The packet (UTF-8 JSON) with the records of some types; ``kind`` is LoaiDongBo."""
    parts = [
        f'"MaTruongHoc":"{school.plan.code}"',
        f'"NamHoc":{school.year}',
        f'"LoaiDongBo":{kind}',
    ]
    for name in record_types:
        record = contracts.record(name)
        rows = wire(school.frames[name], record).write_json()
        # One record is an object of the packet, not a list of one.
        parts.append(f'"{record.packet}":{rows[1:-1] if record.single else rows}')
    return ("{" + ",".join(parts) + "}").encode()


def wire(frame: pl.DataFrame, record: contracts.RecordType) -> pl.DataFrame:
    """Records with the ministry's codes → the same as a packet says them."""
    return frame.select(
        _said(pl.col(name), record.field(name), frame[name]).alias(name) for name in frame.columns
    )


def _said(value: pl.Expr, field: contracts.Field, seen: pl.Series) -> pl.Expr:
    """How a packet says a field: booleans as 0 and 1, dates as timestamps, codes in the vendor's code."""
    if field.nested is not None:
        return value.list.eval(_nested(pl.element(), field.nested, seen))
    if field.avro_type == _BOOLEAN:
        return value.cast(pl.Int8)
    if field.avro_type == "date":
        return value.dt.strftime("%Y-%m-%dT00:00:00.0")
    codelist = field.codelist or ""
    if codelist not in load("smas"):
        return value
    used = set(seen.drop_nulls().unique()) if field.spec_type == "integer" else set()
    codes = _wire(codelist, field, used)
    if field.avro_type.startswith("array"):
        return value.list.eval(pl.element().replace_strict(codes, return_dtype=pl.String))
    said = value.replace_strict(codes, return_dtype=pl.String)
    return said.cast(pl.Int64) if _integer(field, codes, used) else said


def _nested(element: pl.Expr, fields: list[contracts.Field], seen: pl.Series) -> pl.Expr:
    inner = seen.drop_nulls().explode(empty_as_null=False).struct.unnest()
    known = {f.name: f for f in fields}
    return pl.struct(
        _said(element.struct.field(name), known[name], inner[name]).alias(name) for name in inner.columns
    )


def _wire(codelist: str, field: contracts.Field, used: set[str]) -> dict[str, str]:
    """Ministry code → vendor code. An integer of the specification loses its zeros if it can."""
    as_integer = wire_codes(codelist, integer=True)
    if field.spec_type == "integer" and used <= set(as_integer):
        return as_integer
    return wire_codes(codelist, integer=False)


def _integer(field: contracts.Field, codes: dict[str, str], used: set[str]) -> bool:
    return field.spec_type == "integer" and all(
        codes[c].isdigit() and str(int(codes[c])) == codes[c] for c in used
    )
