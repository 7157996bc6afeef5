"""Which change of a contract old readers and writers survive."""

import copy
import io

import fastavro
import pytest

from schemas.contracts.compatibility import full_transitive, unreadable
from schemas.contracts.freeze import current


def record(*fields, name="R"):
    return {"type": "record", "name": name, "namespace": "n", "fields": list(fields)}


def field(name, avro_type, **more):
    return {"name": name, "type": avro_type, **more}


A = field("a", "string")
OPTIONAL = field("b", ["null", "int"], default=None)

COMPATIBLE = {
    "the same": (record(A), record(A)),
    "a doc": (record({**A, "doc": "x"}), record(A)),
    "an optional field more": (record(A, OPTIONAL), record(A)),
    "an optional field less": (record(A), record(A, OPTIONAL)),
    "fields in another order": (record(OPTIONAL, A), record(A, OPTIONAL)),
}

INCOMPATIBLE = {
    "a required field more": (record(A, field("b", "int")), record(A), "absent"),
    "a required field less": (record(A), record(A, field("b", "int")), "absent"),
    "another type": (record(field("a", "int")), record(A), "string is not readable as int"),
    "a wider type, one way only": (
        record(field("a", "long")),
        record(field("a", "int")),
        "long is not readable",
    ),
    "nullable, one way only": (record(field("a", ["null", "string"])), record(A), "null"),
    "another logical type": (
        record(field("a", {"type": "int", "logicalType": "date"})),
        record(field("a", "int")),
        "date",
    ),
    "other items": (
        record(field("a", {"type": "array", "items": "int"})),
        record(field("a", {"type": "array", "items": "string"})),
        "[]",
    ),
    "another name": (record(A, name="S"), record(A), "is not"),
    "a required field inside a list": (
        record(field("a", {"type": "array", "items": record(A, field("c", "int"), name="I")})),
        record(field("a", {"type": "array", "items": record(A, name="I")})),
        ".a[].c",
    ),
    "a symbol more": (
        record(field("a", {"type": "enum", "name": "E", "symbols": ["x", "y"]})),
        record(field("a", {"type": "enum", "name": "E", "symbols": ["x"]})),
        "symbols y",
    ),
}


@pytest.mark.parametrize("case", COMPATIBLE)
def test_a_change_that_everybody_survives(case):
    after, before = COMPATIBLE[case]
    assert full_transitive(after, [before]) == []


@pytest.mark.parametrize("case", INCOMPATIBLE)
def test_a_change_that_somebody_does_not_survive(case):
    after, before, word = INCOMPATIBLE[case]
    problems = full_transitive(after, [before])
    assert problems and any(word in p for p in problems), problems


def test_transitive_means_every_earlier_version():
    first, second = record(A), record(A, field("b", ["null", "int"], default=None))
    third = record(A, field("b", ["null", "string"], default=None))
    assert [p for p in full_transitive(third, [first, second]) if "v1" in p] == []
    assert [p for p in full_transitive(third, [first, second]) if "v2" in p]


def test_a_type_is_found_by_its_name():
    inner = record(A, name="I")
    before = record(field("x", inner), field("y", "I"))
    assert unreadable(before, before) == []
    changed = record(field("x", record(A, field("c", "int"), name="I")), field("y", "n.I"))
    assert unreadable(changed, before)


def test_every_contract_reads_itself():
    for name, schema in current().items():
        assert unreadable(schema, schema) == [], name


@pytest.mark.parametrize("case", COMPATIBLE)
def test_what_we_call_readable_fastavro_reads(case):
    after, before = COMPATIBLE[case]
    value = {"a": "text", "b": 7}
    for reader, writer in ((after, before), (before, after)):
        written = io.BytesIO()
        known = {f["name"]: value[f["name"]] for f in writer["fields"]}
        fastavro.schemaless_writer(written, fastavro.parse_schema(copy.deepcopy(writer)), known)
        written.seek(0)
        parsed_writer, parsed_reader = (fastavro.parse_schema(copy.deepcopy(s)) for s in (writer, reader))
        read = fastavro.schemaless_reader(written, parsed_writer, parsed_reader)
        assert read == {f["name"]: known.get(f["name"]) for f in reader["fields"]}
