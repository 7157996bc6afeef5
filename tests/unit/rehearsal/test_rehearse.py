"""Preflight refuses what the stream and the load would refuse: their own functions say it."""

from dataclasses import replace
from datetime import date
from typing import Any

import polars as pl
import pytest

from producers.preflight import Finding, by_place, warned
from rehearsal.rehearse import Rehearsal, rehearse
from schemas.contracts.contracts import record, record_types
from schemas.encoding import codec, columnar
from schemas.encoding.columnar import frame_schema
from schemas.organisation.organisation import Organisation
from schemas.organisation.units import Kind, Period, Unit
from sinks.postgres.copying import Records
from sinks.provincial.load.pushes import Limits
from sinks.provincial.records import rows, tables
from tests import damaged
from tests.unit.producers.made import CLASS, PUPIL, SCHOOL, SMAS, VNEDU, YEAR, listing, packet, pupils, read


def known(until: date | None = None) -> Organisation:
    return Organisation([Unit(SCHOOL, Kind.SCHOOL, (Period(date(2000, 1, 1), until, "Mẫu", "164"),))])


KNOWN = known()
Said = list[tuple[str, int, str]]


def findings(data: bytes, target: Any = SMAS, organisation: Organisation = KNOWN) -> list[Finding]:
    reading = read(data, target)
    told = rehearse(reading.tables, target, organisation, [YEAR])
    return by_place([*told.findings, *warned(reading.tables, reading.warnings, target)])


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


def test_one_number_on_two_pupils_is_told_though_one_is_refused_for_something_else() -> None:
    number = {"MaCongDan": "019212000001"}
    warnings = said(pupils(number, {**number, "HoTen": None}), "warning")
    assert [w for w in warnings if w[0] == "REC-010"] == [
        ("REC-010", 1, "MaCongDan"),
        ("REC-010", 2, "MaCongDan"),
    ]


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
        ("ENV-301", 0),  # the push itself
        ("ENV-301", 1),
        ("ENV-301", 2),
    ]


def test_what_comes_in_several_chunks_and_files_is_one_push() -> None:
    first, second = (pupils(*[{"ClientId": f"{c}{n}"} for n in range(300)]) for c in "ab")
    reading = read(first, SMAS, second)
    told = rehearse(reading.tables, SMAS, KNOWN, [YEAR], parts=["HocSinh"])
    assert not told.refuses
    number = {"MaHocSinh": "1900000101"}
    reading = read(pupils({"ClientId": "a", **number}), SMAS, pupils({"ClientId": "b", **number}))
    told = rehearse(reading.tables, SMAS, KNOWN, [YEAR])
    (found,) = [f for f in told.findings if f.verdict == "refused"]
    assert (found.rule, found.place.file, found.place.row) == ("REC-001", "file2", 1)


def rehearsed(data: bytes, target: Any = SMAS, **more: Any) -> Rehearsal:
    return rehearse(read(data, target).tables, target, KNOWN, [YEAR], **more)


def counts(told: Rehearsal) -> tuple[int, int, int, str | None]:
    push = told.push
    return push.received, push.accepted, push.refused, push.outcome


def test_records_are_counted_not_their_faults() -> None:
    faulty = {"TrangThai": 5, "GioiTinh": "?", "NgaySinh": "x"}
    assert counts(rehearsed(pupils({}, {}, faulty, faulty))) == (4, 2, 2, "version")
    broken = {"HoTen": None, "MaDanToc": None, "DchiThtru": "a\x00"}
    told = rehearsed(pupils({}, {}, broken, broken))
    assert counts(told) == (4, 2, 2, "version")
    assert len([f for f in told.findings if f.verdict == "refused"]) == 6


def test_a_push_of_which_nothing_could_be_taken_is_refused_as_a_whole() -> None:
    told = rehearsed(pupils({"HoTen": None}))
    assert counts(told) == (1, 0, 1, "refused")
    assert "PUSH-007" in [f.rule for f in told.findings if f.verdict == "refused"]


@pytest.mark.parametrize(
    ("limits", "code"), [(Limits(chunks=1), "PUSH-014"), (Limits(bytes=100), "PUSH-015")]
)
def test_a_push_that_is_larger_than_a_push_may_be_is_told(limits: Limits, code: str) -> None:
    data = pupils(*[{} for _ in range(251)])
    told = rehearsed(data, limits=limits)
    assert (told.push.outcome, told.push.code, told.refuses) == ("refused", code, True)
    assert rehearsed(data).push.outcome == "version"


def test_a_day_that_no_calendar_has_is_refused_as_load_does() -> None:
    """Where a rule only warns of it, the database refuses it: it cannot be stored."""
    school = frame_schema("TruongHoc")
    days = pl.Series([-719_600, 11_000, None, 3_000_000], dtype=pl.Int32).cast(pl.Date)
    given = pl.DataFrame({"NgayThanhLap": days, "DiaChi": ["a", "day 5", None, "b"]})
    absent = [pl.lit(None, dtype=t).alias(n) for n, t in school.items() if n not in given.columns]
    texts = Records.of(given.with_columns(absent).select(list(school))).texts
    assert rows.beyond_storing(tables.table("TruongHoc"), texts) == [0, 3]


LOP = {**CLASS, "MaLopHoc": "LH01"}


def found_by_check(*members: Any, **lists: Any) -> list[tuple[str, str, int, str]]:
    told = rehearsed(packet(LstHocSinh=list(members), **lists))
    return [
        (f.rule, f.verdict, f.place.row, f.place.field) for f in told.findings if f.rule.startswith("HS-5")
    ]


def test_a_class_that_the_whole_list_of_classes_lacks_would_keep_the_version_from_being_confirmed() -> None:
    right = {**PUPIL, "MaLopHocDn": "LH01", "MaLopHocCn": "LH01"}
    wrong = {**right, "ClientId": "HS-2", "HoTen": "Lê Thị Thử", "MaLopHocCn": "LH02"}
    assert found_by_check(right, wrong, LstLopHocInfo=[LOP]) == [
        ("HS-502", "blocking", 2, "MaLopHocCn"),
        ("HS-505", "warning", 2, "MaLopHocDn, MaLopHocCn"),
    ]
    other_grade = {**right, "ClientId": "HS-2", "HoTen": "Lê Thị Thử", "KhoiHoc": "07"}
    assert found_by_check(right, other_grade, LstLopHocInfo=[LOP]) == [
        ("HS-503", "blocking", 2, "KhoiHoc, MaLopHocCn")
    ]


def test_what_is_held_of_a_type_that_does_not_come_as_a_whole_is_not_guessed() -> None:
    assert found_by_check(PUPIL) == []
    data = packet(LstHocSinh=[{**PUPIL, "MaLopHocCn": "LH02"}], LstLopHocInfo=[LOP])
    told = rehearsed(data, parts=["LopHoc"])
    assert "HS-502" not in [f.rule for f in told.findings]


def test_a_double_is_warned_of_with_its_grounds_and_twins_are_two_pupils() -> None:
    twins = [
        {**PUPIL, "ClientId": f"T{n}", "HoTen": f"Trần Thị {name}"} for n, name in enumerate(["Hà", "Hạ"])
    ]
    namesake = {**PUPIL, "ClientId": "N", "HoTenMe": "Lê Thị Khác"}
    unnumbered = [{**PUPIL, "ClientId": f"U{n}", "HoTen": f"Phạm Thị {chr(65 + n)}n"} for n in range(10)]
    double = [PUPIL, {**PUPIL, "ClientId": "D"}]
    members = [*twins, namesake, *unnumbered, *double]
    grounds = "HoTen, NgaySinh, HoTenMe"
    assert found_by_check(*members) == [
        ("HS-509", "warning", 14, grounds),
        ("HS-509", "warning", 15, grounds),
    ]
    assert counts(rehearsed(packet(LstHocSinh=members))) == (15, 15, 0, "version")


@pytest.mark.parametrize("seed", range(1, 6))
def test_preflight_refuses_what_validation_refuses_however_it_is_cut(seed: int) -> None:
    target, organisation, tables = damaged.push(seed)
    told = rehearse(tables, target, organisation, [YEAR])
    chunks = [v for v in damaged.verdicts(seed, "p") if codec.contract_name(v) != "PushClosed"]
    by_validation = {
        (chunk.record_type, r["Row"], r["Rule"], ", ".join(r["Fields"]))
        for chunk in columnar.decode_chunks(chunks)
        for r in chunk.header["Refused"]
    }
    by_load = {"REC-001", "REC-002", "REC-003", *(record(t).repeated_client_id for t in record_types())}
    refused = {
        (f.record_type, f.place.row, f.rule, f.place.field) for f in told.findings if f.verdict == "refused"
    }
    assert by_validation <= refused
    assert {rule for _, _, rule, _ in refused - by_validation} <= by_load
    assert told.push.received == told.push.accepted + told.push.refused == sum(t.count for t in tables)


def test_a_table_may_lack_what_its_records_do_not_have() -> None:
    """As the class of ``csdl connect test`` lacks the code that a first push has not."""
    [table] = [t for t in read(packet(LstLopHocInfo=[CLASS]), SMAS).tables if t.record_type == "LopHoc"]
    bare = replace(table, records=table.records.drop("MaLopHoc"))
    assert "REC-010" not in {f.rule for f in rehearse([bare], SMAS, KNOWN, [YEAR]).findings}
