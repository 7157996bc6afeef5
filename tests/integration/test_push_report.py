"""`csdl push-report`: what became of a school's workbook, cell by cell, after stream, load and check."""

from datetime import UTC, datetime

from producers.feedback import own
from sinks.provincial.check.process import check
from tests.integration.command_line import answer, csdl
from tests.integration.test_validation import grant
from tests.organisation import put_units
from tests.unit.cli.conftest import REGISTER
from tests.unit.feedback.books import coloured, opened, school_list
from tests.unit.producers.made import SCHOOL, VNEDU, YEAR

FAULTY = (
    {"Họ tên": "Trần Thị Ba"},
    {"Họ tên": "Lê Văn Tư", "Dân tộc": "Không rõ"},  # refused before it is sent
    {"Họ tên": "Lý Văn Năm", "Ngày sinh": "05/09/1950"},  # refused by a rule of the stream
)


def test_a_pushes_report_by_cell_and_its_workbook(settings, conn, tmp_path, run_process):
    register = tmp_path / "register.csv"
    register.write_text(REGISTER, encoding="utf-8")
    settings = put_units(settings.model_copy(update={"register_file": register}))
    grant(settings, VNEDU.vendor, SCHOOL)
    path, report, marked = tmp_path / "hs.xlsx", tmp_path / "report.csv", tmp_path / "marked.xlsx"
    path.write_bytes(school_list(*FAULTY))
    told = ("--vendor", VNEDU.vendor, "--school", SCHOOL, "--year", str(YEAR), str(path))
    with run_process("validation", settings), run_process("load", settings):
        push_id = csdl(settings, "push", *told)[1]["push_id"]
        said = answer(settings, push_id)
    assert said["pushes"][0]["refused"] == 2, said
    code, before = csdl(settings, "push-report", push_id)
    assert code == 0
    assert {w["code"] for w in before["warnings"]} == {"BACK-202"}
    assert {(f["rule"], f["row"]) for f in before["findings"]} == {("CELL-101", 9), ("HS-315", 10)}

    check(conn, datetime.now(UTC))
    bare = csdl(settings, "push-report", push_id)[1]
    assert "BACK-204" in {w["code"] for w in bare["warnings"]}

    files = ("--file", str(path), "--csv", str(report), "--marked", str(marked))
    found = csdl(settings, "push-report", push_id, *files)[1]["findings"]
    cells = {f["rule"]: f["cell"] for f in found if f["verdict"] != "warning"}
    assert cells["CELL-101"] == "R9"
    warned = {f["cell"] for f in found if f["client_id"] == "0626000001"}
    assert warned and all(cell.endswith("8") for cell in warned)
    assert coloured(marked.read_bytes()) >= {"R9", *warned}
    assert own.SHEET_MARK in {c.value for c in opened(marked.read_bytes()).worksheets[-1][1]}
    lines = report.read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == 1 + len(found)
