"""`csdl preflight --marked --csv`: what is written, what never is."""

import csv
import io
import json
from pathlib import Path

from click.testing import CliRunner, Result

from cli.main import main
from tests.unit.feedback.books import coloured, opened, school_list
from tests.unit.producers.made import SCHOOL, VNEDU, YEAR, pupils, workbook

TARGET = ("--vendor", VNEDU.vendor, "--school", SCHOOL, "--year", str(YEAR))


def run(*args: str) -> Result:
    return CliRunner().invoke(main, list(args))


def test_preflight_writes_the_marked_copy_and_the_report(folder: Path):
    (folder / "hs.xlsx").write_bytes(school_list({"Dân tộc": "?"}, {"Họ tên": "=HYPERLINK(1)"}))
    result = run("preflight", *TARGET, "hs.xlsx", "--marked", "ra.xlsx", "--csv", "bao cao.csv", "--json")
    found = json.loads(result.stdout)["findings"]
    assert result.exit_code == 1
    cells = {f["cell"] for f in found} - {""}
    assert "R8" in cells and coloured((folder / "ra.xlsx").read_bytes()) == cells
    report = (folder / "bao cao.csv").read_bytes().decode("utf-8-sig")
    lines = list(csv.reader(io.StringIO(report)))
    assert len(lines) == 1 + sum(not f["rule"].startswith("CLOCK") for f in found)
    assert ["hs.xlsx", "R8"] in [line[:2] for line in lines]
    assert (folder / "ra.xlsx").stat().st_mode & 0o077 == 0


def test_a_corrected_copy_is_read_and_its_marks_go(folder: Path):
    (folder / "hs.xlsx").write_bytes(school_list({"Dân tộc": "?"}))
    run("preflight", *TARGET, "hs.xlsx", "--marked", "ra.xlsx")
    book = opened((folder / "ra.xlsx").read_bytes())
    book["Lớp 'khối 6' A"]["R8"] = "Kinh"
    book.save(folder / "sua.xlsx")
    result = run("preflight", *TARGET, "sua.xlsx", "--marked", "sach.xlsx", "--json")
    assert result.exit_code == 0
    assert "R8" not in coloured((folder / "sach.xlsx").read_bytes())


def test_what_was_given_is_never_written_over(folder: Path):
    data = school_list({"Dân tộc": "?"})
    (folder / "hs.xlsx").write_bytes(data)
    for option, out in (("--marked", "./hs.xlsx"), ("--csv", "hs.xlsx")):
        result = run("preflight", *TARGET, "hs.xlsx", option, out, "--json")
        assert [p["code"] for p in json.loads(result.stdout)["problems"]] == ["BACK-002"]
    assert (folder / "hs.xlsx").read_bytes() == data


def test_what_cannot_be_written_is_told(folder: Path):
    (folder / "hs.xlsx").write_bytes(school_list({"Dân tộc": "?"}))
    (folder / "goi.json").write_bytes(pupils({"TrangThai": 5}))
    for files, out, code in (
        (("hs.xlsx",), "no folder/ra.xlsx", "BACK-006"),
        (("hs.xlsx",), "ra.csv", "BACK-003"),
        (("goi.json",), "ra.xlsx", "BACK-001"),
        (("hs.xlsx", "goi.json"), "ra.xlsx", "BACK-005"),
    ):
        result = run("preflight", *TARGET, *files, "--marked", out, "--json")
        assert [p["code"] for p in json.loads(result.stdout)["problems"]] == [code]
        assert not (folder / out).exists()


def test_a_list_that_cannot_be_read_as_one_is_marked_at_its_captions(folder: Path):
    """The copy shows what is wrong with the form; the command says it and fails as ever."""
    rows = [["Lớp học", "Mã học sinh", "Họ tên", "Họ tên", "Ngày sinh"], ["6A1", "1", "A", "B", "01/01/2008"]]
    (folder / "hs.xlsx").write_bytes(workbook({"Sheet1": rows}))
    result = run("preflight", *TARGET, "hs.xlsx", "--marked", "ra.xlsx", "--json")
    told = json.loads(result.stdout)["problems"]
    assert result.exit_code == 1 and "Họ tên" in {p["field"] for p in told}
    assert "C1" in coloured((folder / "ra.xlsx").read_bytes(), "Sheet1")
