"""Workbooks as schools have them: dropdowns, macros, hidden columns, formats, notes, formulas, a picture."""

import base64
import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import openpyxl
import xlsxwriter

from producers.feedback import back, places, styles
from producers.feedback.places import Located
from producers.model import Reading, SourceTable
from producers.preflight import by_place, finding, warned
from tests.unit.producers.made import CAPTIONS, ROW, VNEDU, read

NAME = "danh sach.xlsx"
HEADER = 7
_PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def school_list(*rows: Mapping[str, Any], macros: bool = False, date_1904: bool = False) -> bytes:
    """vnEdu's list with all that a program puts around it; rows from 8, each ROW with some changes."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "date_1904": date_1904})
    sheet, other = book.add_worksheet("Lớp 'khối 6' A"), book.add_worksheet("Danh mục")
    title = book.add_format({"bold": True, "bg_color": "#FFFF00"})
    code = book.add_format({"num_format": "0000000000", "bg_color": "#DDEEFF", "border": 1})
    sheet.write_string(0, 0, "DANH SÁCH HỌC SINH", title)
    for column, caption in enumerate(CAPTIONS):
        sheet.write_string(HEADER - 1, column, caption, title)
    for number, row in enumerate(rows):
        for column, caption in enumerate(CAPTIONS):
            value = ({**ROW, "Mã học sinh": 626000001 + number} | dict(row)).get(caption)
            if isinstance(value, int):
                sheet.write_number(HEADER + number, column, value, code)
            elif value is not None:
                sheet.write_string(HEADER + number, column, str(value))
    last = HEADER + len(rows)
    sheet.write_formula(4, 7, "=COUNTA(H8:H20)", None, len(rows))
    sheet.data_validation(HEADER, 9, last, 9, {"validate": "list", "source": ["Nam", "Nữ"]})
    sheet.conditional_format(HEADER, 8, last, 8, {"type": "blanks", "format": title})
    sheet.set_column("K:L", 12, None, {"hidden": True})
    sheet.set_column("S:S", 12, code)
    sheet.set_row(3, None, code, {"hidden": True})
    sheet.write_comment("B7", "Lớp của trường")
    sheet.insert_image("AN1", "dau.png", {"image_data": io.BytesIO(_PICTURE)})
    sheet.autofilter(HEADER - 1, 0, last, len(CAPTIONS) - 1)
    other.write_column(0, 0, ["Kinh", "Tày"])
    book.define_name("DanToc", "='Danh mục'!$A$1:$A$2")
    book.close()
    return _with_macros(out.getvalue()) if macros else out.getvalue()


def _with_macros(data: bytes) -> bytes:
    """As Excel keeps macros: a part of its own, and another type of the workbook."""
    given = parts(data)
    types = given["[Content_Types].xml"].replace(
        b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
        b"application/vnd.ms-excel.sheet.macroEnabled.main+xml",
    )
    binary = b'<Default Extension="bin" ContentType="application/vnd.ms-office.vbaProject"/><Override'
    given["[Content_Types].xml"] = types.replace(b"<Override", binary, 1)
    rels = "xl/_rels/workbook.xml.rels"
    given[rels] = given[rels].replace(
        b"</Relationships>",
        b'<Relationship Id="rIdVba" Type="http://schemas.microsoft.com/office/2006/relationships/vbaProject"'
        b' Target="vbaProject.bin"/></Relationships>',
    )
    given["xl/vbaProject.bin"] = bytes(range(256)) * 8
    return packed(given)


def packed(given: Mapping[str, bytes]) -> bytes:
    """The file of these parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, value in given.items():
            archive.writestr(name, value)
    return out.getvalue()


def parts(data: bytes) -> dict[str, bytes]:
    """Name → bytes of each part."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def said_of(data: bytes) -> tuple[Reading, list[Located]]:
    """The list as it is read (named file1), and what is found in it: refusals, and warnings."""
    reading = read(data, VNEDU)
    refused = [
        finding("refused", t.record_type, _header(t), r["ClientId"], r["Row"], r["Rule"], r["Fields"])
        for t in reading.tables
        for r in t.refused.to_dicts()
    ]
    found = by_place([*refused, *warned(reading.tables, reading.warnings, VNEDU)])
    return reading, places.by_cell(places.located(found, reading.tables))


def _header(table: SourceTable) -> dict[str, str]:
    return {"Source": table.source, "Sheet": table.sheet}


def marked(data: bytes, found: Sequence[Located] | None = None, suffix: str = ".xlsx") -> bytes:
    """The marked copy of a list; of what is found in it, where nothing is given."""
    if found is None:
        reading, found = said_of(data)
        return back.copy("file1", data, found, reading.tables, suffix).data
    return back.copy("file1", data, found, [], suffix).data


def opened(data: bytes) -> openpyxl.Workbook:
    """As another program opens it."""
    return openpyxl.load_workbook(io.BytesIO(data))


def notes(data: bytes, sheet: str = "Lớp 'khối 6' A") -> dict[str, str]:
    """Address → note of a sheet."""
    cells = (c for row in opened(data)[sheet].iter_rows() for c in row)
    return {c.coordinate: c.comment.text for c in cells if c.comment}


def coloured(data: bytes, sheet: str = "Lớp 'khối 6' A") -> set[str]:
    """Addresses of cells with our fills."""
    cells = (c for row in opened(data)[sheet].iter_rows() for c in row)
    return {c.coordinate for c in cells if c.fill.fgColor.rgb in styles.FILLS.values()}
