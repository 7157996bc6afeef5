"""Preflight refuses what the stream and the load would refuse: their own functions say it."""

from datetime import date
from typing import Any

import pytest

from cli.rehearsal import rehearse
from producers.preflight import Finding, by_place, warned
from schemas.organisation.organisation import Organisation
from schemas.organisation.units import Kind, Period, Unit
from tests.unit.producers.made import CLASS, PUPIL, SCHOOL, SMAS, VNEDU, YEAR, listing, packet, pupils, read


def known(until: date | None = None) -> Organisation:
    return Organisation([Unit(SCHOOL, Kind.SCHOOL, (Period(date(2000, 1, 1), until, "Mẫu", "164"),))])


KNOWN = known()
Said = list[tuple[str, int, str]]


def findings(data: bytes, target: Any = SMAS, organisation: Organisation = KNOWN) -> list[Finding]:
    reading = read(data, target)
    told = rehearse(reading.tables, target, organisation, [YEAR])
    return by_place([*told, *warned(reading.tables, reading.warnings, target)])


def said(data: bytes, verdict: str = "refused", target: Any = SMAS) -> Said:
    return [(f.rule, f.place.row, f.place.field) for f in findings(data, target) if f.verdict == verdict]


def test_faults_of_cells_and_broken_rules_are_told_alike() -> None:
    found = findings(pupils({}, {"TrangThai": 5}, {"HoTen": None}, {"Xyz": 1}))
    refused = [(f.rule, f.client_id, f.place.row, f.place.field) for f in found if f.verdict == "refused"]
    assert refused == [("CELL-101", "HS-2", 2, "TrangThai"), ("HS-002", "HS-3", 3, "HoTen")]
    assert "ENV-312" in {f.rule for f in found if f.verdict == "warning"}
    assert all(f.message_vi and f.message_en for f in found)
    assert all(str(PUPIL["HoTen"]) not in str(f.as_dict()) for f in found)


@pytest.mark.parametrize(
    ("change", "rule", "field"),
    [
        ({"DchiThtru": "a\x00b"}, "VAL-008", "DchiThtru"),
        ({"ClientId": "x" * 201}, "VAL-007", "ClientId"),
        ({"MaHocSinh": "x" * 201}, "VAL-007", "MaHocSinh"),
    ],
)
def test_what_validation_refuses_beyond_the_rules_is_told(
    change: dict[str, str], rule: str, field: str
) -> None:
    assert (rule, 2, field) in said(pupils({}, change))


def test_a_nul_in_a_nested_list_is_told() -> None:
    odd = {**CLASS, "DsMonHoc": [{"MaMonHoc": "22", "DsGiaoVien": [{"HocKy": 1, "MaGiaoVien": "a\x00"}]}]}
    assert ("VAL-008", 1, "DsMonHoc") in said(packet(LstLopHocInfo=[odd]))


@pytest.mark.parametrize(
    ("number", "field"), [("019212000001", "MaCongDan"), ("1900000101", "MaHocSinh"), ("012345678", "SoCmnd")]
)
def test_one_number_on_two_pupils_is_told(number: str, field: str) -> None:
    assert ("REC-001", 3, field) in said(pupils({}, {field: number}, {field: f" {number}"}))


def test_a_class_that_stands_twice_is_told() -> None:
    other = {**CLASS, "ClientId": "L-2", "MaLopHoc": "LH77"}
    same = {**CLASS, "ClientId": "L-3", "MaLopHoc": "LH77", "TenLopHoc": "6A9"}
    assert ("REC-001", 2, "MaLopHoc") in said(packet(LstLopHocInfo=[other, same]))


def test_a_number_that_two_keep_because_a_stronger_one_differs_is_a_warning() -> None:
    both = [{"MaCongDan": f"01921200000{n}", "SoCmnd": "012345678"} for n in (1, 2)]
    warnings = said(pupils(*both), "warning")
    assert [w for w in warnings if w[0] == "REC-010"] == [("REC-010", 1, "SoCmnd"), ("REC-010", 2, "SoCmnd")]
    assert not [f for f in said(pupils(*both)) if f[0].startswith("REC")]


def test_a_list_is_judged_as_a_packet_is() -> None:
    number = {"Mã MOET": "1900000101"}
    assert said(listing(number, {}, number), target=VNEDU) == [("REC-001", 10, "MaHocSinh")]


def test_a_school_that_is_none_today_refuses_all() -> None:
    found = findings(pupils({}, {}), organisation=known(until=date(2020, 1, 1)))
    assert [(f.rule, f.place.row) for f in found if f.verdict == "refused"] == [
        ("ENV-301", 1),
        ("ENV-301", 2),
    ]


def test_what_comes_in_several_chunks_and_files_is_one_push() -> None:
    first, second = (pupils(*[{"ClientId": f"{c}{n}"} for n in range(300)]) for c in "ab")
    reading = read(first, SMAS, second)
    assert rehearse(reading.tables, SMAS, KNOWN, [YEAR]) == []
    number = {"MaHocSinh": "1900000101"}
    reading = read(pupils({"ClientId": "a", **number}), SMAS, pupils({"ClientId": "b", **number}))
    (found,) = rehearse(reading.tables, SMAS, KNOWN, [YEAR])
    assert (found.rule, found.place.file, found.place.row) == ("REC-001", "file2", 1)
