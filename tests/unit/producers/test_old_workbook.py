"""Old workbooks: two libraries say the same, or the file is refused with the cells in which they differ."""

import random
import struct
from collections.abc import Callable
from datetime import date, timedelta

import fastexcel
import pytest

from producers.adapters import foreign, old_workbook
from producers.adapters.cell_values import EPOCH, EPOCH_1904
from producers.adapters.grid import Cells, Unreadable
from producers.feedback import back
from producers.feedback.places import located
from producers.preflight import finding
from schemas.errors import ProblemList
from tests.unit.feedback.books import packed, parts
from tests.unit.producers.made import CAPTIONS, ROW, VNEDU, problems, read, table, typed_listing
from tests.unit.producers.made_xls import ERROR, FORMATS, Number, xls

LINE = [ROW.get(c) for c in CAPTIONS]
WORDS = ("Nguyễn Thị Đào", "a\nb", " x ", "#N/A", "0912", "1.0", "2012-09-05", "x" * 300, "ừ", "=1")


def places(data: bytes) -> list[tuple[str, str, int, str]]:
    with pytest.raises(ProblemList) as error:
        foreign.read("a.xls", data)
    return [(p.code, p.place.sheet, p.place.row, p.place.field) for p in error.value.problems]


def test_cells_of_all_kinds_are_read_as_a_workbook_shows_them() -> None:
    row = [Number(626000001, "0000000000"), Number(41157, "dd/mm/yyyy"), Number(3.25), True, ERROR, " x "]
    (sheet,) = old_workbook.read(xls({"S": [[None, "a"], row]}))
    shown = {1: "0626000001", 2: "2012-09-05", 3: "3.25", 4: "true", 5: "#N/A", 6: " x "}
    assert sheet.rows == {1: {2: "a"}, 2: shown}


def test_random_sheets_are_the_same_to_both_libraries() -> None:
    rng = random.Random(16)

    def cell() -> object:
        match rng.randrange(8):
            case 0 | 1 | 2:
                return rng.choice(WORDS)
            case 3:
                return Number(rng.choice([0, 1, -5, 0.1, 1e9, 41157, 12345678901234, rng.uniform(-1e6, 1e6)]))
            case 4:
                return Number(
                    rng.randrange(20_000, 60_000) + rng.choice([0, 0.5, 1 / 3]), rng.choice(FORMATS)
                )
            case 5:
                return rng.choice([True, False, ERROR])
        return None

    for n in range(60):
        rows = [[cell() for _ in range(rng.randrange(9))] for _ in range(rng.randrange(1, 9))]
        found = old_workbook.read(xls({"S": rows, "T": rows[:1]}, since_1904=n % 2 == 1))
        held = [sum(c is not None for c in row) for row in rows]
        assert [len(found[0].rows.get(i, {})) for i in range(1, len(rows) + 1)] == held


@pytest.mark.parametrize("since_1904", [False, True])
@pytest.mark.parametrize("shown", ["dd/mm/yyyy", "General"])
def test_a_list_is_the_same_in_both_date_systems_and_both_kinds_of_workbook(
    since_1904: bool, shown: str
) -> None:
    """Days are 1,462 apart, so a wrong one is a day that could be right. A count of days is told."""
    births = [date(2008, 2, 29) + timedelta(n * 97) for n in range(20)]
    epoch = (EPOCH_1904 if since_1904 else EPOCH).date()
    at = CAPTIONS.index("Ngày sinh")
    rows: list[list[object]] = [[*LINE] for _ in births]
    for n, row in enumerate(rows):
        row[CAPTIONS.index("Mã học sinh")] = f"20000000{n:02d}"
        row[at] = Number((births[n] - epoch).days, shown)
    files = [
        xls({"S": [CAPTIONS, *rows]}, since_1904=since_1904),
        typed_listing(rows, since_1904=since_1904),
        saying(typed_listing(rows, since_1904=since_1904), b'date1904="1"', b'date1904=" true "'),
    ]
    (place,) = located(
        [finding("refused", "HocSinh", {"Source": "file1", "Sheet": "S"}, "", 2, "HS-002", [])], []
    )
    files += [back.copy("file1", data, [place], [], ".xlsx").data for data in files]
    code = "CELL-250" if since_1904 else "CELL-230"
    for data in files:
        reading = read(data, VNEDU)
        assert table(reading).records["NgaySinh"].to_list() == births
        told = [w.code for w in reading.warnings if w.code in ("CELL-230", "CELL-250")]
        assert told == ([code] * len(births) if shown == "General" else [])


def saying(data: bytes, old: bytes, new: bytes) -> bytes:
    """The workbook with another spelling of what it says of itself."""
    given = parts(data)
    given["xl/workbook.xml"] = given["xl/workbook.xml"].replace(old, new)
    return packed(given)


def test_where_the_libraries_differ_the_cell_is_named_and_its_value_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = xls({"S": [["a", "b"], ["c", Number(5)]], "T": [["x"]]})
    honest = old_workbook._of_second

    def changed(change: Callable[[dict[str, Cells]], object]) -> list[tuple[str, str, int, str]]:
        def second(book: fastexcel.ExcelReader) -> dict[str, Cells]:
            found = honest(book)
            change(found)
            return found

        with monkeypatch.context() as patched:
            patched.setattr(old_workbook, "_of_second", second)
            return places(data)

    assert changed(lambda f: f["S"].rows[2].update({1: "d"})) == [("FILE-065", "S", 2, "A")]
    assert changed(lambda f: f["S"].rows[2].update({2: "6"})) == [("FILE-065", "S", 2, "B")]
    assert changed(lambda f: f["S"].rows[1].pop(2)) == [("FILE-065", "S", 1, "B")]
    assert changed(lambda f: f["S"].rows.update({9: {28: "x"}})) == [("FILE-065", "S", 9, "AB")]
    assert changed(lambda f: f.pop("T")) == [("FILE-065", "T", 0, "")]
    assert changed(lambda f: f.update(U=Cells("U", False, {1: {1: "x"}}))) == [("FILE-065", "U", 0, "")]
    assert len(changed(lambda f: f["S"].rows.update({n: {1: "x"} for n in range(3, 99)}))) == 20


def test_whatever_is_changed_in_an_old_workbook_no_other_cell_is_lost_or_moved() -> None:
    """One bit of one cell: a code, or that cell has another text, or another place (over one there)."""
    rng = random.Random(65)
    rows = [[f"r{r}c{c}" for c in range(6)] for r in range(12)]
    whole = xls({"S": rows})
    body = whole.index("r0c0".encode("utf-16-le")) - 20
    end = whole.index("r11c5".encode("utf-16-le")) + 10
    due = {r + 1: {c + 1: text for c, text in enumerate(row)} for r, row in enumerate(rows)}
    read_at_all = 0
    for _ in range(300):
        at = rng.randrange(body, end)
        changed = bytearray(whole)
        changed[at] ^= 1 << rng.randrange(8)
        try:
            found = old_workbook.read(bytes(changed))
        except (Unreadable, old_workbook.Differ):
            continue
        read_at_all += 1
        differ = [
            (r, c)
            for r, row in due.items()
            for c, text in row.items()
            if found[0].rows.get(r, {}).get(c) != text
        ]
        assert len(differ) <= 2, (at, differ)
    assert read_at_all > 20


@pytest.mark.parametrize(
    ("data", "due"),
    [
        (b"\x09\x00\x04\x00\x02\x00\x10\x00" + bytes(40), "FILE-014"),
        (b"\x09\x08\x10\x00\x00\x06\x05\x00" + bytes(40), "FILE-014"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4096), "FILE-014"),
    ],
    ids=["BIFF2", "no container", "no table of sectors"],
)
def test_what_no_library_opens_is_one_code(data: bytes, due: str) -> None:
    assert [p.code for p in problems(data, VNEDU)] == [due]


def test_an_encrypted_workbook_is_one_code() -> None:
    """FILEPASS stands behind the first record; what follows is not read as cells."""
    whole = xls({"S": [CAPTIONS, LINE]})
    at = whole.index(struct.pack("<HH", 0x0022, 2))
    locked = whole[:at] + struct.pack("<HHH", 0x002F, 2, 1) + whole[at + 6 :]
    assert [p.code for p in problems(locked, VNEDU)] == ["FILE-014"]
