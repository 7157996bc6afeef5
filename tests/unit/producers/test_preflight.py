"""What is said of a push before it is sent: in both languages, never a value of a person."""

from producers.preflight import explain, finding, pointed
from schemas.errors import catalogue
from schemas.rules.catalogue import all_rules
from tests.unit.producers.made import VNEDU, listing, pupils, read


def test_every_code_that_a_record_can_be_refused_for_is_explained() -> None:
    for code in {r.id for r in all_rules()} | {c for c in catalogue() if c.startswith(("CELL", "ENV"))}:
        vi, en = explain(code)
        assert vi != code
        assert en != code
    assert explain("XX-999") == ("XX-999", "XX-999")


def test_a_finding_of_a_packet_has_its_pointer() -> None:
    tables = read(pupils({}, {})).tables
    header = {"Source": "file1", "Sheet": "LstHocSinh"}
    found = [
        finding("refused", "HocSinh", header, "HS-2", 2, "HS-002", fields)
        for fields in (["HoTen"], ["HoTen", "NgaySinh"], [])
    ]
    told = [f.as_dict()["pointer"] for f in pointed(found, tables)]
    assert told == ["/LstHocSinh/1/HoTen", "/LstHocSinh/1", "/LstHocSinh/1"]
    assert [f.place.pointer for f in pointed(found, read(listing({}), VNEDU).tables)] == ["", "", ""]
