"""`csdl push` and `csdl preflight`: exit codes, JSON, nothing sent where something is wrong."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.main import main
from tests.unit.producers.made import CAPTIONS, SCHOOL, YEAR, listing, pupils


def run(*args: str) -> Result:
    return CliRunner().invoke(main, list(args))


TARGET = ("--vendor", "smas", "--school", SCHOOL, "--year", str(YEAR))


def test_preflight_says_what_it_read_and_would_be_refused_and_sends_nothing(folder: Path) -> None:
    result = run("preflight", *TARGET, "--json", "good.json")
    assert result.exit_code == 1
    said = json.loads(result.stdout)
    assert (said["records"], said["accepted"], said["refused"]) == ({"HocSinh": 2}, 1, 1)
    (rows,) = said["rows"]
    assert (rows["sheet"], rows["rows"], rows["records"], rows["refused"]) == ("LstHocSinh", 2, 2, 1)
    assert said["unknown"] == ["grant", "identities", "versions"]
    assert [(f["rule"], f["row"], f["file"]) for f in said["findings"] if f["verdict"] == "refused"] == [
        ("CELL-101", 2, "good.json")
    ]
    dry_run = run("push", *TARGET, "--dry-run", "good.json")
    assert dry_run.exit_code == 1
    assert "good.json · LstHocSinh: 2 rows read: 2 pupils\n" in dry_run.stdout
    assert "2 records were read = 1 would be taken + 1 refused; 0 findings would keep" in dry_run.stdout


def test_preflight_of_what_would_be_taken_is_exit_0_and_needs_no_stack(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CSDL_BOOTSTRAP_SERVERS")
    monkeypatch.delenv("CSDL_DATABASE_URL")
    (folder / "taken.json").write_bytes(pupils({}))
    result = run("preflight", *TARGET, "--json", "taken.json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["records"] == {"HocSinh": 1}


def test_rows_that_are_no_records_are_counted_and_named(folder: Path) -> None:
    empty = dict.fromkeys(CAPTIONS, "")
    rows: list[dict[str, str]] = [{}, {}, {**empty, "Họ tên": "Tổng số: 2"}, {**empty, "STT": "9"}]
    (folder / "list.xlsx").write_bytes(listing(*rows))
    told = ("--vendor", "vnedu", "--school", SCHOOL, "--year", str(YEAR), "list.xlsx")
    text = run("preflight", *told).stdout
    assert "list.xlsx · Sheet1: đã đọc 4 dòng: 2 học sinh, 2 dòng nêu dưới đây\n" in text
    assert "list.xlsx · Sheet1: 4 rows read: 2 pupils, 2 named below\n" in text
    assert "FILE-252 cảnh báo/warning" in text and "FILE-255 cảnh báo/warning" in text
    (read,) = json.loads(run("preflight", *told, "--json").stdout)["rows"]
    assert (read["rows"], read["records"], read["left_out"]) == (4, 2, {"FILE-252": [10], "FILE-255": [11]})


def test_two_files_of_one_name_are_two_files(folder: Path) -> None:
    for name, client_id in (("a", "1"), ("b", "2")):
        (folder / name).mkdir()
        (folder / name / "x.json").write_bytes(pupils({"ClientId": client_id, "TrangThai": 5}))
    said = json.loads(run("preflight", *TARGET, "a/x.json", "b/x.json", "--json").stdout)
    assert (said["accepted"], said["refused"]) == (0, 2)
    refused = [(f["file"], f["row"]) for f in said["findings"] if f["rule"] == "CELL-101"]
    assert refused == [("x.json", 1), ("x.json (2)", 1)]


def test_all_that_is_wrong_is_printed_in_both_languages_with_exit_1(folder: Path) -> None:
    result = run(
        "push", "--vendor", "smas", "--school", "191649990", "--year", "1999", "bad.json", "none.json"
    )
    assert result.exit_code == 1
    codes = [line.split(" ")[0] for line in result.stderr.splitlines()]
    assert codes == [c for code in ("FILE-010", "ENV-303", "FILE-001", "FILE-004") for c in (code, code)]


def test_json_has_the_place_of_each_fault(folder: Path) -> None:
    result = run("push", *TARGET, "--json", "bad.json")
    assert result.exit_code == 1
    (problem,) = json.loads(result.stdout)["problems"]
    assert (problem["code"], problem["file"], problem["row"]) == ("FILE-004", "bad.json", 1)
    assert problem["message_vi"] and problem["message_en"]


def test_usage_is_exit_2(folder: Path) -> None:
    assert run("push", *TARGET).exit_code == 2
    assert run("push", "good.json").exit_code == 2


def test_a_push_id_must_be_a_uuid(folder: Path) -> None:
    result = run("push", *TARGET, "--push-id", "7", "good.json")
    assert (result.exit_code, result.stderr.split(" ")[0]) == (1, "SEND-003")


def test_a_part_of_the_system_that_is_away_is_exit_3(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("pushes").exit_code == 3
    result = run("push", *TARGET, "good.json")
    assert (result.exit_code, result.stderr.split(" ")[0]) == (3, "SYS-001")
    monkeypatch.setenv("CSDL_REGISTER_FILE", "none.csv")
    assert run("preflight", *TARGET, "good.json").exit_code == 3


def test_a_list_of_a_preschool_gets_no_grade_from_the_names_of_its_classes(folder: Path) -> None:
    register = (folder / "register.csv").read_text(encoding="utf-8")
    (folder / "register.csv").write_text(register.replace(",primary,", ",preschool,"), encoding="utf-8")
    (folder / "list.xlsx").write_bytes(listing({"Lớp học": "5B"}))
    told = ("--vendor", "vnedu", "--school", SCHOOL, "--year", str(YEAR), "list.xlsx")
    said = json.loads(run("preflight", *told, "--json").stdout)
    assert "KhoiHoc" in [f["fields"] for f in said["findings"] if f["verdict"] == "refused"]
