"""`csdl adapters list` and `detect`: what is known, what a file is, what is still to be told."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cli.main import main
from producers.layouts import library
from tests.unit.producers.made import CAPTIONS, ROW, listing, pupils, workbook


def run(*args: str) -> Result:
    return CliRunner().invoke(main, ["adapters", *args])


@pytest.fixture(autouse=True)
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def detected(*names: str, exit_code: int) -> list[dict[str, Any]]:
    result = run("detect", "--json", *names)
    assert result.exit_code == exit_code
    found: list[dict[str, Any]] = json.loads(result.stdout)["files"]
    return found


def test_every_layout_is_listed_with_the_fields_of_its_columns() -> None:
    listed = {d["layout"]: d for d in json.loads(run("list", "--json").stdout)}
    assert set(listed) == set(library().layouts)
    names = {c["path"]: c["fields"] for c in listed["vnedu_student_list_38"]["columns"]}
    assert names["Họ tên"] == ["HocSinh.HoTen", "HocSinh.TenHocSinh"]
    assert (listed["vnedu_subject_marks"]["sent"], listed["vnedu_subject_marks"]["carries"]) == (
        False,
        "marks",
    )
    assert {"path": "LstHocSinh[].HoTen", "fields": ["HocSinh.HoTen"]}.items() <= next(
        c for c in listed["packet"]["columns"] if c["path"] == "LstHocSinh[].HoTen"
    ).items()
    text = run("list")
    assert text.exit_code == 0 and "vnedu_student_list_54" in text.stdout


def test_a_list_is_detected_with_its_header_its_columns_and_what_is_to_be_told(in_folder: Path) -> None:
    (in_folder / "list.xlsx").write_bytes(listing({}, captions=[*CAPTIONS, "Sở thích"]))
    (one,) = detected("list.xlsx", exit_code=0)
    assert (one["layout"], one["sureness"], one["record_type"]) == (
        "vnedu_student_list_38",
        "sure",
        "HocSinh",
    )
    assert (one["asked"], one["says"]) == (["school"], {"year": 2019, "vendor": "vnedu"})
    (found,) = one["sheets"][0]["tables"]
    assert found["header_rows"] == [7]
    columns = {c["path"]: c for c in found["columns"]}
    assert columns["Lớp học"]["fields"] == ["HocSinh.MaLopHocDn", "HocSinh.MaLopHocCn", "HocSinh.KhoiHoc"]
    assert (columns["Họ tên"]["column"], columns["Họ tên"]["by"], columns["Họ tên"]["guessed"]) == (
        "H", "caption", False,
    )  # fmt: skip
    assert [c["path"] for c in found["left_over"]] == ["Sở thích"]
    assert found["why"]["runners_up"][0]["layout"] == "vnedu_student_list_54"
    text = run("detect", "list.xlsx")
    assert text.exit_code == 0
    assert "H Họ tên → HocSinh.HoTen, HocSinh.TenHocSinh (caption)" in text.stdout


def test_marks_are_named_and_several_files_each_have_their_answer(in_folder: Path) -> None:
    captions = ["STT", "Mã học sinh", "Họ và tên", "ĐĐGtx", "ĐĐGgk", "ĐĐGck", "ĐTBmhk", "Nhận xét"]
    (in_folder / "marks.xlsx").write_bytes(workbook({"6A": [["HỌC KỲ 2"], captions, ["1"] * 8]}))
    (in_folder / "packet.json").write_bytes(pupils({}))
    (in_folder / "noise.xlsx").write_bytes(workbook({"S": [["a", "b"], ["c", "d"]]}))
    (in_folder / "cut.json").write_bytes(b'{"a": ')
    marks, packet, noise, cut, absent = detected(
        "marks.xlsx", "packet.json", "noise.xlsx", "cut.json", "absent.xlsx", exit_code=1
    )
    assert (marks["carries"], marks["sent"], marks["says"]["term"]) == ("marks", False, "2")
    assert (packet["layout"], packet["asked"], packet["records"]) == ("packet", ["vendor"], {"HocSinh": 1})
    assert (noise["layout"], noise["sent"], noise["sureness"]) == (None, False, "unknown")
    assert [p["code"] for p in cut["problems"]] == ["FILE-004"]
    assert [p["code"] for p in absent["problems"]] == ["FILE-001"]
    assert detected("packet.json", exit_code=0)[0]["sent"]
    assert "FILE-004" in run("detect", "cut.json").output


def test_a_list_of_no_layout_says_what_is_guessed_and_by_what(in_folder: Path) -> None:
    captions = ["STT", "Student code", "Tên HS", "Phái", "Ngày sinh", "Mã định danh"]
    row = ["1", "HS1", ROW["Họ tên"], "Nam", "05/09/2008", "1900000001"]
    (in_folder / "own.xlsx").write_bytes(workbook({"6A1": [captions, row]}))
    (one,) = detected("own.xlsx", exit_code=0)
    (found,) = one["sheets"][0]["tables"]
    assert (one["layout"], one["record_type"], found["class_from"]) == (None, "HocSinh", "sheet")
    guessed = {c["path"]: c["by"] for c in found["columns"] if c["guessed"] and c["fields"]}
    assert guessed == {**dict.fromkeys(captions[1:5], "field synonym"), "Mã định danh": "values"}


def test_a_column_that_nothing_decides_is_asked_for_and_can_be_answered(in_folder: Path) -> None:
    captions = ["STT", "Mã học sinh", "Họ và tên", "Lớp", "Phái", "Ngày sinh"]
    row = ["1", "1900000001", ROW["Họ tên"], "6A1", "Nam", "05/09/2008"]
    (in_folder / "own.xlsx").write_bytes(workbook({"DS": [captions, row]}))
    (one,) = detected("own.xlsx", exit_code=0)
    assert "column Mã học sinh" in one["asked"]
    (doubtful,) = one["sheets"][0]["tables"][0]["left_over"]
    assert (doubtful["path"], doubtful["doubt"]) == ("Mã học sinh", "ambiguous")
    assert doubtful["may_be"] == ["HocSinh.ClientId", "HocSinh.MaHocSinh"]
    (told,) = detected("own.xlsx", "--column", "Mã học sinh=ClientId", exit_code=0)
    assert not [a for a in told["asked"] if a.startswith("column")]
    columns = {c["path"]: c for c in told["sheets"][0]["tables"][0]["columns"]}
    assert (columns["Mã học sinh"]["fields"], columns["Mã học sinh"]["by"]) == (["HocSinh.ClientId"], "told")
    for wrong in ("Mã số=ClientId", "Mã học sinh=Khong", "Mã học sinh"):
        assert run("detect", "own.xlsx", "--column", wrong).exit_code == 1


def test_a_folder_of_layouts_that_cannot_be_read_is_one_code(
    in_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CSDL_LAYOUTS_DIR", str(in_folder))
    result = run("list")
    assert result.exit_code == 1
    assert "FILE-035" in result.output
