"""The wire: framing, events, chunks; what is not ours is refused without quoting it."""

import os
import random

import polars as pl
import pytest

from bench.records import pupils
from schemas.contracts import versions
from schemas.encoding import codec, columnar
from schemas.encoding.codec import Undecodable
from tests.records import CHUNK_HEADER

HEADER = CHUNK_HEADER | {
    "Source": "a.json",
    "Rows": [1, 2, 3],
    "Refused": [{"ClientId": "CL-9", "Row": 4, "Rule": "HS-002", "Fields": ["HoTen"]}],
}
COMMAND = {
    "CommandId": "c",
    "Vendor": "smas",
    "MaTruongHoc": "19164301",
    "Command": "allow",
    "IssuedAt": 0,
    "Unit": "19",
    "Role": "department_officer",
    "Account": "so",
    "ReasonCode": "",
    "ReasonText": "",
}


def header(chunk, rows):
    return HEADER | {"Chunk": chunk, "Rows": list(range(1, rows + 1))}


def test_an_event_comes_back_as_it_went():
    name, record = codec.decode(codec.encode("GrantCommand", COMMAND))
    assert name == "GrantCommand"
    assert record["MaTruongHoc"] == "19164301"


def test_an_event_that_lacks_a_field_is_a_fault_of_ours():
    with pytest.raises(ValueError):
        codec.encode("GrantCommand", {k: v for k, v in COMMAND.items() if k != "Vendor"})


def test_chunks_of_different_lengths_come_back_with_their_records_and_headers():
    records = pupils(60)
    headers = [header(0, 10), header(1, 0), header(2, 50)]
    values = columnar.encode_chunks("HocSinh", headers, [10, 0, 50], records)
    chunks = columnar.decode_chunks(values)
    assert [c.header for c in chunks] == headers
    assert pl.concat(c.records for c in chunks).equals(records)


def test_chunks_of_several_types_keep_their_order():
    pupil = columnar.encode_chunk("HocSinh", header(0, 2), pupils(2))
    school = columnar.encode_chunk("TruongHoc", header(1, 1), pl.DataFrame({"MaTruongHoc": ["19164301"]}))
    chunks = columnar.decode_chunks([pupil, school, pupil])
    assert [c.record_type for c in chunks] == ["HocSinh", "TruongHoc", "HocSinh"]
    assert chunks[1].records["MaTruongHoc"].to_list() == ["19164301"]


def test_a_column_that_the_frame_lacks_is_written_as_null():
    chunk = columnar.decode_chunk(
        columnar.encode_chunk("HocSinh", header(0, 1), pl.DataFrame({"ClientId": ["CL-1"]}))
    )
    assert chunk.records.width == 115
    assert chunk.records.null_count().row(0).count(1) == 114


def test_fastavro_reads_what_the_columnar_writer_wrote():
    value = columnar.encode_chunk("HocSinh", header(0, 5), pupils(5))
    name, record = codec.decode(value)
    assert name == "HocSinhReported"
    assert [r["ClientId"] for r in record["Records"]] == [f"CL-{i}" for i in range(5)]


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (b"", "AVRO-001"),
        (b"\x00\x00", "AVRO-001"),
        (b"{not avro}", "AVRO-001"),
        (b"\x00\xff\xff\xff\xffxxxx", "AVRO-002"),
        (codec.encode("GrantCommand", COMMAND)[:12], "AVRO-003"),
        (codec.encode("GrantCommand", COMMAND) + b"x", "AVRO-003"),
    ],
    ids=["empty", "short", "no magic byte", "unknown id", "cut off", "too long"],
)
def test_bytes_that_are_not_an_event_have_a_code(value, code):
    with pytest.raises(Undecodable) as caught:
        codec.decode(value)
    assert caught.value.code == code


def test_an_event_where_a_chunk_is_due_has_a_code():
    with pytest.raises(Undecodable) as caught:
        columnar.decode_chunk(codec.encode("GrantCommand", COMMAND))
    assert caught.value.code == "AVRO-004"


@pytest.mark.parametrize("seed", range(5))
def test_a_damaged_chunk_is_refused_or_read_but_never_ends_the_process(seed):
    """pyruhvro panics on some bodies; a panic is no Exception and would end the worker."""
    rng = random.Random(seed)
    value = columnar.encode_chunk("HocSinh", header(0, 20), pupils(20))
    refused = 0
    for _ in range(100):
        damaged = bytearray(value)
        for _ in range(20):
            damaged[rng.randrange(5, len(damaged))] = rng.randrange(256)
        try:
            columnar.decode_chunk(bytes(damaged[: rng.randrange(5, len(damaged))]))
        except Undecodable:
            refused += 1
    assert refused > 50


def test_random_bodies_are_refused():
    frame = codec.frame(versions.newest("HocSinhReported"), os.urandom(2000))
    with pytest.raises(Undecodable):
        columnar.decode_chunk(frame)
