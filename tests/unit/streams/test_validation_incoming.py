"""What cannot be judged is set aside with a code, and nothing beside it is."""

from datetime import UTC, datetime

import pyruhvro
import pytest

from schemas.encoding import codec, columnar
from streams.validation.verdict.input_messages import sort
from tests.unit.streams.validation_chunks import SCHOOL, chunk, classes, closed, incoming, removed

COMMAND = {
    "CommandId": "c",
    "Vendor": "smas",
    "MaTruongHoc": SCHOOL,
    "Command": "allow",
    "IssuedAt": datetime(2019, 9, 5, tzinfo=UTC),
    "Unit": "19",
    "Role": "department_officer",
    "Account": "",
    "ReasonCode": "",
    "ReasonText": "",
}


def exported():
    head = {"ExportId": "e", "DatasetId": f"{SCHOOL}.2019.start", "MaTruongHoc": SCHOOL, "NamHoc": 2019}
    head |= {"Period": "start", "Version": 1, "Chunk": 0, "Ids": ["1"]}
    return columnar.encode_chunk("LopHoc", head, classes(1), suffix="Exported")


LETTERS = [
    ("nothing", b"", "AVRO-001"),
    ("text", b'{"PushId": "p1"}', "AVRO-001"),
    ("an unknown schema id", b"\x00\xff\xff\xff\xff\x00", "AVRO-002"),
    ("a chunk cut off", chunk()[:-4], "AVRO-003"),
    ("a chunk of nonsense", chunk()[:5] + b"\xff" * 40, "AVRO-003"),
    ("a record that is not UTF-8", chunk().replace(b"1A1", b"1\xff1"), "AVRO-005"),
    ("a header that is not UTF-8", chunk().replace(SCHOOL.encode(), b"\xff9164301"), "AVRO-005"),
    ("a closing that is not UTF-8", closed().replace(b"p1", b"\xff1"), "AVRO-005"),
    ("a closing cut off", closed()[:-3], "AVRO-003"),
    ("a command", codec.encode("GrantCommand", COMMAND), "VAL-004"),
    ("an export", exported(), "VAL-004"),
    ("no push id", chunk(PushId=""), "VAL-006"),
    ("a negative number", chunk(Chunk=-1), "VAL-006"),
    ("a NUL in the header", chunk(Source="a\x00b"), "VAL-006"),
    ("an endless push id", chunk(PushId="p" * 201), "VAL-006"),
    (
        "a NUL in a refusal",
        chunk(Refused=[{"ClientId": "\x00", "Row": 1, "Rule": "", "Fields": []}]),
        "VAL-006",
    ),
    ("a closing at the end of time", closed(OpenedAt=datetime(9999, 12, 31, tzinfo=UTC)), "VAL-006"),
    ("a closing with endless types", closed(Records={"x" * 300: 1}), "VAL-006"),
    ("a closing of endless lists", closed(Whole=["x" * 300]), "VAL-006"),
    ("a closing of too many removed types", closed(Removed={f"t{i}": 1 for i in range(101)}), "VAL-006"),
    ("removals without a push id", removed("c", PushId=""), "VAL-006"),
    ("removals with a NUL in the header", removed("c", Sheet="a\x00b"), "VAL-006"),
    ("removals of a type that does not exist", removed("c", RecordType="HocVien"), "VAL-012"),
    ("too many removals", removed(*"c" * 501), "VAL-009"),
    ("removals cut off", removed("c1", "c2")[:-3], "AVRO-003"),
    ("too many records", chunk(classes(501)), "VAL-009"),
    ("too many bytes", b"\x00" * (4 * 1024 * 1024 + 1), "VAL-009"),
]


@pytest.mark.parametrize(("value", "code"), [c[1:] for c in LETTERS], ids=[c[0] for c in LETTERS])
def test_a_dead_letter_has_a_code_and_stops_nothing_beside_it(value, code):
    found = sort([incoming(chunk()), incoming(value), incoming(chunk(Chunk=1)), incoming(closed())])
    assert found.letters == [(1, code)]
    assert sorted(i for positions, _ in found.batches for i in positions) == [0, 2]
    assert [i for i, _ in found.closings] == [3]


def test_the_senders_clock_decides_nothing():
    """A clock a year ahead was a dead letter, one of half an hour made all later pushes look older."""
    assert sort([incoming(closed(OpenedAt=datetime(2020, 9, 5, tzinfo=UTC)))]).closings


def test_chunks_of_one_contract_are_decoded_together():
    found = sort([incoming(chunk(Chunk=i)) for i in range(5)])
    assert [positions for positions, _ in found.batches] == [[0, 1, 2, 3, 4]]


def test_what_pyruhvro_panics_on_is_read_by_fastavro(monkeypatch):
    class Panic(BaseException):
        """As pyo3 has it: no Exception."""

    def panic(*_):
        raise Panic

    monkeypatch.setattr(pyruhvro, "deserialize_array", panic)
    found = sort([incoming(chunk()), incoming(b"junk"), incoming(chunk(Chunk=1))])
    assert found.letters == [(1, "AVRO-001")]
    frames = [batch.records for _, batch in found.batches]
    assert [f.height for f in frames] == [3, 3]
    assert dict(frames[0].schema) == columnar.frame_schema("LopHoc")
