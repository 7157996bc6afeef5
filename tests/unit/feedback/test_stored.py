"""What the database knows of a push is found in the file as it is now, not as it was."""

from typing import Any

from producers.feedback.places import located
from producers.feedback.stored import findings
from tests.unit.producers.made import CAPTIONS, ROW, VNEDU, read, workbook

FILE = "file1"


def file_of(*ids: str) -> Any:
    rows = [[{**ROW, "Mã học sinh": i}.get(c) for c in CAPTIONS] for i in ids]
    return read(workbook({"Sheet1": [CAPTIONS, *rows]}), VNEDU).tables


def refusal(client_id: str, row: int, source: str = FILE) -> dict[str, Any]:
    place = {"source": source, "sheet": "Sheet1", "row": row}
    return {"record_type": "HocSinh", "client_id": client_id, "rule": "HS-002", "fields": ["HoTen"]} | place


def cells(tables: Any, *lines: dict[str, Any]) -> list[str]:
    return [f.address for f in located(findings(lines, [], tables), tables)]


def test_a_refusal_follows_its_record():
    """Marks at the rows of an older file would be at other pupils."""
    lines = [refusal("A", 2), refusal("B", 3)]
    assert cells(file_of("A", "B"), *lines) == ["H2", "H3"]
    assert cells(file_of("B", "A"), *lines) == ["H3", "H2"]
    assert cells(file_of("A"), *lines) == ["H2", ""]


def test_of_several_rows_with_one_id_the_one_that_was_refused():
    assert cells(file_of("A", "B", "A"), refusal("A", 4)) == ["H4"]


def test_another_files_refusals_stay_where_they_were():
    (found,) = findings([refusal("A", 9, "b.xlsx")], [], file_of("A"))
    assert (found.place.file, found.place.row) == ("b.xlsx", 9)


def test_what_the_check_found_stands_where_the_record_does():
    line = {"record_type": "HocSinh", "client_id": "B", "rule": "HS-007", "fields": [], "severity": "block"}
    tables = file_of("A", "B")
    (found,) = findings([], [line], tables)
    assert (found.verdict, found.place.file, found.place.row) == ("blocking", FILE, 3)
    (unknown,) = findings([], [line], [])
    assert (unknown.place.row, unknown.client_id) == (0, "B")
