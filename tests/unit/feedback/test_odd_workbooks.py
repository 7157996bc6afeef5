"""Workbooks that other programs put together, and damaged ones: marked, or given back as a new workbook."""

import io
import random
import re
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

from producers.feedback import back, styles, workbook
from producers.feedback.xml import Unmarkable
from tests.unit.feedback.books import coloured, marked, opened, packed, parts, said_of, school_list
from tests.unit.feedback.books import notes as notes_of
from tests.unit.producers.made import VNEDU, read, table

SHEET = "Lớp 'khối 6' A"
FAULTY = ({"Giới tính": "abc"}, {"Dân tộc": "?"})


def changed(data: bytes, *edits: tuple[bytes, bytes]) -> bytes:
    """The file with some bytes of every part replaced."""
    given = parts(data)
    for old, new in edits:
        given = {name: part.replace(old, new) for name, part in given.items()}
    return packed(given)


def test_a_strict_workbook():
    names = (
        ("schemas.openxmlformats.org/spreadsheetml/2006/main", "purl.oclc.org/ooxml/spreadsheetml/main"),
        (
            "schemas.openxmlformats.org/officeDocument/2006/relationships",
            "purl.oclc.org/ooxml/officeDocument/relationships",
        ),
    )
    data = changed(school_list(*FAULTY), *((old.encode(), new.encode()) for old, new in names))
    copy = parts(marked(data))
    new = b"".join(copy[n] for n in copy if "Csdl" in n or n.endswith(".rels"))
    assert b"schemas.openxmlformats.org/spreadsheetml" not in new
    assert parts(marked(marked(data), [])) == parts(data)


def test_a_workbook_with_absolute_relations():
    data = changed(school_list(*FAULTY), (b'Target="worksheets/', b'Target="/xl/worksheets/'))
    assert {"J8", "R9"} <= coloured(marked(data))
    assert parts(marked(marked(data), [])) == parts(data)


def resaved(data: bytes) -> bytes:
    """By a program that gives every name in a drawing a prefix of its own and declares it where it stands."""
    out = io.BytesIO()
    opened(data).save(out)
    return out.getvalue()


def shapes(drawing: bytes) -> list[str]:
    """What a drawing of boxes draws; it is read as XML, so every prefix is declared."""
    found = ElementTree.fromstring(drawing).iter("{urn:schemas-microsoft-com:vml}shape")
    return [shape.attrib["id"] for shape in found]


def test_boxes_of_notes_under_other_prefixes():
    """A school's own notes keep their boxes, ours are drawn beside them and go."""
    data = resaved(school_list(*FAULTY))
    (path,) = [name for name in parts(data) if name.endswith(".vml")]
    assert b"<v:" not in parts(data)[path]
    copy = marked(data)
    assert len(shapes(parts(copy)[path])) == len(notes_of(copy)) == 3
    assert parts(marked(copy, [])) == parts(data)
    again = marked(resaved(copy), [])
    (drawing,) = [part for name, part in parts(again).items() if name.endswith(".vml")]
    assert len(shapes(drawing)) == 1 and notes_of(again).keys() == {"B7"}


def test_a_button_on_the_list_stays():
    given = parts(school_list(*FAULTY))
    path = "xl/drawings/vmlDrawing1.vml"
    button = given[path].replace(b"t202", b"t201").replace(b'ObjectType="Note"', b'ObjectType="Button"')
    data = packed(given | {path: button})
    copy = marked(data)
    assert b'ObjectType="Button"' in parts(copy)[path] and b'ObjectType="Note"' in parts(copy)[path]
    assert parts(marked(copy, []))[path] == button


def test_a_workbook_without_styles():
    given = parts(school_list(*FAULTY))
    del given["xl/styles.xml"]
    for name in ("[Content_Types].xml", "xl/_rels/workbook.xml.rels"):
        pieces = given[name].split(b"/>")
        given[name] = b"/>".join(p for p in pieces if b"styles" not in p)
    data = packed({n: re.sub(rb' (s|style|dxfId)="\d+"', b"", part) for n, part in given.items()})
    assert {"J8", "R9"} <= coloured(marked(data))


def test_styles_of_a_program_that_writes_no_named_ones():
    given = parts(school_list(*FAULTY))
    sheet = given["xl/styles.xml"]
    for part in (b"cellStyleXfs", b"cellStyles"):
        start, end = sheet.index(b"<" + part), sheet.index(b"</" + part + b">") + len(part) + 3
        sheet = sheet[:start] + sheet[end:]
    data = packed(given | {"xl/styles.xml": sheet})
    copy = marked(data)
    assert {"J8", "R9"} <= coloured(copy)
    assert styles.cleaned(parts(copy)["xl/styles.xml"])[1]
    assert coloured(marked(copy, [])) == set()


def test_names_of_sheets_count_on_when_ours_goes():
    """It stood in the middle; names that belong to a sheet say which by its number."""
    copy = parts(marked(school_list(*FAULTY)))
    book = copy["xl/workbook.xml"]
    listed = book[book.index(b"<sheets>") + 8 : book.index(b"</sheets>")]
    first, second, ours = (s + b"/>" for s in listed.split(b"/>")[:3])
    book = book.replace(listed, first + ours + second)
    name = b'<definedName name="x" localSheetId="2">1</definedName></definedNames>'
    book = book.replace(b"</definedNames>", name)
    book = book.replace(b"<workbookView ", b'<workbookView activeTab="2" ')
    clean = parts(marked(packed(copy | {"xl/workbook.xml": book}), []))["xl/workbook.xml"]
    assert b'<definedName name="x" localSheetId="1">' in clean and b'activeTab="1"' in clean
    assert clean.count(b"<sheet ") == 2


DAMAGED = ("xl/styles.xml", "xl/comments1.xml", "[Content_Types].xml", "xl/_rels/workbook.xml.rels")


@pytest.mark.parametrize("part", DAMAGED)
def test_a_damaged_part_is_one_exception(part: str):
    """Cut, shuffled or replaced: the workbook is marked, or cannot be; nothing else comes of it."""
    data = marked(school_list(*FAULTY))
    _, found = said_of(data)
    chance = random.Random(part)
    given = parts(data)
    for _ in range(40):
        piece = bytearray(given[part])
        for _ in range(chance.randrange(1, 4)):
            at = chance.randrange(len(piece))
            piece[at : at + chance.randrange(12)] = bytes(chance.choices(b'<>/"= 0x', k=chance.randrange(8)))
        try:
            workbook.marked(packed(given | {part: bytes(piece)}), found)
        except (*workbook.UNREADABLE, Unmarkable):
            pass


def test_what_cannot_be_written_into_goes_into_a_new_workbook():
    given = parts(school_list(*FAULTY))
    said = given["xl/styles.xml"].decode().replace('encoding="UTF-8"', 'encoding="UTF-16"')
    given["xl/styles.xml"] = said.encode("utf-16")
    data = packed(given)
    reading, found = said_of(data)
    made = back.copy("file1", data, found, reading.tables, ".xlsx")
    assert [w.code for w in made.warnings] == ["BACK-201"]
    assert {"J8", "R9"} <= coloured(made.data)


def test_another_program_opens_and_saves_it(tmp_path: Path):
    """LibreOffice Calc, where there is one: cells, colours and notes are there, and known as ours after."""
    office = shutil.which("soffice")
    if office is None or not list(Path(office).resolve().parent.glob("libsclo.so")):
        pytest.skip("no LibreOffice Calc")
    data = school_list(*FAULTY, {"Mã học sinh": 626000009})
    (tmp_path / "hs.xlsx").write_bytes(marked(data))
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    command = [office, profile, "--headless", "--convert-to", "xlsx", "--outdir", str(tmp_path / "out")]
    subprocess.run([*command, str(tmp_path / "hs.xlsx")], check=True, capture_output=True)
    saved = (tmp_path / "out" / "hs.xlsx").read_bytes()
    assert {"J8", "R9"} <= coloured(saved) & notes_of(saved).keys()
    assert table(read(saved, VNEDU)).refused.equals(table(read(data, VNEDU)).refused)
    clean = marked(saved, [])
    assert coloured(clean) == set() and notes_of(clean).keys() == {"B7"}
    assert opened(clean).sheetnames == [SHEET, "Danh mục"]
