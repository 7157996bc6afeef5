"""Seeded files read by ours and by others' readers: the same cells."""

import csv
import io
import random
from datetime import date, datetime, time

import pytest
import xlsxwriter

from producers.adapters import foreign, xlsx
from schemas.errors import ProblemList

openpyxl = pytest.importorskip("openpyxl")

WORDS = (
    "Nguyễn Thị Đào", "Đỗ", "a\nb", " x ", "0912", "1.0", "2012-09-05", "x" * 300, "=1", "a&b<c>", '"',
    "'", "😀", "1;2", "1,2", "Đ\u1ed7", "#REF", "TRUE",
)  # fmt: skip
FORMS = (
    "General",
    "dd/mm/yyyy",
    "d/m/yy hh:mm",
    "0000000000",
    "0.00",
    '0 "đ"',
    "@",
    "[$-42A]dd mmmm yyyy",
    "#,##0",
)


def _workbook(rng: random.Random, since_1904: bool) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"date_1904": since_1904, "in_memory": True})
    forms = [book.add_format({"num_format": form}) for form in FORMS]
    bold = book.add_format({"bold": True})
    for number in range(rng.randrange(1, 4)):
        sheet = book.add_worksheet(f"Lớp {number}")
        for row in range(rng.randrange(12)):
            for column in range(rng.randrange(8)):
                at = (row * rng.choice([1, 1, 1, 3]), column)
                match rng.randrange(9):
                    case 0 | 1 | 2:
                        sheet.write_string(*at, rng.choice(WORDS))
                    case 3:
                        sheet.write_number(
                            *at, rng.choice([0, -1, 0.1, 1e9, 123456789012, rng.uniform(-9, 9)])
                        )
                    case 4:
                        sheet.write_number(
                            *at, rng.randrange(100, 60_000) + rng.choice([0, 0.5]), rng.choice(forms)
                        )
                    case 5:
                        sheet.write_boolean(*at, rng.random() < 0.5)
                    case 6:
                        sheet.write_formula(*at, "=A1", None, rng.choice([5, "x", "#N/A", True]))
                    case 7:
                        sheet.write_rich_string(*at, "a", bold, "b", " c")
                    case 8:
                        sheet.write_blank(*at, None, bold)
    book.close()
    return out.getvalue()


def _shown(value: object, form: str) -> str:
    match value:
        case bool():
            return str(value).lower()
        case datetime():
            return str(value.date()) if value.time() == time() else value.isoformat(" ")
        case date():
            return str(value)
        case int() | float():
            if not float(value).is_integer():
                return repr(value)
            return str(int(value)).zfill(len(form) if value >= 0 and not form.strip("0") else 0)
    return str(value)


def test_workbooks_are_read_as_openpyxl_reads_them() -> None:
    rng = random.Random(7)
    for n in range(40):
        data = _workbook(rng, since_1904=n % 3 == 0)
        theirs = openpyxl.load_workbook(io.BytesIO(data), data_only=True)
        for sheet in xlsx.read(data):
            due = {
                (c.row, c.column): _shown(c.value, c.number_format)
                for row in theirs[sheet.name].iter_rows()
                for c in row
                if c.value is not None
            }
            assert {(r, c): text for r, cells in sheet.rows.items() for c, text in cells.items()} == due


@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
@pytest.mark.parametrize("separator", list(";,\t|"))
def test_csv_files_are_read_as_they_were_written(separator: str, quoting: int) -> None:
    rng = random.Random(f"{separator}{quoting}")
    captions, read = [f"cột {n}" for n in range(6)], 0
    for _ in range(25):
        rows = [
            captions,
            *([rng.choice([*WORDS, "", ""]) for _ in captions] for _ in range(rng.randrange(1, 9))),
        ]
        rows.insert(0, ["DANH SÁCH", "", "", "", "", ""])
        out = io.StringIO()
        end = rng.choice(["\n", "\r\n"])
        csv.writer(out, delimiter=separator, quoting=quoting, lineterminator=end).writerows(rows)  # type: ignore[arg-type]
        bom = rng.choice([b"", b"\xef\xbb\xbf"])
        try:
            (sheet,) = foreign.read("a.csv", bom + out.getvalue().encode(), captions).sheets
        except ProblemList as error:
            assert [p.code for p in error.problems] == ["FILE-025"]  # a cell that holds what may be rows
            continue
        found = dict(zip(sheet.rows, sheet.cells.rows(), strict=True))
        line, due = 1, {}
        for row in rows:
            if any(row):
                due[line] = tuple(c or None for c in row)
            line += 1 + sum(c.count("\n") for c in row)
        held = [int(name) - 1 for name in sheet.cells.columns]
        assert found == {n: tuple(row[c] for c in held) for n, row in due.items()}
        assert sheet.lengths == [6] * len(found)
        read += 1
    assert read > 15
