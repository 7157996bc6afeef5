"""A workbook (.xlsx, .xlsm) as sheets of text, read as a stream: only cells that hold something cost memory.

Texts are those that Excel shows where it matters: a date is ``2012-09-05``, zeros of a number format stand in
front (0626000001), a number of more than 15 digits is 1.2E+18, for its last digits are lost. An error result
is its own text (#N/A), and so is a formula that was never computed.
"""

import io
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from producers.adapters import plain
from producers.adapters.cell_values import EPOCH_1904, Book, column_number, text_of, unescaped
from producers.adapters.grid import ERROR_RESULT, MAX_AREA, MAX_CHARS, Cells, TooMuch
from producers.adapters.parts import MAX_ELEMENTS, TEXT, Local, fed, parse, parser_of

MAX_ROW: Final = 1_048_576
MAX_FORMAT: Final = 255
"""Characters of a number format, as Excel has them."""

UNREADABLE: Final = (
    zipfile.BadZipFile, zlib.error, expat.ExpatError, LookupError, ValueError, EOFError,
    NotImplementedError, RuntimeError, OverflowError, StopIteration,
)  # fmt: skip
"""What a damaged or locked workbook raises."""

_BUILT_IN_DATES: Final = frozenset([*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)])
_WORKSHEET: Final = "/worksheet"


def read(data: bytes) -> list[Cells]:
    """The worksheets in their order. Raises one of UNREADABLE, or TooMuch."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        root = next(t for kind, t in relations(archive, "").values() if kind.endswith("/officeDocument"))
        book, listed = Book(archive), _sheets(archive, root)
        parts = relations(archive, root)
        if listed.since_1904:
            book.epoch = EPOCH_1904
        for kind, path in parts.values():
            if kind.endswith("/styles"):
                book.formats = _formats(archive, path)
            elif kind.endswith("/sharedStrings"):
                book.texts = _shared(archive, path)
        found = [
            (parts[relation][1], Cells(name, hidden, since_1904=listed.since_1904))
            for name, hidden, relation in listed.sheets
            if parts[relation][0].endswith(_WORKSHEET)
        ]
        if len({path for path, _ in found}) < len(found):
            raise ValueError(root)  # one part may be named a million times
        return [_cells(book, path, sheet) for path, sheet in found]


@dataclass
class _Listed:
    sheets: list[tuple[str, bool, str]] = field(default_factory=list)
    since_1904: bool = False


def _sheets(archive: zipfile.ZipFile, path: str) -> _Listed:
    listed = _Listed()

    def start(tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "sheet":
            relation = next(v for n, v in attributes.items() if n.endswith(":id"))
            hidden = attributes.get("state", "visible") != "visible"
            listed.sheets.append((attributes["name"], hidden, relation))
        elif tag == "workbookPr":
            listed.since_1904 = attributes.get("date1904", "").strip() in ("1", "true")

    parse(archive, path, start)
    return listed


def relations(archive: zipfile.ZipFile, path: str) -> dict[str, tuple[str, str]]:
    """Id → (kind, path in the archive) of the parts that a part names."""
    folder, _, name = path.rpartition("/")
    found = {}

    def start(tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "Relationship" and attributes.get("TargetMode") != "External":
            target = attributes["Target"]
            inside = target[1:] if target.startswith("/") else f"{folder}/{target}".lstrip("/")
            found[attributes["Id"]] = (attributes["Type"], inside)

    parse(archive, f"{folder}/_rels/{name}.rels".lstrip("/"), start)
    return found


def _formats(archive: zipfile.ZipFile, path: str) -> list[str]:
    own: dict[str, str] = {}
    styles: list[str] = []
    inside: list[str] = []

    def start(tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "numFmt":
            own[attributes["numFmtId"]] = attributes["formatCode"][:MAX_FORMAT]
        elif tag == "cellXfs":
            inside.append(tag)
        elif tag == "xf" and inside:
            styles.append(attributes.get("numFmtId", "0"))

    def end(tag: str) -> None:
        if tag == "cellXfs":
            inside.clear()

    parse(archive, path, start, end)
    return [own.get(n, "d" if n.isdecimal() and int(n) in _BUILT_IN_DATES else "") for n in styles]


def _shared(archive: zipfile.ZipFile, path: str) -> list[str]:
    texts: list[str] = []
    chars, body = 0, plain.Body(archive, path, "sst", "si")
    try:
        for text in plain.texts(body):
            texts.append(unescaped(text))
            chars += len(texts[-1])
            if chars > MAX_CHARS:
                raise TooMuch
        around = body.around
    except plain.NotPlain:
        texts, chars, around = [], 0, None
    pieces: list[str] = []
    skipped = False

    def start(tag: str, _: Mapping[str, str]) -> None:
        nonlocal skipped
        if tag == "si":
            pieces.clear()
        elif tag == "rPh":  # how it is read aloud
            skipped = True

    def end(tag: str) -> None:
        nonlocal chars, skipped
        if tag == "si":
            texts.append(unescaped("".join(pieces)))
            chars += len(texts[-1])
            if chars > MAX_CHARS:
                raise TooMuch
        elif tag == "rPh":
            skipped = False

    parse(archive, path, start, end, lambda text: pieces.append(text) if not skipped else None, around)
    return texts


def _cells(book: Book, path: str, sheet: Cells) -> Cells:
    body = plain.Body(book.archive, path, "sheetData", "row")
    try:
        sheet.rows = _plain(book, body)
    except plain.NotPlain:
        return _elements(book, path, sheet)
    return _elements(book, path, sheet, body.around)


def _plain(book: Book, body: plain.Body) -> dict[int, dict[int, str]]:
    """Rows of a worksheet's body. Raises NotPlain, TooMuch."""
    rows: dict[int, dict[int, str]] = {}
    columns: set[int] = set()
    texts, chars, elements = book.texts, book.chars, book.elements
    for number, found in plain.rows(body):
        if number in rows or number > MAX_ROW:
            raise plain.NotPlain
        cells: dict[int, str] = {}
        for _, letters, style, kind, value in found:
            if kind == "s" and value.isdecimal():
                text = texts[int(value)]
            else:
                text = text_of(book, kind or "n", style, value)
            if text and not text.isspace():
                column = column_number(letters)
                if column in cells:
                    raise plain.NotPlain
                cells[column] = text
                chars += len(text)
        elements += 1 + 2 * len(found)
        columns.update(cells)
        if cells:
            rows[number] = cells
        if chars > MAX_CHARS or elements > MAX_ELEMENTS or len(rows) * len(columns) > MAX_AREA:
            raise TooMuch
    book.chars, book.elements = chars, elements
    return rows


def _elements(book: Book, path: str, sheet: Cells, around: bytes | None = None) -> Cells:
    """One call for each tag of each cell: what is the same for many of them is worked out once."""
    parser, local, rows = parser_of(path), Local(), sheet.rows
    at_row = at_column = chars = 0
    elements = book.elements
    kind = style = ""
    within = formula = False
    pieces: list[str] = []
    row: dict[int, str] = {}
    columns: set[int] = set()

    def started(name: str, attributes: dict[str, str]) -> None:
        nonlocal at_row, at_column, elements, kind, style, within, formula, row
        elements += 1
        tag = local[name]
        if tag == "c":
            place = attributes.get("r")
            at_column = column_number(place.rstrip("0123456789")) if place else at_column + 1
            kind, style, formula = attributes.get("t", "n"), attributes.get("s", ""), False
            pieces.clear()
        elif tag == "row":
            at_row, at_column = int(attributes.get("r", at_row + 1)), 0
            if not 0 < at_row <= MAX_ROW:
                raise ValueError(path)
            row = rows.get(at_row, {})
        elif tag == "f":
            formula = True
        within = tag in TEXT

    def ended(name: str) -> None:
        nonlocal within
        within = False
        if local[name] != "c":
            return
        text = text_of(book, kind, style, "".join(pieces))
        if not text and formula and kind != "str":
            text = ERROR_RESULT
        if not text or text.isspace():
            return
        if not row:
            rows[at_row] = row
        elif at_column in row:
            raise ValueError(path)
        row[at_column] = book.taken(text)
        columns.add(at_column)

    def said(piece: str) -> None:
        nonlocal chars
        if within:
            chars += len(piece)
            if chars > MAX_CHARS:
                raise TooMuch
            pieces.append(piece)

    parser.StartElementHandler, parser.EndElementHandler = started, ended
    parser.CharacterDataHandler = said
    for _ in fed(parser, book.archive, path, around):
        if elements > MAX_ELEMENTS or len(rows) * len(columns) > MAX_AREA:
            raise TooMuch
    book.elements = elements
    return sheet
