"""A file's bytes → what it holds, in the process that reads foreign files (``foreign.py`` asks it).

The question is a line of JSON and the file; the answer JSON behind its length, and Arrow tables that it names
by their number. Nothing here imports polars: a process that forks has one thread.
"""

import codecs
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, BinaryIO, Final

import msgspec
import pyarrow as pa

from producers.adapters import csv_cells, html_tables, json_lists, old_workbook, packet_lines, xlsx
from producers.adapters.grid import (
    MAX_AREA,
    MAX_COLUMNS,
    MOST_TOLD,
    TOO_MUCH,
    Cells,
    TooMuch,
    Unreadable,
)  # fmt: skip
from producers.adapters.packet_columns import Columns, Field, text_array
from producers.adapters.packet_columns import read as read_records
from producers.adapters.packet_json import Packet, Part, is_packet, malformed, split
from producers.adapters.said_twice import SAID_TWICE
from producers.adapters.sniff import Kind, sniff
from producers.feedback import own
from schemas.errors import Problem, ProblemList, SourceLocation
from schemas.pointers import pointer

UNREADABLE: Final = "FILE-014"
DIFFER: Final = "FILE-065"
CUT_OFF: Final = "FILE-066"
ANOTHER_KIND: Final = "FILE-082"
NOT_ALL: Final = "FILE-092"
ALIGNED: Final = 64
LENGTH_BYTES: Final = 8
WARM: Final = [f"W{n}" for n in range(64)]
WARM_BYTES: Final = 4 * 1024 * 1024
"""What a school's packet takes."""
ROW, LENGTH, PARENT = "row", "length", "parent"
TEXT, MANY = "=", "#"
"""Before a field's name: its texts, or how many items its list has."""

for _name in (
    "latin_1",
    "mac_roman",
    "utf_16_le",
    "utf_16_be",
    "cp874",
    *(f"cp125{n}" for n in range(9)),
):
    codecs.lookup(_name)  # imported when a file first asks for it, which may open no file then


class Question(msgspec.Struct, frozen=True):
    """Name of the file; captions that tell a csv file's separator, and the lines in which they are looked
    for; the parts of a packet by record type; the kinds that the sender says it is one of, if any."""

    source: str
    captions: list[str]
    head: int
    parts: dict[str, Part]
    said: list[Kind] = []


def warm() -> None:
    """Read a small packet: whatever a fork touches first is copied for it, which takes as long as to read a
    school."""
    fields = [Field(name, "string", "string", coded=False) for name in WARM]
    nested = Field("N", "array", "list", coded=False, nested=fields[:2])
    part = Part("L", False, [*fields, Field("I", "int", "integer", coded=False), nested])
    asked = Question("", [], 0, {"R": part})
    record: dict[str, Any] = dict.fromkeys(WARM, "0" * 8) | {"I": 1, "N": [dict.fromkeys(WARM[:2], "0")]}
    data = json.dumps({"L": [record] * 64}).encode()
    answer(msgspec.json.encode(asked), data, io.BytesIO())
    bytearray(b"\1") * WARM_BYTES  # memory that is given back, cleared


def answer(head: bytes, data: bytes, out: BinaryIO) -> None:
    """One file, read or refused."""
    tables: list[pa.Table] = []
    said = _said(msgspec.json.decode(head, type=Question), data, tables)
    text = json.dumps(said, ensure_ascii=False).encode("utf-8", "replace")  # a lone surrogate is no text
    text += b" " * (-(LENGTH_BYTES + len(text)) % ALIGNED)
    out.write(len(text).to_bytes(LENGTH_BYTES, "little") + text)
    for table in tables:
        with pa.ipc.new_stream(out, table.schema) as stream:
            stream.write_table(table)


def _said(asked: Question, data: bytes, tables: list[pa.Table]) -> dict[str, Any]:
    place = SourceLocation(asked.source)
    try:
        kind, content = _kind(asked, *sniff(asked.source, data))
        if kind == "ndjson":
            return {"kind": kind, "packet": _packet(asked, content, tables, lines=True)}
        if kind == "json":
            if lists := _lists(asked, content):
                return {"kind": kind, "sheets": _written(lists, {}, tables)}
            return {"kind": kind, "packet": _packet(asked, content, tables)}
        return {"kind": kind, "sheets": _sheets(asked, kind, content, tables)}
    except ProblemList as error:
        return {"refused": _most(asked, error.problems)}
    except TooMuch:
        return {"refused": [told(Problem(TOO_MUCH, place))]}
    except old_workbook.Differ as error:
        cells = [SourceLocation(asked.source, sheet, row, _letters(at)) for sheet, row, at in error.places]
        return {"refused": [told(Problem(DIFFER, cell)) for cell in cells]}
    except html_tables.CutOff:
        return {"refused": [told(Problem(CUT_OFF, place))]}
    except (*xlsx.UNREADABLE, Unreadable, AssertionError):
        return {"refused": [told(Problem(UNREADABLE, place))]}


def told(problem: Problem) -> list[Any]:
    """A problem of the file as JSON."""
    p = problem.place
    return [problem.code, p.sheet, p.row, p.field, p.pointer, problem.params]


def _most(asked: Question, problems: list[Problem]) -> list[Any]:
    """The first ones, and that there are more."""
    more = [Problem(NOT_ALL, SourceLocation(asked.source), {"shown": MOST_TOLD})]
    return [told(p) for p in problems[:MOST_TOLD] + (more if len(problems) > MOST_TOLD else [])]


def _kind(asked: Question, kind: Kind, content: bytes) -> tuple[Kind, bytes]:
    """What the content is, also by what its sender says: to the content alone, damaged JSON is a list.

    Raises ProblemList (FILE-082) for another kind than is said.
    """
    if kind == "json" and ("ndjson" in asked.said or packet_lines.is_lines(content, asked.parts)):
        kind = "ndjson"
    if kind == "csv" and not {"csv", "ndjson", "json"}.isdisjoint(asked.said):
        kind = next(k for k in ("csv", "ndjson", "json") if k in asked.said)
    if asked.said and kind not in asked.said:
        raise ProblemList(
            [
                Problem(
                    ANOTHER_KIND, SourceLocation(asked.source), {"found": kind, "said": "/".join(asked.said)}
                )
            ]
        )
    return kind, content


def _sheets(asked: Question, kind: Kind, data: bytes, tables: list[pa.Table]) -> list[dict[str, Any]]:
    if kind == "csv":
        rows = csv_cells.read(asked.source, data, frozenset(asked.captions), asked.head)
        given = {line: {i: c for i, c in enumerate(row, 1) if c} for line, row in rows}
        ours = own.column_of_faults(given)
        lengths = {line: len(row) - (ours is not None and len(row) >= ours) for line, row in rows}
        found = [Cells("", False, given)]
    elif kind == "html":
        found, lengths = [html_tables.read(data.decode("utf-8"))], {}
    else:
        found, lengths = xlsx.read(data) if kind == "xlsx" else old_workbook.read(data), {}
    if kind != "csv":
        found = [cells for cells in found if not own.is_list_of_faults(cells.rows)]
    return _written(found, lengths, tables)


def _written(
    found: Iterable[Cells], lengths: Mapping[int, int], tables: list[pa.Table]
) -> list[dict[str, Any]]:
    """Sheets that have a cell."""
    sheets = []
    for cells in found:
        if cells.rows:
            said = {"name": _plain(cells.name), "hidden": cells.hidden, "since_1904": cells.since_1904}
            sheets.append(said | {"table": len(tables)})
            tables.append(_table(own.without_faults(cells.rows), lengths))
    return sheets


def _lists(asked: Question, data: bytes) -> list[Cells] | None:
    """Lists of objects in JSON that is no packet; None if it is one, or holds no list."""
    try:
        members = msgspec.json.decode(data, type=dict[str, msgspec.Raw] | list[msgspec.Raw])
    except msgspec.ValidationError:
        return None
    except (msgspec.DecodeError, RecursionError) as error:
        raise ProblemList([malformed(asked.source, data, str(error))]) from None
    for outer in [members] if isinstance(members, dict) else members[:1]:
        if is_packet(_names(outer), asked.parts):
            return None
    try:
        sheets, problems = json_lists.read(asked.source, data)
    except RecursionError:
        return None
    if problems:
        raise ProblemList(problems)
    return sheets


def _table(given: Mapping[int, Mapping[int, str]], lengths: Mapping[int, int]) -> pa.Table:
    """Columns that hold something by their number, beside the rows' numbers and a csv file's cells a row."""
    rows = sorted(row for row, cells in given.items() if cells)
    columns = sorted({column for row in rows for column in given[row]})
    if len(columns) > MAX_COLUMNS or len(rows) * len(columns) > MAX_AREA:
        raise TooMuch
    arrays = {ROW: pa.array(rows, pa.int32())}
    if lengths:
        arrays[LENGTH] = pa.array([lengths[row] for row in rows], pa.int32())
    lines = [given[row] for row in rows]
    for column in columns:
        arrays[str(column)] = text_array([line.get(column) for line in lines])
    return pa.table(arrays)


def _letters(number: int) -> str:
    """38 → AL, as the program shows it."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _packet(asked: Question, data: bytes, tables: list[pa.Table], *, lines: bool = False) -> dict[str, Any]:
    packet, problems = (packet_lines.split if lines else split)(asked.source, data, asked.parts)
    if packet is None:
        raise ProblemList(problems)
    lists: dict[str, Any] = {}
    for record_type, part in asked.parts.items():
        if records := packet.lists.get(record_type):
            try:
                read = read_records(records, part.fields)
            except TooMuch:
                member = packet.names.get(record_type, part.member)
                place = SourceLocation(asked.source, field=part.member, pointer=pointer([member]))
                problems.append(Problem(TOO_MUCH, place))
            else:
                lists[record_type] = _columns(read, tables)
                problems += _said_twice(asked, packet, record_type, read)
    return {
        "header": packet.header,
        "header_line": packet.header_line,
        "names": packet.names,
        "lines": packet.lines,
        "lists": lists,
        "problems": _most(asked, problems),
        "warnings": [told(p) for p in packet.warnings],
    }


def _said_twice(asked: Question, packet: Packet, record_type: str, read: Columns) -> Iterator[Problem]:
    """Which of two values is meant nobody knows, and another program may take the other."""
    part, lines = asked.parts[record_type], packet.lines.get(record_type)
    member = packet.names.get(record_type, part.member)
    for at, path in read.twice:
        steps = [member, *path] if lines or part.single else [member, at, *path]
        field = ".".join(str(step) for step in path if isinstance(step, str))
        place = SourceLocation(
            asked.source, part.member, lines[at] if lines else at + 1, field, pointer(steps)
        )
        yield Problem(SAID_TWICE, place)


def _columns(read: Columns, tables: list[pa.Table], parent: pa.Array | None = None) -> dict[str, Any]:
    number = len(tables)
    arrays = {TEXT + name: array for name, array in read.texts.items()}
    arrays |= {MANY + name: items.lengths for name, items in read.lists.items()}
    if parent is not None:
        arrays[PARENT] = parent
    tables.append(pa.table(arrays))
    return {
        "table": number,
        "height": read.height,
        "faults": read.faults,
        "unknown": sorted(map(_plain, read.unknown)),
        "lists": {name: _columns(items.items, tables, items.parent) for name, items in read.lists.items()},
    }


def _names(of: "dict[str, msgspec.Raw] | msgspec.Raw") -> Iterable[str]:
    """Members of an object; of anything else none."""
    if isinstance(of, dict) or not bytes(of).startswith(b"{"):
        return of if isinstance(of, dict) else ()
    return msgspec.json.decode(of, type=dict[str, msgspec.Raw])


def _plain(text: str) -> str:
    """A lone surrogate is no text."""
    return text.encode("utf-8", "replace").decode()
