"""Preflight: what the stream would refuse, with place and both languages, before anything is sent."""

from producers.preflight import check, explain
from schemas.errors import catalogue
from schemas.rules.catalogue import all_rules
from tests.unit.producers.made import PUPIL, SMAS, pupils, read


def test_faults_of_cells_and_broken_rules_are_told_alike() -> None:
    reading = read(pupils({}, {"TrangThai": 5}, {"HoTen": None}, {"Xyz": 1}))
    found = check(reading.tables, reading.warnings, SMAS)
    refused = [(f.rule, f.client_id, f.place.row, f.place.field) for f in found if f.verdict == "refused"]
    assert refused == [("CELL-101", "HS-2", 2, "TrangThai"), ("HS-002", "HS-3", 3, "HoTen")]
    warned = {f.rule for f in found if f.verdict == "warning"}
    assert "ENV-312" in warned
    assert all(f.message_vi and f.message_en for f in found)
    assert all(str(PUPIL["HoTen"]) not in str(f.as_dict()) for f in found)


def test_every_code_that_a_record_can_be_refused_for_is_explained() -> None:
    for code in {r.id for r in all_rules()} | {c for c in catalogue() if c.startswith(("CELL", "ENV"))}:
        vi, en = explain(code)
        assert vi != code
        assert en != code
    assert explain("XX-999") == ("XX-999", "XX-999")
