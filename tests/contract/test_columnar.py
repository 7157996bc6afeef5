"""What the columnar codec carries, and what kills it: why chunks hold no bytes, decimals or uuids."""

import io
import json
import random
from datetime import date, timedelta
from typing import Any

import fastavro
import polars as pl
import pyarrow as pa
import pyruhvro
import pytest

from schemas.codes import codes
from schemas.contracts import versions
from schemas.contracts.contracts import Field, RecordType, record, record_types
from schemas.contracts.freeze import current
from schemas.encoding import codec, columnar
from tests.records import CHUNK_HEADER

DEADLY = {
    "bytes": "bytes",
    "decimal": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2},
    "uuid": {"type": "string", "logicalType": "uuid"},
}


@pytest.mark.parametrize("kind", DEADLY)
def test_the_columnar_codec_panics_on(kind):
    """If this fails, pyruhvro has learnt the type: chunk contracts may use it."""
    samples: dict[str, Any] = {
        "bytes": b"x",
        "decimal": b"\x01",
        "uuid": "00000000-0000-0000-0000-000000000001",
    }
    schema = {"type": "record", "name": "R", "fields": [{"name": "a", "type": DEADLY[kind]}]}
    plain = {
        "type": "record",
        "name": "R",
        "fields": [{"name": "a", "type": "string" if kind == "uuid" else "bytes"}],
    }
    body = io.BytesIO()
    fastavro.schemaless_writer(body, fastavro.parse_schema(plain), {"a": samples[kind]})
    with pytest.raises(BaseException) as caught:
        pyruhvro.deserialize_array([body.getvalue()], json.dumps(schema))
    assert type(caught.value).__name__ == "PanicException"


def test_no_contract_uses_what_the_columnar_codec_cannot_carry():
    def walk(schema):
        if isinstance(schema, dict):
            assert schema.get("type") not in ("bytes", "fixed")
            assert schema.get("logicalType") not in ("decimal", "uuid")
            for value in schema.values():
                walk(value)
        elif isinstance(schema, list):
            for value in schema:
                assert value not in ("bytes",)
                walk(value)

    for name, schema in current().items():
        if codec.record_type_of(name):
            walk(schema)


def some(field: Field, rng: random.Random) -> Any:
    if field.nullable and rng.random() < 0.3:
        return None
    match field.avro_type:
        case "string":
            return (
                rng.choice(codes(*field.codelists))
                if field.codelists
                else rng.choice(["", "Nguyễn", "a|b\n'\"", "0123"])
            )
        case "boolean":
            return rng.random() < 0.5
        case "int":
            return rng.randrange(-(2**31), 2**31)
        case "double":
            return rng.choice([0.0, -1.5, 2.34, 1e300])
        case "date":
            return date(1900, 1, 1) + timedelta(days=rng.randrange(60000))
        case "array<string>":
            return [rng.choice(["01", "02"]) for _ in range(rng.randrange(3))]
        case "array<record>":
            assert field.record is not None
            return [row(field.record, rng) for _ in range(rng.randrange(3))]
    raise AssertionError(field.avro_type)


def row(contract: RecordType, rng: random.Random) -> dict[str, Any]:
    return {f.name: some(f, rng) for f in contract.fields}


@pytest.mark.parametrize("record_type", record_types())
@pytest.mark.parametrize("seed", range(5))
def test_any_chunk_comes_back_and_fastavro_reads_and_writes_the_same_bytes(record_type, seed):
    rng = random.Random(seed)
    rows = [row(record(record_type), rng) for _ in range(rng.randrange(1, 40))]
    frame = pl.DataFrame(rows, schema=columnar.frame_schema(record_type))
    header = CHUNK_HEADER | {"Rows": list(range(1, len(rows) + 1))}
    value = columnar.encode_chunk(record_type, header, frame)

    chunk = columnar.decode_chunk(value)
    assert chunk.header == header
    assert chunk.records.equals(frame)
    assert columnar.encode_chunk(record_type, chunk.header, chunk.records) == value

    parsed = versions.newest(f"{record_type}Reported").parsed
    read: Any = fastavro.schemaless_reader(io.BytesIO(value[5:]), parsed, None)
    assert read["Records"] == rows
    written = io.BytesIO()
    fastavro.schemaless_writer(written, parsed, read)
    assert written.getvalue() == value[5:]


def test_arrow_sees_dates_as_dates():
    schema = pyruhvro.avro_to_arrow_schema(versions.newest("HocSinhReported").text)
    pupil = schema.field("Records").type.value_type
    assert pupil.field("NgaySinh").type == pa.date32()
