"""Plain workbooks are read by pattern: the same cells, the same refusals as element by element."""

import io
import random
import zipfile

import pytest
import xlsxwriter

from producers.adapters import plain, xlsx
from producers.adapters.grid import TooMuch

PIECES = (
    "<", ">", "/", '"', "&amp;", "&#65;", "&", "\r", "\n", "\x00", "]]>", "<!--", "-->", "<![CDATA[",
    "_x0041_", "é", "\ufffe", "\u2028", " ", "9", "-1", "e5", "x:", "</c>", "</row>", "<row>", '<row r="3">',
    '<row r="9"/>', '<c r="B2"/>', '<c r="A1" t="s"><v>0</v></c>', "<v>1</v>", "<f>1</f>", ' t="s"', ' s="1"',
    ' r="7"', "<si>", "</si>", "<t>", "</t>", "<r><t>x</t></r>", "<rPh><t>x</t></rPh>", "</sheetData>",
    "<sheetData>", '<t xml:space="preserve">',
)  # fmt: skip


def _workbook() -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = book.add_worksheet("HS")
    day = book.add_format({"num_format": "dd/mm/yyyy"})
    sheet.merge_range("A1:D1", "DANH SÁCH", book.add_format({"bold": True}))
    for row in range(2, 6):
        sheet.write_row(row, 0, [f"Nguyễn {row}", "  ", row * 1.5, f" lề {row} "])
        sheet.write_number(row, 4, 41157 + row, day)
        sheet.write_boolean(row, 5, row == 3)
    book.close()
    return out.getvalue()


def _read(data: bytes) -> object:
    try:
        return [(s.name, s.hidden, s.rows) for s in xlsx.read(data)]
    except (*xlsx.UNREADABLE, TooMuch):
        return "refused"


def _element_by_element(data: bytes, monkeypatch: pytest.MonkeyPatch) -> object:
    with monkeypatch.context() as patched:
        patched.setattr(plain.Body, "pieces", _never)
        return _read(data)


def _never(_: plain.Body) -> object:
    raise plain.NotPlain


def _with(data: bytes, part: str, text: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(name, text if name == part else old.read(name))
    return out.getvalue()


def test_a_workbook_as_programs_write_it_is_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    data = _workbook()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for chunk in (plain.CHUNK, 600):
            monkeypatch.setattr(plain, "CHUNK", chunk)
            sheet = plain.Body(archive, "xl/worksheets/sheet1.xml", "sheetData", "row")
            assert len(list(plain.rows(sheet))) == 5 and b"<sheetData></sheetData>" in sheet.around
        assert len(list(plain.texts(plain.Body(archive, "xl/sharedStrings.xml", "sst", "si")))) == 10
    assert _read(data) == _element_by_element(data, monkeypatch) != "refused"


@pytest.mark.parametrize(("chunk", "times"), [(600, 500), (plain.CHUNK, 300)])
@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"])
def test_whatever_is_changed_in_a_part_is_read_or_refused_as_element_by_element(
    part: str, chunk: int, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plain, "CHUNK", chunk)
    rng, data = random.Random(11), _workbook()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        text = archive.read(part).decode()
    read = 0
    for _ in range(times):
        at = rng.randrange(len(text))
        upto = at if rng.random() < 0.6 else min(at + rng.randrange(12), len(text))
        changed = text[:at] + rng.choice(PIECES) + text[upto:]
        book = _with(data, part, changed.encode())
        found = _read(book)
        assert found == _element_by_element(book, monkeypatch), changed
        read += found != "refused"
    assert read > times // 20
