"""Files that cannot be read: a code, a place, both languages; all at once; never a person's value."""

import json
from pathlib import Path

import pytest

from producers import envelope, files
from producers.adapters import sniff
from producers.model import Target
from schemas.errors import Problem, ProblemList
from schemas.organisation.organisation import Organisation
from schemas.organisation.units import Kind, Period, Unit
from tests.unit.producers.made import (
    PUPIL,
    SMAS,
    VNEDU,
    YEAR,
    listing,
    packet,
    problems,
    pupils,
    read,
    workbook,
)

SECRET = "Nguyễn Văn Bí Mật"
GOOD = pupils({"HoTen": SECRET})


def lines(found: list[Problem]) -> list[tuple[str, str]]:
    return [(p.code, str(p.place)) for p in found]


CASES = [
    ("truncated JSON", GOOD[:-30], "FILE-004", "file1 · dòng 1"),
    ("not JSON", b'{"MaTruongHoc": nul}', "FILE-004", "file1 · dòng 1"),
    ("NaN is no JSON", b'{"NamHoc": NaN}', "FILE-004", "file1 · dòng 1"),
    ("a list where the packet is due", b"[" + GOOD + b"]", "FILE-005", "file1"),
    ("unknown top-level object", packet(LstHocSinhs=[PUPIL]), "FILE-006", "file1 · LstHocSinhs"),
    ("capitals count", packet(lstHocSinh=[PUPIL]), "FILE-006", "file1 · lstHocSinh"),
    ("a list where an object is due", packet(TruonghocInfo=[{}]), "FILE-007", "file1 · TruonghocInfo"),
    ("an object where a list is due", packet(LstHocSinh=PUPIL), "FILE-007", "file1 · LstHocSinh"),
    ("a part said twice", GOOD[:-1] + b', "LstHocSinh": []}', "FILE-008", "file1 · LstHocSinh"),
    ("the header said twice", GOOD[:-1] + b', "NamHoc":2019}', "FILE-008", "file1 · NamHoc"),
    ("wrong encoding", GOOD.decode().encode("utf-16"), "FILE-003", "file1"),
    ("an old code page", b'{"a":"\xe1\xba\nx\xff"}', "FILE-003", "file1 · dòng 1"),
    ("a web page", b"<html><p>Kh\xc3\xb4ng c\xc3\xb3</p></html>", "FILE-022", "file1"),
    ("an empty file", b" \n", "FILE-023", "file1"),
    ("no records", packet(LstHocSinh=[]), "FILE-020", "file1"),
    ("no school", packet(MaTruongHoc=None, LstHocSinh=[PUPIL]), "ENV-001", "file1 · MaTruongHoc"),
    ("a school code of nine characters", packet(MaTruongHoc="191649990"), "FILE-010", "file1 · MaTruongHoc"),
    ("another school", packet(MaTruongHoc="19164998"), "FILE-011", "file1 · MaTruongHoc"),
    ("no year", packet(NamHoc=""), "ENV-002", "file1 · NamHoc"),
    ("another year", packet(NamHoc=2018), "FILE-012", "file1 · NamHoc"),
    ("no kind", packet(LoaiDongBo=None), "ENV-003", "file1 · LoaiDongBo"),
    ("another kind", packet(LoaiDongBo=3), "FILE-013", "file1 · LoaiDongBo"),
    ("a zip that is no workbook", b"PK\x03\x04rubbish", "FILE-014", "file1"),
    ("another vendor's file", listing({}), "FILE-024", "file1"),
]


@pytest.mark.parametrize(("data", "code", "place"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_a_packet_that_cannot_be_read_has_a_code_and_a_place(data: bytes, code: str, place: str) -> None:
    found = problems(data)
    assert lines(found) == [(code, place)]
    for text in found[0].messages():
        assert text and SECRET not in text and "{" not in text.replace("{}", "")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (workbook({"S": [["Trường"], ["a", "b"]]}), "FILE-015"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 damaged", "FILE-014"),
        (b"a;b;c\n1;2;3\n", "FILE-015"),
    ],
)
def test_a_list_that_cannot_be_read(data: bytes, code: str) -> None:
    assert [p.code for p in problems(data, VNEDU)] == [code]


def test_a_truncated_packet_says_where_it_stops() -> None:
    (problem,) = problems(b'{"MaTruongHoc": "19164999",\n "NamHoc": 20')
    assert problem.params == {"line": 2, "column": 14, "offset": 41}


def test_all_that_is_wrong_is_said_at_once() -> None:
    first = packet(MaTruongHoc="191649990", NamHoc=2018, LoaiDongBo=3, Lst=1, LstHocSinh={}, TruonghocInfo=[])
    found = problems(first, SMAS, b"[]", GOOD, GOOD)
    assert [p.code for p in found] == [
        "FILE-006", "FILE-007", "FILE-007", "FILE-010", "FILE-012", "FILE-013", "FILE-005", "FILE-019",
    ]  # fmt: skip


def test_a_file_given_twice_is_named() -> None:
    (problem,) = problems(GOOD, SMAS, GOOD)
    assert (problem.code, problem.place.file, problem.params["other"]) == ("FILE-019", "file2", "file1")


def test_missing_and_large_files_are_not_read(tmp_path: Path) -> None:
    large = tmp_path / "large.json"
    with large.open("wb") as out:
        out.truncate(sniff.MAX_BYTES + (1 << 20))
    with pytest.raises(ProblemList) as error:
        files.read([tmp_path / "none.json", large, tmp_path], SMAS)
    assert lines(error.value.problems)[:2] == [("FILE-001", "none.json"), ("FILE-002", "large.json")]
    assert error.value.problems[1].params == {"size": 41, "limit": 40}
    assert error.value.problems[2].code == "FILE-001"


def test_a_workbook_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sniff, "MAX_UNPACKED", 100)
    assert [p.code for p in problems(listing({}), VNEDU)] == ["FILE-002"]


def test_a_nest_without_end_is_refused() -> None:
    deep = b'{"LstHocSinh":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    assert [p.code for p in problems(deep)] == ["FILE-004"]


def test_no_value_of_a_person_stands_in_any_fault_or_warning() -> None:
    row = {
        **PUPIL,
        "HoTen": SECRET,
        "NgaySinh": SECRET,
        "TrangThai": SECRET,
        "KhuyetTat": SECRET,
        "MaDanToc": SECRET,
    }
    reading = read(packet(LstHocSinh=[row]))
    texts = json.dumps(
        [t.refused.to_dicts() for t in reading.tables] + [w.as_dict() for w in reading.warnings]
    )
    listed = read(listing({"Họ tên": SECRET + " (x)", "Ngày sinh": SECRET, "Dân tộc": SECRET}), VNEDU)
    texts += json.dumps(
        [t.refused.to_dicts() for t in listed.tables] + [w.as_dict() for w in listed.warnings]
    )
    assert SECRET not in json.loads(json.dumps(texts)) and json.dumps(SECRET)[1:-1] not in texts


def known() -> Organisation:
    day = envelope.school_year_starts(2000)
    return Organisation([Unit("19164999", Kind.SCHOOL, (Period(day, name="Mẫu", parent="164"),))])


@pytest.mark.parametrize(
    ("target", "codes"),
    [
        (SMAS, []),
        (Target("smas", "19164998", YEAR, "1"), ["ENV-301"]),
        (Target("smas", "191649990", YEAR, "1"), ["FILE-010"]),
        (Target("smas", "19164999", 1999, "1"), ["ENV-301", "ENV-303"]),
        (Target("smas", "19164999", YEAR, "4"), ["ENV-311"]),
        (Target("smas", "19164999", YEAR, "9"), ["ENV-101"]),
        (Target("other", "1", 0, ""), ["FILE-018", "FILE-010", "ENV-303", "ENV-101"]),
    ],
)
def test_a_push_begins_only_for_a_known_school_year_and_kind(target: Target, codes: list[str]) -> None:
    found = envelope.problems(target, known(), [YEAR], ["smas", "vnedu"])
    assert [p.code for p in found] == codes
    assert all(all(p.messages()) and p.place.field for p in found)
