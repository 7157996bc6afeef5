"""NDJSON: the same records as the packet gives, each with its line; all that is wrong at once."""

import json
from collections.abc import Mapping
from random import Random
from typing import Any

import polars as pl
import pytest

from producers import files
from producers.adapters import foreign, packet_lines
from producers.codemaps import seen
from producers.layouts import library
from producers.model import ROW, Reading
from schemas.contracts.contracts_folder import contracts_folder
from schemas.errors import Problem, ProblemList
from tests.unit.producers.damage_json import sow
from tests.unit.producers.made import CLASS, PUPIL, SCHOOL, SMAS, YEAR, packet, problems, read, table

HEAD = {"MaTruongHoc": SCHOOL, "NamHoc": YEAR, "LoaiDongBo": 1}


def pupil(number: int, **change: Any) -> dict[str, Any]:
    return {"LstHocSinh": {**PUPIL, "ClientId": f"HS-{number}", **change}}


def lines(*said: Any, end: str = "\n") -> bytes:
    """Objects, a line each; a text is a line as it stands."""
    written = [one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in said]
    return "".join(line + end for line in written).encode()


def places(found: list[Problem]) -> list[tuple[str, int, str]]:
    return [(p.code, p.place.row, p.place.pointer) for p in found]


def of_packet(data: bytes) -> bytes:
    """A packet as NDJSON, a blank line between its records."""
    members = json.loads(data)
    head = {name: members.pop(name) for name in HEAD}
    said: list[Any] = [head]
    for name, value in members.items():
        said += [{name: one} for one in (value if isinstance(value, list) else [value])]
    return lines(*[part for one in said for part in (one, " ")])


def without_rows(reading: Reading) -> list[tuple[Any, ...]]:
    return [
        (t.record_type, t.sheet, t.records.drop(ROW).to_dicts(), t.refused.drop("Row").to_dicts())
        for t in reading.tables
    ]


def test_lines_give_the_records_that_the_packet_gives() -> None:
    rng = Random(16)
    for _ in range(20):
        sown = sow([{**PUPIL, "ClientId": f"HS-{n}"} for n in range(6)], rng)
        school = {"MaTruongHoc": SCHOOL, "TenTruongHoc": "Mẫu", "NamHoc": YEAR, "CapHoc": "07"}
        records = [item for item in sown.items if isinstance(item, dict)]
        classes = [{**CLASS, "DsMonHoc": [{"MaMonHoc": "15"}, {"MaMonHoc": "999"}]}, CLASS]
        data = packet(TruonghocInfo=school, LstLopHocInfo=classes, LstHocSinh=records)
        assert without_rows(read(of_packet(data))) == without_rows(read(data))


def test_a_record_is_found_at_its_line() -> None:
    data = lines(HEAD, "", {"LstLopHocInfo": CLASS}, pupil(1), "\t", pupil(2, GioiTinh=9), pupil(3))
    found = table(read(data))
    assert found.records[ROW].to_list() == [4, 7]
    assert found.refused.rows() == [("HS-2", 6, "CELL-101", ["GioiTinh"])]
    assert found.place(6, "GioiTinh").pointer == "/LstHocSinh/GioiTinh"
    assert table(read(data), "LopHoc").records[ROW].to_list() == [3]


@pytest.mark.parametrize("odd", ["\u2028", "\u2029", "\u0085", "\x0b", "\x0c", "\x1c", "\r", "\\n"])
@pytest.mark.parametrize("escaped", [True, False])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_only_a_line_feed_ends_a_line(odd: str, escaped: bool, end: str) -> None:
    """Whatever a text holds, with and without a mark at the start and a line feed at the end."""
    said = [json.dumps(pupil(n, NoiSinh=f"a{odd}b"), ensure_ascii=escaped) for n in range(1, 11)]
    data = lines(HEAD, *said, end=end)
    for whole in (data, b"\xef\xbb\xbf" + data, data.rstrip(b"\r\n")):
        found = table(read(whole))
        assert found.records[ROW].to_list() == list(range(2, 12))


def test_no_header_is_the_senders_word() -> None:
    assert table(read(lines(pupil(1), pupil(2)))).records.height == 2
    assert table(read(lines(pupil(1)))).records.height == 1  # a packet holds a list there
    assert [p.code for p in problems(lines({"LstHocSinh": [PUPIL]}))] == ["ENV-001", "ENV-002", "ENV-003"]


def test_what_is_wrong_is_said_at_once_each_with_its_line() -> None:
    twice = json.dumps(pupil(2))[:-2] + ', "Ho\\u0054en": "Khác"}}'
    data = lines(
        {**HEAD, "NamHoc": 2018},
        twice,
        '{"LstHocSinh": {"HoTen": "Nguyễn',
        [],
        pupil(3),
        HEAD,
        {"LstHocSinhs": {}},
        {"LstHocSinh": [PUPIL]},
        {**pupil(4), "LstLopHocInfo": CLASS},
        {},
        '{"LstHocSinh": {}, "Lst\\u0048ocSinh": {}}',
        {"TruonghocInfo": {"MaTruongHoc": SCHOOL}},
        {"TruongHocInfo": {"MaTruongHoc": SCHOOL}},
        '{"LstLopHocInfo": {"DsMonHoc": [{}, {"DsGiaoVien": [{"HocKy": 1, "HocKy": 2}]}]}}',
        '{"LstDiemTruongInfo": {"a": 1, "a": 2}}',
        "5",
    )
    assert sorted(places(problems(data)), key=lambda p: p[1]) == [
        ("FILE-012", 1, "/NamHoc"),
        ("CELL-112", 2, "/LstHocSinh/HoTen"),
        ("FILE-004", 3, ""),
        ("FILE-080", 4, ""),
        ("FILE-081", 6, ""),
        ("FILE-006", 7, "/LstHocSinhs"),
        ("FILE-007", 8, "/LstHocSinh"),
        ("FILE-080", 9, ""),
        ("FILE-080", 10, ""),
        ("FILE-008", 11, "/LstHocSinh"),
        ("FILE-008", 13, "/TruongHocInfo"),
        ("CELL-112", 14, "/LstLopHocInfo/DsMonHoc/1/DsGiaoVien/0/HocKy"),
        ("CELL-112", 15, "/LstDiemTruongInfo/a"),
        ("FILE-080", 16, ""),
    ]


def test_a_line_that_is_no_json_says_where_in_the_file() -> None:
    first = lines(HEAD)
    (problem,) = problems(first + lines("  {\"LstHocSinh\": {'HoTen': 1}}", pupil(1)))
    assert problem.params == {"line": 2, "column": 19, "offset": len(first) + 18}


def test_what_the_sender_says_it_is_counts() -> None:
    """Damaged NDJSON is no more than a text to its content alone."""

    def found(data: bytes, *said: Any) -> list[tuple[str, int, str]]:
        try:
            files.read_contents([("f", data)], SMAS, said=said)
        except ProblemList as error:
            return places(error.problems)
        return []

    assert found(lines("x", pupil(1)), "ndjson") == [("FILE-004", 1, "")]
    assert found(b"x", "json") == [("FILE-004", 1, "")]
    assert found(lines(HEAD, pupil(1)), "ndjson") == []
    assert found(packet(LstHocSinh=[PUPIL]), "json") == []
    assert found(packet(LstHocSinh=[PUPIL]), "ndjson") == [("FILE-080", 1, "")]
    assert found(lines(HEAD, pupil(1)), "json") == [("FILE-082", 0, "")]
    assert found(packet(LstHocSinh=[PUPIL]), "csv") == [("FILE-082", 0, "")]


@pytest.mark.parametrize("indent", [None, 0, 1])
def test_a_packet_over_several_lines_is_a_packet(indent: int | None) -> None:
    said: Mapping[str, Any] = json.loads(packet(LstHocSinh=[{**PUPIL, "ClientId": f"{n}"} for n in (1, 2)]))
    text = (
        json.dumps(said, indent=indent)
        .replace('"LstHocSinh": [', '"LstHocSinh": [\n')
        .replace("}, {", "},\n{")
    )
    found = table(read(text.encode()))
    assert found.records[ROW].to_list() == [1, 2]
    assert found.place(2, "HoTen").pointer == "/LstHocSinh/1/HoTen"


def test_rows_are_of_one_type_though_lists_are_mixed() -> None:
    data = lines(HEAD, pupil(1), {"LstLopHocInfo": CLASS}, pupil(2))
    assert {t.record_type: t.rows.to_list() for t in read(data).tables if t.rows is not None} == {
        "LopHoc": [3],
        "HocSinh": [2, 4],
    }
    assert all(isinstance(t.rows, pl.Series) for t in read(data).tables)


def test_a_file_of_errors_alone_is_told_of_in_a_size_that_can_be_read() -> None:
    twice = '{"ClientId": "1", "a": 1, "a": 2}'
    whole = packet(LstHocSinh="@").replace(b'"@"', f"[{','.join([twice] * 1_500)}]".encode())
    for data in (lines(HEAD, *["x"] * 1_500), lines(*[f'{{"LstHocSinh": {twice}}}'] * 1_500), whole):
        found = problems(data)
        assert len(found) == 1_001
        assert found[-1].code == "FILE-092"


def test_codes_without_a_map_are_found_at_their_lines() -> None:
    data = lines(HEAD, {"LstLopHocInfo": CLASS}, pupil(1), pupil(2, TrangThai="77"), pupil(3, TrangThai="78"))
    found, _ = seen.unknown([("a.ndjson", data)], SMAS, library())
    assert {(one.code, *one.places["a.ndjson", "LstHocSinh"]) for one in found} == {("77", 4), ("78", 5)}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b'{"LstHocSinh": {}}', True),
        (b'{"LstHocSinh": []}', False),
        (b'{"LstHocSinh": {}, "NamHoc": 2019}', False),
        (b'{"Lst\\u0048ocSinh": {}}', True),
        (b'{"LstDiemTruongInfo": {}}', True),
        (b'{"TruonghocInfo": {}}', False),
        (b'{"TruonghocInfo": {}}\n{"x": 1}', True),
        (b'{"TruongHocInfo": {}}\n{"x": 1}', True),
        (b'{"MaTruongHoc": "1", "LstHocSinh": [{}]}', False),
        (b'{"NamHoc": 2019}', False),
        (b'{"NamHoc": 2019}\n{"LstHocSinh": 1}', True),
        (b'{"NamHoc": 2019, "x": 1}\n{"x": 1}', False),
        (b' \t{ "x" : {"LstHocSinh": {}}}\n{"LstHocSinh": {}}', True),
        (b'{\n"LstHocSinh": {}\n}', False),
        (b'{"LstHocSinh": {', False),
        (b'{"x": 1\n{"LstHocSinh": {}}', True),
        ('{"Lớp": {}}\n{}'.encode(), False),
        (b"[1]\n{}", False),
    ],
)
def test_what_is_a_packet_a_record_a_line(data: bytes, expected: bool) -> None:
    assert packet_lines.is_lines(data, foreign._parts(contracts_folder())) is expected
