"""Chunks that were written before a contract grew are read as if it always had been so."""

import json
from pathlib import Path

import pytest

from schemas.contracts import freeze
from schemas.encoding import columnar
from schemas.rules.catalogue import in_context, rules, violations
from tests import new_record
from tests.records import CHUNK_HEADER, records

MORE = {
    "name": "GhiChuMoi",
    "type": ["null", "string"],
    "default": None,
    "doc": "Ghi chú — note",
    "label_vi": "Ghi chú",
    "spec_type": "string",
    "required": "no",
    "max_length": 10,
    "pii": "none",
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return new_record.add(tmp_path / "schemas", monkeypatch)


def grow(home: Path, record_type: str, nested: str | None = None) -> None:
    """A field more at the end of a record, or of the records in one of its lists; frozen as version 2."""
    path = home / "records" / record_type / "record.avsc"
    schema = json.loads(path.read_text(encoding="utf-8"))
    fields = schema["fields"]
    if nested:
        fields = next(f for f in fields if f["name"] == nested)["type"][1]["items"]["fields"]
    fields.append(MORE)
    path.write_text(json.dumps(schema), encoding="utf-8")
    new_record.forget()
    assert {c.version for c in freeze.freeze()} == {2}
    new_record.forget()


@pytest.mark.parametrize(("record_type", "nested"), [("HocSinh", None), ("LopHoc", "DsMonHoc")])
def test_a_chunk_of_version_1_gets_the_new_field_as_null(home, record_type, nested):
    before = records(record_type)
    old = columnar.encode_chunk(record_type, CHUNK_HEADER, before)
    grow(home, record_type, nested)
    new = columnar.encode_chunk(record_type, CHUNK_HEADER, records(record_type))
    assert old[1:5] != new[1:5]
    first, second = columnar.decode_chunks([old, new])
    assert first.records.equals(second.records)
    assert first.records.schema == columnar.frame_schema(record_type)
    frame = in_context(first.records, [CHUNK_HEADER], [1])
    assert violations(frame, rules(record_type)).is_empty()


def test_a_vendor_that_still_writes_version_1_is_read_with_one_that_writes_version_2(home):
    old = columnar.encode_chunk("HocSinh", CHUNK_HEADER, records("HocSinh"))
    grow(home, "HocSinh")
    new = columnar.encode_chunk("HocSinh", CHUNK_HEADER, records("HocSinh", {"GhiChuMoi": "mới"}))
    notes = [c.records.get_column("GhiChuMoi").to_list() for c in columnar.decode_chunks([old, new, old])]
    assert notes == [[None], ["mới"], [None]]
