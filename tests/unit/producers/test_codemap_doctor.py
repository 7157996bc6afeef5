"""Code maps with versions and dates, and what the doctor says of them."""

import csv
import hashlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.main import main
from producers import codemaps, files
from producers.codemaps import doctor, entries, map_files, seen
from producers.codemaps.code_map import unambiguous
from producers.layouts import library
from producers.model import Target
from schemas.errors import ProblemList
from tests.unit.producers.made import SCHOOL, SMAS, VNEDU, YEAR, listing, packet, pupils, read, table

LISTS = {"A": ["01", "02", "03", "22"], "B": ["1", "2"]}
HEAD = "codelist,vendor_code,ministry_code,valid_from,valid_to,note\n"


def examined(*lines: str, withdrawn: tuple[doctor.Withdrawal, ...] = ()) -> list[tuple[str, int]]:
    parsed = entries.parse(HEAD + "\n".join(lines), "made.csv")
    return [(p.code, p.place.row) for p in doctor.examine("made", "made.csv", parsed, LISTS, withdrawn)]


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (["A,01,01,,,", "A,1,01,,,"], []),
        (["A,2,03,,,"], [("MAP-010", 2)]),  # 02 is another
        (["A,02,02,,,", "A,2,03,,,"], [("MAP-010", 3)]),
        (["A,002,03,,,"], [("MAP-010", 2)]),
        (["A,2,,,,"], [("MAP-010", 2)]),  # nothing to send, where 02 is something
        (["A,22,03,,,"], [("MAP-011", 2)]),
        (["A,x,01,,,", "A,x,02,,,"], [("MAP-012", 2)]),
        (["A,Xe,01,,,", "A,XE,02,,,"], [("MAP-012", 2)]),  # one, as cells are compared
        (["A,x,01,,2020,", "A,x,02,2021,,"], []),
        (["A,x,01,,2020,", "A,x,02,2020,,"], [("MAP-012", 2)]),
        (["A,x,01,,2019,", "A,x,01,2022,,"], [("MAP-013", 2)]),
        (["A,x,01,2022,,", "A,x,01,,2019,"], [("MAP-013", 2)]),  # in any order
        (["A,x,99,,,"], [("MAP-014", 2)]),
        (["C,x,1,,,", "C,y,2,,,"], [("MAP-016", 2)]),
        (["B,1,1,,,", "B,2,2,,,"], []),
    ],
)
def test_the_doctor_finds(lines: list[str], found: list[tuple[str, int]]) -> None:
    assert examined(*lines) == found


def test_a_withdrawn_code_is_found_where_the_line_outlives_it() -> None:
    gone = (doctor.Withdrawal("A", "01", 2023, "03"),)
    assert examined("A,x,01,,,", withdrawn=gone) == [("MAP-015", 2)]
    assert examined("A,x,01,,2024,", withdrawn=gone) == [("MAP-015", 2)]
    assert examined("A,x,01,,2023,", "A,x,03,2024,,", withdrawn=gone) == []


def test_a_code_of_two_meanings_is_no_code() -> None:
    parsed = entries.parse(HEAD + "A,x,01,,,\nA,x,02,,,\nA,y,03,,,", "made.csv")
    assert unambiguous("made", parsed) == [("A", "y", "03")]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("codelist,vendor_code\nA,x", [1]),
        (HEAD + "A,x,01,soon,,\nA,y,01,,2020-02-30,\nA,z,01,2021,2020,\n,z,01,,,", [2, 3, 4, 5]),
    ],
)
def test_every_line_that_cannot_be_read_is_named(text: str, rows: list[int]) -> None:
    with pytest.raises(ProblemList) as raised:
        entries.parse(text, "made.csv")
    assert [(p.code, p.place.row) for p in raised.value.problems] == [("MAP-002", row) for row in rows]


@pytest.mark.parametrize(
    ("first", "last", "in_force"),
    [
        ("2019", "2020", [2019, 2020]),
        ("2019-09-01", "2021-08-31", [2019, 2020]),  # the first days of school years, 1 September
        ("2019-09-02", "", [2020, 2021, 2022]),
        ("", "2019-09-01", [2018, 2019]),
    ],
)
def test_a_line_holds_in_the_school_years_whose_first_day_it_covers(
    first: str, last: str, in_force: list[int]
) -> None:
    (entry,) = entries.parse(f"{HEAD}A,x,01,{first},{last},", "made.csv")
    assert [year for year in range(2018, 2023) if entry.in_force(year)] == in_force


@pytest.fixture
def third_vendor(tmp_path: Path) -> Path:
    """A vendor that nobody has seen: data alone. In 2021 its 9 became another sex; version 2 knows 7, too."""
    formats = "name,record_type,carries,sent,vendors,codemap,kind,title_vi,title_en,note\n"
    (tmp_path / "formats.csv").write_text(
        formats + "acme_packet,,packet,yes,acme,acme,packet,gói,packet,\n", encoding="utf-8"
    )
    own = [e for e in codemaps.read("smas") if e.codelist != "GIOI_TINH"]
    rows = "".join(f"{e.codelist},{e.vendor_code},{e.ministry_code or ''},,,\n" for e in own)
    dated = "GIOI_TINH,9,01,,2020,\nGIOI_TINH,9,02,2021,,\n"
    (tmp_path / "codemap_acme.csv").write_text(HEAD + rows + dated, encoding="utf-8")
    (tmp_path / "codemap_acme-2.csv").write_text(
        HEAD + rows + dated + "GIOI_TINH,7,01,,,\n", encoding="utf-8"
    )
    return tmp_path


def test_a_third_vendors_map_is_data_and_the_pushs_year_chooses(third_vendor: Path) -> None:
    known = library(third_vendor)
    for year, sex in ((2019, "01"), (2020, "01"), (2021, "02")):
        data = pupils({"GioiTinh": 9}, {"GioiTinh": 7}, {"GioiTinh": 1})
        data = data.replace(f'"NamHoc": {YEAR}'.encode(), f'"NamHoc": {year}'.encode())
        reading = files.read_contents([("a.json", data)], Target("acme", SCHOOL, year, "1"), known=known)
        found = table(reading)
        assert found.records["GioiTinh"].to_list() == [sex, "01"]
        assert found.refused["Rule"].to_list() == ["CELL-101"]
        assert reading.codemaps == ["acme 2"]
    folders = (third_vendor,)
    assert "7" not in codemaps.load("acme", 2019, folders, version=1).entries("GIOI_TINH")
    assert [m.label for m in map_files.versions("acme", folders)] == ["acme 1", "acme 2"]


def test_a_push_says_which_maps_it_was_read_by() -> None:
    assert read(pupils({}), SMAS).codemaps == ["smas 1"]
    assert "vnedu 2" in read(listing({}), VNEDU).codemaps


def test_a_map_that_was_released_never_changes() -> None:
    with (Path(str(map_files.OWN)) / "versions.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    listed = {(line["map"], int(line["version"])) for line in lines}
    assert listed == {(m.name, m.version) for name in map_files.names() for m in map_files.versions(name)}
    for line in lines:
        if line["sha256"]:  # a change is a new version: <map>-<n>.csv and a line
            text = codemaps.map_file(line["map"], (), int(line["version"])).file.read_bytes()
            assert hashlib.sha256(text).hexdigest() == line["sha256"], line["map"]


def test_unknown_codes_of_files_are_counted_by_field_and_no_text_of_a_person_is_shown(tmp_path: Path) -> None:
    sent = pupils({"GioiTinh": 8}, {"GioiTinh": 8}, {"MaDanToc": "Trần Thị Mẹ"}, {"MaDanToc": "0900000001"})
    sheet = listing({"Giới tính": "X9"}, {"Giới tính": "Nguyễn An"}, {})
    contents = [("a.json", sent), ("b.xlsx", sheet), ("c.txt", b"")]
    found, problems = seen.unknown(contents, Target("vnedu", "", 2026, "1"), library())
    assert [p.code for p in problems] == ["FILE-023"]
    told = [(c.record_type, c.field_name, c.code, c.count, c.places) for c in found]
    assert told == [
        ("HocSinh", "GioiTinh", "8", 2, {("a.json", "LstHocSinh"): [1, 2]}),
        ("HocSinh", "GioiTinh", "X9", 1, {("b.xlsx", "Sheet1"): [8]}),
        ("HocSinh", "GioiTinh", "", 1, {("b.xlsx", "Sheet1"): [9]}),
        ("HocSinh", "MaDanToc", "", 2, {("a.json", "LstHocSinh"): [3, 4]}),
    ]
    paths = []
    for name, data in contents[:2]:
        (tmp_path / name).write_bytes(data)
        paths.append(str(tmp_path / name))
    result = CliRunner().invoke(main, ["codemap", "doctor", "vnedu", *paths])
    assert result.exit_code == 1
    assert "MAP-018" in result.output and "MAP-019" in result.output
    assert not any(text in result.output for text in ("Trần", "Nguyễn", "0900000001", "\r", "\x1b"))


def test_of_the_codes_of_a_list_in_a_record_only_the_unknown_ones_are_named() -> None:
    person = {
        "ClientId": "C-1",
        "LstNhiemVuKiemNhiem": ["1", "Q7", "1"],
        "LstQuaTrinhLuong": [{"MaNgach": "ZZ9"}, {"MaNgach": "01"}, {}],
    }
    found, _ = seen.unknown([("a.json", packet(LstCanBo=[person]))], SMAS, library())
    assert [(c.field_name, c.code, c.count) for c in found] == [
        ("LstNhiemVuKiemNhiem", "Q7", 1),
        ("LstQuaTrinhLuong.MaNgach", "ZZ9", 1),
    ]


def test_the_doctor_by_command(tmp_path: Path) -> None:
    made = tmp_path / "made.csv"
    made.write_text(HEAD + "GIOI_TINH,Nam,01,,,\n", encoding="utf-8")
    clean = CliRunner().invoke(main, ["codemap", "doctor", str(made), "--json"])
    assert (clean.exit_code, json.loads(clean.output)["findings"]) == (0, [])
    smas = CliRunner().invoke(main, ["codemap", "doctor", "smas", "--json"])
    assert smas.exit_code == 1
    told = {(f["code"], f["field"]) for f in json.loads(smas.output)["findings"]}
    assert {("MAP-010", "NHOM_CAN_BO"), ("MAP-011", "MON_HOC"), ("MAP-014", "DAN_TOC")} <= told
    unknown = CliRunner().invoke(main, ["codemap", "doctor", "nobody"])
    assert unknown.exit_code == 1 and "MAP-001" in unknown.output
    shown = CliRunner().invoke(main, ["codemap", "show", "smas", "--year", "2019", "--json"])
    assert {"codelist": "NHOM_CAN_BO", "vendor_code": "2", "ministry_code": "03", "valid_from": None,
            "valid_to": None} in json.loads(shown.output)["entries"]  # fmt: skip
