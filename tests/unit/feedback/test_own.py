"""What we wrote into a file is known as ours when it comes again; what others wrote never is."""

import pytest

from producers.adapters import foreign
from producers.feedback import own
from tests.unit.producers.made import CAPTIONS, ROW, VNEDU, listing, read, table, workbook

TEXTS = (
    *("+84 912 345 678", "-", "'abc", "''abc", "=x", "'=x", "''=x", "@lan", "\tx", "\r", "", " =1", "' =1"),
    *("Nguyễn Văn Mẫu", "-5", "＝x", "'", "''", "=cmd|' /C calc'!A0", "H'Mông", "'+84"),
)


@pytest.mark.parametrize("text", TEXTS)
def test_a_guard_comes_off_again(text: str):
    guarded = own.guard(text)
    assert own.unguarded(guarded) == text
    assert not guarded.lstrip().startswith(("=", "+", "-", "@", "＝")) and not guarded.startswith(
        ("\t", "\r")
    )


def test_guards_of_guards_come_off_one_by_one():
    for text in TEXTS:
        assert own.unguarded(own.unguarded(own.guard(own.guard(text)))) == text


def test_our_sheet_is_not_a_sheet_of_the_list():
    data = workbook({"Sheet1": [CAPTIONS, [ROW.get(c) for c in CAPTIONS]], "x": [[own.SHEET_MARK], CAPTIONS]})
    assert [s.name for s in foreign.read("a.xlsx", data).sheets] == ["Sheet1"]
    reading = read(data, VNEDU)
    assert reading.warnings == []
    assert table(reading).count == 1


def csv(*rows: list[str]) -> bytes:
    return "\n".join(";".join(row) for row in rows).encode()


def test_our_column_is_not_data_wherever_it_stands():
    row = [ROW.get(c, "") for c in CAPTIONS]
    guarded = ["'+84912345678" if c == "Chỗ ở hiện nay" else v for c, v in zip(CAPTIONS, row, strict=True)]
    for at in (0, 5, len(CAPTIONS)):
        rows = [[*r[:at], ours, *r[at:]] for r, ours in ((CAPTIONS, own.COLUMN), (guarded, "HS-001 …"))]
        reading = read(csv(*rows), VNEDU)
        assert reading.warnings == []
        assert table(reading).refused.is_empty()
        assert table(reading).records["DchiTmtru"].to_list() == ["+84912345678"]


def test_an_apostrophe_of_somebody_elses_file_stays():
    given = {1: {1: "Họ tên", 2: "Chỗ ở hiện nay"}, 2: {1: "'+84", 2: "'-"}}
    assert own.without_faults(given) == given


def test_a_list_that_speaks_of_us_below_its_first_cell_is_a_list():
    data = listing({"Họ tên": own.SHEET_MARK})
    assert table(read(data, VNEDU)).count == 1
