"""A push's report by cell of its file, after stream, load and check: on the processes of `test_push`."""

from datetime import UTC, datetime
from pathlib import Path

from psycopg2.extensions import connection

from producers.feedback import own
from producers.model import Target
from runtime.settings import Settings
from sinks.provincial.check.process import check
from tests.integration.command_line import answer, csdl
from tests.unit.feedback.books import coloured, opened, school_list

FAULTY = (
    {"Họ tên": "Trần Thị Ba"},
    {"Họ tên": "Lê Văn Tư", "Dân tộc": "Không rõ"},  # refused before it is sent
    {"Họ tên": "Lý Văn Năm", "Ngày sinh": "05/09/1950"},  # refused by a rule of the stream
)


def report_by_cell(settings: Settings, target: Target, conn: connection, folder: Path) -> None:
    """A workbook is pushed, and comes back with its faults at their cells."""
    path, report, marked = folder / "hs.xlsx", folder / "report.csv", folder / "marked.xlsx"
    path.write_bytes(school_list(*FAULTY))
    told = ("--vendor", target.vendor, "--school", target.school, "--year", str(target.year), "--kind", "3")
    while check(conn, datetime.now(UTC)):
        pass
    push_id = csdl(settings, "push", *told, str(path))[1]["push_id"]
    assert answer(settings, push_id)["pushes"][0]["refused"] == 2
    code, before = csdl(settings, "push-report", push_id)
    assert (code, {w["code"] for w in before["warnings"]}) == (0, {"BACK-202"})
    assert {(f["rule"], f["row"]) for f in before["findings"]} == {("CELL-101", 9), ("HS-315", 10)}

    check(conn, datetime.now(UTC))
    bare = csdl(settings, "push-report", push_id)[1]
    assert "BACK-204" in {w["code"] for w in bare["warnings"]}

    files = ("--file", str(path), "--csv", str(report), "--marked", str(marked))
    found = csdl(settings, "push-report", push_id, *files)[1]["findings"]
    assert {f["rule"]: f["cell"] for f in found}["CELL-101"] == "R9"
    of_check = {f["cell"] for f in found if f["client_id"] == "0626000001"}
    assert of_check and all(cell.endswith("8") for cell in of_check)
    assert coloured(marked.read_bytes()) >= {"R9", *of_check}
    assert own.SHEET_MARK in {c.value for c in opened(marked.read_bytes()).worksheets[-1][1]}
    assert len(report.read_text(encoding="utf-8-sig").splitlines()) == 1 + len(found)
