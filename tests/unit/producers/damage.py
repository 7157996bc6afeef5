"""Lists damaged in the ways of real ones, seeded: the file, and where each of its records stands.

A damage works on the rows of a list, or on the bytes of the file. ``harmless`` ones may cost nothing: every
record is read with its values. Of others the file may be refused; else each record is read or named.
"""

import csv
import io
import unicodedata
import warnings
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final

import xlsxwriter

from producers.layouts import Layout
from producers.synthetic import layout_file
from producers.synthetic.layout_cells import Row
from tests.unit.producers.made_xls import xls

KINDS: Final = ("xlsx", "csv", "html", "xls")
SEPARATORS: Final = ";,\t"


@dataclass
class Line:
    """A row of the sheet; ``record``: whose it is, by its place in the list (None: nobody's)."""

    cells: list[str | None]
    record: int | None = None


@dataclass
class Sown:
    """A list under way. ``touched``: records that the damage changed, whose values are no longer known;
    ``lost``: those that are no longer in the file; ``twice``: those whose id stands there twice."""

    lines: list[Line]
    header: int
    kind: str
    separator: str = ";"
    touched: set[int] = field(default_factory=set)
    lost: set[int] = field(default_factory=set)
    beside: list[tuple[str, list[list[str | None]], bool]] = field(default_factory=list)
    """Further sheets: name, rows, whether hidden."""
    second: list[Line] = field(default_factory=list)
    """The list goes on on a second sheet."""
    far: tuple[int, int] | None = None
    quoting: int = csv.QUOTE_MINIMAL
    end: str = "\r\n"
    places: dict[int, int] = field(default_factory=dict)
    """Record → its row in the file, once it is written."""

    @property
    def width(self) -> int:
        return len(self.lines[self.header].cells)

    def body(self) -> list[Line]:
        return [line for line in self.lines if line.record is not None]

    def sheets(self) -> list[tuple[str, list[list[str | None]], bool]]:
        """All sheets: name, rows, whether hidden."""
        more = [("Sheet2", [x.cells for x in self.second], False)] if self.second else []
        return [("Sheet1", [x.cells for x in self.lines], False), *more, *self.beside]

    def place(self) -> None:
        """Rows by their number on their sheet."""
        for lines in (self.lines, self.second):
            self.places |= {x.record: n for n, x in enumerate(lines, 1) if x.record is not None}

    def insert(self, at: int, *rows: Sequence[str | None]) -> None:
        self.lines[at:at] = [Line([*row, *[None] * (self.width - len(row))]) for row in rows]
        if at <= self.header:
            self.header += len(rows)


def sow(layout: Layout, rows: Sequence[Row], kind: str, rng: Random) -> Sown:
    """The undamaged list: captions and records, nothing else."""
    (head,), _ = layout_file.header(layout)
    body = [Line(cells, number) for number, cells in enumerate(layout_file.body(layout, rows))]
    return Sown([Line(head), *body], 0, kind, rng.choice(SEPARATORS))


def write(sown: Sown) -> bytes:
    """The file; says where the records stand."""
    sown.place()
    match sown.kind:
        case "xlsx":
            return _xlsx(sown)
        case "xls":
            sheets = sown.sheets()
            return xls({n: rows for n, rows, _ in sheets}, hidden=[n for n, _, hidden in sheets if hidden])
        case "html":
            return _html(sown)
    return _csv(sown)


def _xlsx(sown: Sown) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    for name, rows, hidden in sown.sheets():
        sheet = book.add_worksheet(name)
        if hidden:
            sheet.hide()
        for r, row in enumerate(rows):
            for c, text in enumerate(row):
                if text is not None:
                    sheet.write_string(r, c, text)
    if sown.far is not None:
        book.worksheets()[0].write_blank(*sown.far, None, book.add_format({"bold": True}))
    book.close()
    return out.getvalue()


def _html(sown: Sown) -> bytes:
    def cell(text: str | None) -> str:
        given = (text or "").replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        return f"<td>{given}</td>"

    rows = "".join("<tr>" + "".join(map(cell, x.cells)) + "</tr>\n" for x in sown.lines)
    return f"<html><body><table border=1>\n{rows}</table></body></html>".encode()


def _csv(sown: Sown) -> bytes:
    out, line = io.StringIO(), 1
    writer = csv.writer(out, delimiter=sown.separator, lineterminator=sown.end, quoting=sown.quoting)  # type: ignore[arg-type]
    for x in sown.lines:
        if x.record is not None:
            sown.places[x.record] = line
        writer.writerow([c or "" for c in x.cells])
        line += 1 + sum((c or "").count("\n") for c in x.cells)
    return out.getvalue().encode()


OnRows = Callable[[Sown, Random], None]
OnBytes = Callable[[Sown, bytes, Random], bytes]


# Harmless: on the rows


def titles(sown: Sown, rng: Random) -> None:
    texts = [
        "PHÒNG GDĐT",
        "DANH SÁCH",
        "Năm học 2019 - 2020",
        "Hướng dẫn: Họ tên, Ngày sinh lấy từ giấy khai sinh",
    ]
    sown.insert(0, *([rng.choice([*texts, None])] for _ in range(rng.randrange(1, 12))))


def blank_rows(sown: Sown, rng: Random) -> None:
    for _ in range(rng.randrange(1, 4)):
        sown.insert(rng.randrange(sown.header + 1, len(sown.lines) + 1), [])


def header_again(sown: Sown, rng: Random) -> None:
    sown.insert(rng.randrange(sown.header + 1, len(sown.lines)) + 1, list(sown.lines[sown.header].cells))


def footer(sown: Sown, rng: Random) -> None:
    rows = [["", "", f"Tổng số: {len(sown.body())}"], ["", "", "Người lập biểu"], ["", "", "Hiệu trưởng"]]
    sown.insert(len(sown.lines), *rng.sample(rows, rng.randrange(1, 4)))


def spelt_otherwise(sown: Sown, rng: Random) -> None:
    def changed(text: str) -> str:
        return rng.choice([
            text, f"{text} (*)", f" {text} *", text.replace(" ", "  "), text.replace(" ", "\xa0"),
            unicodedata.normalize("NFD", text), text.upper(), text.replace(" ", "\n", 1),
        ])  # fmt: skip

    head = sown.lines[sown.header]
    head.cells = [changed(c) if c else c for c in head.cells]


def columns_moved(sown: Sown, rng: Random) -> None:
    order = list(range(sown.width))
    rng.shuffle(order)
    for line in sown.lines:
        line.cells = [line.cells[n] for n in order]


def column_beside(sown: Sown, rng: Random) -> None:
    at, caption = rng.randrange(sown.width + 1), rng.choice(["Số thẻ thư viện", "Ghi chú của lớp", None])
    for line in sown.lines:
        line.cells.insert(at, "x" if line.record is not None else None)
    sown.lines[sown.header].cells[at] = caption


def blanks_around(sown: Sown, rng: Random) -> None:
    for line in sown.body():
        line.cells = [rng.choice([f" {c}", f"{c} ", f"\xa0{c}", c]) if c else c for c in line.cells]


def decomposed(sown: Sown, rng: Random) -> None:
    for line in sown.body():
        line.cells = [unicodedata.normalize("NFD", c) if c else c for c in line.cells]


def machine_row(sown: Sown, rng: Random) -> None:
    sown.insert(sown.header + 1, ['{"Id":1,"PointCode":"X"}'])


def other_sheets(sown: Sown, rng: Random) -> None:
    if sown.beside:
        return
    for name in rng.sample(["Hướng dẫn", "Danh mục", "Cũ"], rng.randrange(1, 4)):
        rows: list[list[str | None]] = [["Mã", "Tên"], ["01", "Kinh"]]
        if name == "Cũ":
            rows = [list(line.cells) for line in sown.lines]
        sown.beside.append((name, rows, name == "Cũ"))


def in_two_sheets(sown: Sown, rng: Random) -> None:
    if sown.kind not in ("xlsx", "xls") or sown.second:
        return
    cut = sown.header + 1 + rng.randrange(1, len(sown.body()))
    sown.second, sown.lines = [Line(list(sown.lines[sown.header].cells)), *sown.lines[cut:]], sown.lines[:cut]


def far_blank(sown: Sown, rng: Random) -> None:
    sown.far = rng.choice([(1_048_575, 16_383), (1_048_575, 3), (2_000, 16_383)])


def quoted(sown: Sown, rng: Random) -> None:
    sown.quoting, sown.end = csv.QUOTE_ALL, rng.choice(["\n", "\r\n", "\r"])


# Harmful: on the rows


def cell_emptied(sown: Sown, rng: Random) -> None:
    line = rng.choice(sown.body())
    line.cells[rng.randrange(sown.width)] = None
    _touch(sown, line)


def cell_spoilt(sown: Sown, rng: Random) -> None:
    line = rng.choice(sown.body())
    spoilt = ["#N/A", "31/02/2012", "1.9E+10", "???", "=1+1", "\ufffd", "Nguyễn\nVăn"]
    if sown.kind == "csv":
        spoilt += ["a\x00b", "x" * 40_000]
    line.cells[rng.randrange(sown.width)] = rng.choice(spoilt)
    _touch(sown, line)


def record_twice(sown: Sown, rng: Random) -> None:
    line = rng.choice(sown.body())
    sown.lines.insert(rng.randrange(sown.header + 1, len(sown.lines) + 1), Line(list(line.cells)))
    _touch(sown, line)


def cells_shifted(sown: Sown, rng: Random) -> None:
    line = rng.choice(sown.body())
    line.cells.insert(rng.randrange(sown.width), "thừa")
    _touch(sown, line)


def caption_twice(sown: Sown, rng: Random) -> None:
    head = sown.lines[sown.header].cells
    one, other = rng.sample([n for n, c in enumerate(head) if c], 2)
    head[one] = head[other]
    sown.touched.update(range(len(sown.body())))


def column_gone(sown: Sown, rng: Random) -> None:
    at = rng.randrange(sown.width)
    for line in sown.lines:
        del line.cells[at]
    sown.touched.update(range(len(sown.body())))


def second_table(sown: Sown, rng: Random) -> None:
    head, width = list(sown.lines[sown.header].cells), sown.width
    order = list(range(width))
    rng.shuffle(order)
    cut = sown.header + 1 + len(sown.body()) // 2
    for line in sown.lines[cut:]:
        line.cells = [line.cells[n] for n in order]
    sown.insert(cut, [], [head[n] for n in order])


def _touch(sown: Sown, line: Line) -> None:
    assert line.record is not None
    sown.touched.add(line.record)


# Harmful: on the bytes


def cut_off(sown: Sown, data: bytes, rng: Random) -> bytes:
    end = rng.randrange(len(data) // 3, len(data) - 1)
    if sown.kind == "csv":
        whole = data[:end].count(sown.end.encode())
        last = [x.record for x in sown.lines if x.record is not None and sown.places[x.record] > whole]
        sown.touched.update(last[:1])
        sown.lost.update(last)
    return data[:end]


def byte_changed(sown: Sown, data: bytes, rng: Random) -> bytes:
    changed = bytearray(data)
    at = rng.randrange(len(data))
    changed[at] ^= 1 << rng.randrange(8)
    if sown.kind != "xlsx":
        sown.touched.update(range(len(sown.places)))  # a letter may be another one
    return bytes(changed)


def other_encoding(sown: Sown, data: bytes, rng: Random) -> bytes:
    if sown.kind not in ("csv", "html"):
        return data[4:]
    return data.decode().encode(rng.choice(["utf-16", "cp1258"]), "ignore")


def open_quote(sown: Sown, data: bytes, rng: Random) -> bytes:
    if sown.kind != "csv":
        return data
    lines = data.decode().split(sown.end)
    at = rng.randrange(sown.header + 1, len(lines) - 1)
    cells = lines[at].split(sown.separator)
    n = rng.randrange(len(cells))
    cells[n] = '"' + cells[n]
    lines[at] = sown.separator.join(cells)
    sown.touched.update(r for r, line in sown.places.items() if line == at + 1)
    return sown.end.join(lines).encode()


def part_twice(sown: Sown, data: bytes, rng: Random) -> bytes:
    if sown.kind != "xlsx":
        return data
    out = io.BytesIO(data)
    with zipfile.ZipFile(out, "a") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the name is there already
        name = rng.choice(archive.namelist())
        archive.writestr(rng.choice([name, name.upper()]), archive.read(name)[:-9])
    return out.getvalue()


HARMLESS: Final[tuple[OnRows, ...]] = (
    titles, blank_rows, header_again, footer, spelt_otherwise, columns_moved, column_beside, blanks_around,
    decomposed, machine_row, other_sheets, in_two_sheets, far_blank, quoted,
)  # fmt: skip
HARMFUL: Final[tuple[OnRows, ...]] = (
    cell_emptied, cell_spoilt, record_twice, cells_shifted, caption_twice, column_gone, second_table,
)  # fmt: skip
BYTES: Final[tuple[OnBytes, ...]] = (cut_off, byte_changed, other_encoding, open_quote, part_twice)
