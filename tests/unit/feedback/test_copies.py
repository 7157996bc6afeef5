"""Lists that came as csv or as .xls go back as a workbook or as csv; sent again they say the same."""

import pytest

from producers.feedback import back, own, places
from producers.preflight import by_place, finding, warned
from schemas.errors import ProblemList
from tests.unit.feedback.books import coloured, opened, said_of
from tests.unit.feedback.books import notes as notes_of
from tests.unit.producers.made import CAPTIONS, ROW, VNEDU, pupils, read, table
from tests.unit.producers.made_xls import xls

ODD = {"Chỗ ở hiện nay": "+84 912 345 678", "Nơi sinh": "-", "Quê quán": "=x", "Hộ khẩu thường trú": "'abc"}
LINES = ("", "DANH SÁCH", ";".join(CAPTIONS))


def csv(*rows: dict[str, str]) -> bytes:
    lines = [
        ";".join('"' + {**ROW, **row}.get(c, "").replace('"', '""') + '"' for c in CAPTIONS) for row in rows
    ]
    return "\n".join([*LINES, *lines]).encode()


def copy(data: bytes, suffix: str, name: str = "file1") -> back.Copy:
    reading, found = said_of(data)
    return back.copy(name, data, found, reading.tables, suffix)


@pytest.mark.parametrize("suffix", (".csv", ".xlsx"))
def test_three_rounds_say_the_same(suffix: str):
    data = csv({**ODD, "Họ tên": "Nguyễn\nVăn Mẫu"}, {"Mã học sinh": "0626000002", "Dân tộc": "?", **ODD})
    first = table(read(data, VNEDU))
    for _ in range(3):
        data = copy(data, suffix).data
        again = table(read(data, VNEDU))
        assert again.records.equals(first.records)
        assert again.refused.equals(first.refused)


@pytest.mark.parametrize("encoding", ("utf-8-sig", "utf-16"))
def test_a_csv_copy_of_unicode_text_says_the_same(encoding: str):
    """What Excel saves as Unicode text."""
    text = csv({**ODD, "Dân tộc": "?"}).decode()
    data = text.encode(encoding)
    made = copy(data, ".csv").data
    assert table(read(made, VNEDU)).refused.equals(table(read(data, VNEDU)).refused)
    assert "CELL-101" in made.decode("utf-8-sig")


def test_a_code_that_excel_was_told_to_leave_alone_is_left_so():
    """Else it opens the copy and takes the code's zero."""
    data = csv({"Mã học sinh": '="0626000001"', "Dân tộc": "?"}, {"Mã học sinh": '="0626000002"'})
    first = table(read(data, VNEDU))
    for _ in range(3):
        data = copy(data, ".csv").data
        assert b'"=""0626000001"""' in data and b'"=""0626000002"""' in data
        again = table(read(data, VNEDU))
        assert again.records.equals(first.records) and again.refused.equals(first.refused)


def test_nothing_in_a_csv_copy_is_evaluated():
    data = copy(csv({**ODD, "Dân tộc": "?"}), ".csv").data.decode("utf-8-sig")
    cells = [c.strip('"') for line in data.splitlines() for c in line.split(";")]
    assert not [c for c in cells if c.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert "'=x" in cells and own.COLUMN in cells


def test_a_csv_copy_keeps_its_lines():
    data = copy(csv({"Họ tên": "Nguyễn\nVăn Mẫu"}, {"Dân tộc": "?", "Mã học sinh": "2"}), ".csv").data
    lines = data.decode("utf-8-sig").splitlines()
    assert "CELL-101" in lines[5] and lines[2].startswith(own.COLUMN)


def test_a_csv_copy_without_faults_has_none_of_ours():
    data = csv(ODD)
    reading, found = said_of(data)
    marked = back.copy("file1", data, found, reading.tables, ".csv").data
    assert own.COLUMN in marked.decode()
    clean = back.copy("file1", marked, [], reading.tables, ".csv").data.decode("utf-8-sig")
    assert own.COLUMN not in clean and ";=x;" in clean


def test_a_csv_goes_into_a_workbook_of_texts():
    made = copy(csv(ODD, {"Dân tộc": "?", "Mã học sinh": "0626000002"}), ".xlsx")
    assert [w.code for w in made.warnings] == ["BACK-201"]
    sheet = opened(made.data)["Danh sách"]
    assert sheet["C5"].value == "0626000002"
    assert {c.data_type for row in sheet.iter_rows() for c in row if c.value} <= {"s"}
    odd = [c for row in sheet.iter_rows() for c in row if c.value in ODD.values()]
    assert odd and all(c.quotePrefix for c in odd)
    assert "R5" in coloured(made.data, "Danh sách") & notes_of(made.data, "Danh sách").keys()


def test_an_old_workbook_goes_into_a_new_one():
    rows = [["DANH SÁCH"], list(CAPTIONS), [{**ROW, "Dân tộc": "?"}.get(c, "") for c in CAPTIONS]]
    data = xls({"Sheet1": rows})
    made = copy(data, ".xlsx")
    assert [w.code for w in made.warnings] == ["BACK-201"]
    assert "R3" in coloured(made.data, "Sheet1")
    assert table(read(made.data, VNEDU)).refused.equals(table(read(data, VNEDU)).refused)


def test_a_packet_has_no_copy():
    with pytest.raises(ProblemList) as refused:
        back.copy("file1", pupils({}), [], [], ".xlsx")
    assert [p.code for p in refused.value.problems] == ["BACK-001"]


def test_a_list_without_captions_is_marked_where_that_can_be():
    """What is wrong with a file's form is told of rows and captions before any table is known."""
    data = csv({})
    form = finding("refused", "", {"Source": "file1", "Sheet": ""}, "", 3, "FILE-016", ["Họ tên"])
    assert warned([], [], VNEDU) == []
    made = back.copy("file1", data, places.located(by_place([form]), []), [], ".xlsx").data
    assert coloured(made, "Danh sách") == {"H3"}
