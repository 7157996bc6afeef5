"""JSON that no program should write: refused in its place, never a crash, never another value."""

import json
from typing import Any

import pytest

from producers.adapters import packet_columns
from producers.model import SourceTable
from schemas.contracts.contracts import record
from tests.unit.producers.made import CLASS, PUPIL, SCHOOL, YEAR, packet, problems, pupils, read, table

STAFF = {"ClientId": "C-1", "MaCanBo": "1900000101"}


def refused(found: SourceTable) -> list[tuple[int, str, list[str]]]:
    return [(row, rule, fields) for _, row, rule, fields in found.refused.iter_rows()]


@pytest.mark.parametrize("odd", [None, 5, "x", [], True, [None], ["01"]], ids=str)
@pytest.mark.parametrize("first", [True, False])
def test_what_stands_where_a_record_is_due_is_refused_in_its_place(odd: Any, first: bool) -> None:
    items = [odd, PUPIL] if first else [PUPIL, odd]
    found = table(read(packet(LstHocSinh=items)))
    assert refused(found) == [(items.index(odd) + 1, "CELL-109", [])]
    assert found.records.height == 1


@pytest.mark.parametrize("odd", [None, 5, "x", [], True], ids=str)
@pytest.mark.parametrize(
    "items", [lambda odd, good: [odd], lambda odd, good: [odd, good], lambda odd, good: [good, odd]]
)
def test_what_stands_where_a_nested_record_is_due_refuses_the_record_around_it(odd: Any, items: Any) -> None:
    subjects = items(odd, {"MaMonHoc": "22"})
    teachers = [{"MaMonHoc": "22", "DsGiaoVien": items(odd, {"HocKy": 1})}]
    classes = [
        {**CLASS, "ClientId": "L-1", "TenLopHoc": "6A1", "DsMonHoc": subjects},
        {**CLASS, "ClientId": "L-2", "TenLopHoc": "6A2", "DsMonHoc": teachers},
        {**CLASS, "ClientId": "L-3", "TenLopHoc": "6A3"},
    ]
    found = table(read(packet(LstLopHocInfo=classes)), "LopHoc")
    assert [(row, fields) for row, _, fields in refused(found)] == [
        (1, [f"DsMonHoc[{subjects.index(odd)}]"]),
        (2, [f"DsMonHoc[0].DsGiaoVien[{subjects.index(odd)}]"]),
    ]
    assert found.records["_row"].to_list() == [3]


@pytest.mark.parametrize(
    "codes", [[None], [None, "01"], ["01", None], [None, None], [True], [1.5], [{}]], ids=str
)
def test_what_stands_where_a_code_is_due_refuses_its_record(codes: list[Any]) -> None:
    staff = [{**STAFF, "LstNhiemVuKiemNhiem": codes}, {**STAFF, "ClientId": "C-2"}]
    found = table(read(packet(LstCanBo=staff)), "CanBo")
    ((row, rule, fields),) = refused(found)
    wrong = [f"LstNhiemVuKiemNhiem[{at}]" for at, code in enumerate(codes) if code != "01"]
    assert (row, fields) == (1, wrong) and rule in ("CELL-101", "CELL-106")


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("ClientId", True, "CELL-106"),
        ("DchiThtru", False, "CELL-106"),
        ("GioiTinh", True, "CELL-106"),
        ("ThuTu", True, "CELL-106"),
        ("NgaySinh", True, "CELL-106"),
        ("ClientId", 1e17, "CELL-108"),
        ("ClientId", 1.5, "CELL-108"),
        ("SoDthoaiDdong", 9e8, "CELL-108"),
    ],
)
@pytest.mark.parametrize(
    "others", [[], [{}], [{"ClientId": 7, "GioiTinh": 2}]], ids=["alone", "usual", "mixed"]
)
def test_a_truth_value_or_a_rounded_number_is_no_text(
    field: str, value: Any, code: str, others: list[dict[str, Any]]
) -> None:
    found = table(read(pupils({field: value}, *others)))
    assert refused(found) == [(1, code, [field])]
    assert found.records.height == len(others)


@pytest.mark.parametrize("text", ["1e999", "-1e999", '"inf"', '"nan"', '"Infinity"', '"-inf"'])
def test_a_number_without_bounds_is_none(text: str) -> None:
    double = next(f.name for f in record("TruongHoc").fields if f.avro_type == "double")
    school = f'{{"MaTruongHoc":"{SCHOOL}","NamHoc":{YEAR},"{double}":{text}}}'
    data = f'{{"MaTruongHoc":"{SCHOOL}","NamHoc":{YEAR},"LoaiDongBo":1,"TruonghocInfo":{school}}}'
    assert refused(table(read(data.encode()), "TruongHoc")) == [(1, "CELL-104", [double])]


def test_a_whole_number_may_stand_for_a_code_as_it_is_written() -> None:
    found = table(read(pupils({"ClientId": 12345678901234567890})))
    assert found.records["ClientId"].to_list() == ["12345678901234567890"]


def test_both_spellings_of_one_part_are_a_part_said_twice() -> None:
    school = {"MaTruongHoc": SCHOOL, "NamHoc": YEAR}
    data = packet(TruonghocInfo=school, TruongHocInfo={**school, "TenTruongHoc": "Khác"})
    assert [(p.code, p.place.field) for p in problems(data)] == [("FILE-008", "TruongHocInfo")]


def test_a_file_cannot_make_its_own_error_long() -> None:
    long = "x" * 100_000
    data = packet(**{long: 1}, MaTruongHoc=long, LstHocSinh=[PUPIL])
    for problem in problems(data):
        assert len(json.dumps(problem.as_dict())) < 3000
    reading = read(pupils({long: 1}))
    assert all(len(json.dumps(w.as_dict())) < 3000 for w in reading.warnings)


def test_a_packet_of_names_or_records_without_end_is_given_up() -> None:
    names = {f"a{n}": 1 for n in range(2_000)}
    for data, field in (
        (pupils(names), "LstHocSinh"),
        (pupils(*({name: 1} for name in names)), "LstHocSinh"),
        (packet(LstHocSinh=[None] * 150_001), "LstHocSinh"),
        (packet(**names), ""),
    ):
        assert [(p.code, p.place.field) for p in problems(data)] == [("FILE-026", field)]


NAMES = "{" + ",".join(f'"k{n}":1' for n in range(20_000)) + "}"


@pytest.mark.parametrize(
    ("around", "due"),
    [
        ('"Xyz":%s', [(3, "CELL-110", ["ClientId"])]),
        ('"Xyz":[%s]', [(3, "CELL-110", ["ClientId"])]),
        ('"KhoiHoc":%s', [(3, "CELL-106", ["KhoiHoc"])]),
        ('"DsMonHoc":[{"Xyz":%s}]', [(3, "CELL-110", ["ClientId"])]),
    ],
)
def test_names_below_the_top_become_no_columns(around: str, due: Any, monkeypatch: Any) -> None:
    """20,000 names in one record times 30,000 records ended Python for want of memory."""
    monkeypatch.setattr(packet_columns, "_arrow", lambda *_: pytest.fail("read by Arrow"))
    plain = [{**CLASS, "ClientId": f"L-{n}", "TenLopHoc": f"6A{n}"} for n in (1, 2)]
    rows = ",".join([*(json.dumps(c) for c in plain), "{" + around % NAMES + "}"])
    data = packet(LstLopHocInfo="@").replace(b'"@"', f"[{rows}]".encode())
    found = table(read(data), "LopHoc")
    assert found.records.height == 2 and refused(found) == due


@pytest.mark.parametrize(
    "items",
    [NAMES, f'{{"DsGiaoVien":[{NAMES}]}}', ",".join(["{}"] * 150_001)],
    ids=["names", "deeper", "items"],
)
def test_more_names_or_items_than_any_list_has_are_one_code(items: str) -> None:
    rows = json.dumps(CLASS)[:-1] + f', "DsMonHoc":[{items}]}}'
    data = packet(LstLopHocInfo="@").replace(b'"@"', f"[{rows}]".encode())
    assert [p.code for p in problems(data)] == ["FILE-026"]


def test_a_member_said_a_hundred_thousand_times_is_said_at_once() -> None:
    """Each was counted among all."""
    data = b'{"X":0' + b',"X":1' * 100_000 + b"}"
    assert "FILE-008" in [p.code for p in problems(data)]
