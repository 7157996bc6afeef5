"""Files of vendors and schools are read apart: whatever a file does to the reader is one code here.

What a workbook, a list or a packet holds comes back as Arrow tables (``foreign_child.py`` makes them),
checked before they are believed.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec
import polars as pl
import pyarrow as pa

from producers.adapters import foreign_child
from producers.adapters.foreign_child import LENGTH, LENGTH_BYTES, MANY, PARENT, ROW, TEXT, Question
from producers.adapters.packet_columns import Field as Shape
from producers.adapters.packet_json import Part
from producers.adapters.raw import Nested, Raw
from producers.adapters.sheets import HEADER_SEARCH, Sheet
from producers.adapters.sniff import MAX_BYTES, Kind
from producers.model import FAULTS, concat_faults
from runtime.apart import Apart, Bounds, Reason, Stopped
from schemas.contracts.contracts import Field, record, record_types
from schemas.contracts.contracts_folder import contracts_folder
from schemas.errors import Problem, ProblemList, SourceLocation

BOUNDS: Final = Bounds(memory=1536 * 1024 * 1024, seconds=120, answer=512 * 1024 * 1024)
"""A school of 3,000 pupils takes a second and 60 MiB."""

AT_ONCE: Final = 4
STOPPED: Final[Mapping[Reason, str]] = {
    "memory": "FILE-060",
    "time": "FILE-061",
    "size": "FILE-062",
    "broken": "FILE-063",
    "machine": "FILE-064",
}

READER: Final = Apart(foreign_child.__name__, AT_ONCE)


@dataclass(frozen=True)
class Packet:
    """A packet: its header (None: it has none), records by type, what is wrong with it.

    ``names``: record type → its member as it is written. ``lines``: of a packet a record a line, record
    type → the records' lines.
    """

    header: Mapping[str, str | None] | None
    lists: Mapping[str, Raw]
    problems: list[Problem]
    warnings: list[Problem]
    names: Mapping[str, str] = field(default_factory=dict)
    lines: Mapping[str, list[int]] = field(default_factory=dict)
    header_line: int = 0


@dataclass(frozen=True)
class Content:
    """What a file holds: a packet (``json``, ``ndjson``), or sheets that have a cell."""

    kind: Kind
    sheets: list[Sheet] = field(default_factory=list)
    packet: Packet | None = None


def read(
    source: str,
    data: bytes,
    captions: Collection[str] = (),
    head: int = HEADER_SEARCH,
    said: Collection[Kind] = (),
) -> Content:
    """``captions`` are folded ones, looked for in the first ``head`` lines: they tell a csv file's separator.
    ``said``: kinds, one of which the sender says it is.

    Raises ProblemList with what is wrong with the file: FILE-002 to 026, 080 to 082, or 060 to 064, where a
    bound ended its reading.
    """
    if len(data) > MAX_BYTES:
        size = {"size": len(data) >> 20, "limit": MAX_BYTES >> 20}
        raise ProblemList([Problem("FILE-002", SourceLocation(source), size)])
    asked = msgspec.json.encode(
        Question(
            source.encode("utf-8", "replace").decode(),
            list(captions),
            head,
            _parts(contracts_folder()),
            sorted(said),
        )
    )
    try:
        answer = ask(asked, data)
    except Stopped as why:
        raise ProblemList([stopped(why, SourceLocation(source))]) from None
    return _content(source, answer)


def stopped(why: Stopped, place: SourceLocation) -> Problem:
    """What is told of a file whose reading was ended by a bound."""
    limit = {"memory": BOUNDS.memory >> 20, "seconds": BOUNDS.seconds, "size": BOUNDS.answer >> 20}
    return Problem(STOPPED[why.why], place, limit)


def ask(head: bytes, data: bytes) -> memoryview:
    """The answer of the process that reads. Raises Stopped."""
    return READER.ask(head, data, BOUNDS)


@cache
def _parts(_: Path) -> dict[str, Part]:
    return {
        t: Part(record(t).packet, record(t).single, [_shape(f) for f in record(t).fields])
        for t in record_types()
        if record(t).packet
    }


def _shape(f: Field) -> Shape:
    nested = None if f.nested is None else [_shape(n) for n in f.nested]
    return Shape(f.name, f.avro_type, f.spec_type, bool(f.codelists), nested)


def _content(source: str, answer: memoryview) -> Content:
    at = LENGTH_BYTES + int.from_bytes(answer[:LENGTH_BYTES], "little")
    said: dict[str, Any] = json.loads(bytes(answer[LENGTH_BYTES:at]))

    def problems(given: Sequence[Any]) -> list[Problem]:
        return [
            Problem(code, SourceLocation(source, sheet, row, name, at), params)
            for code, sheet, row, name, at, params in given
        ]

    if "refused" in said:
        raise ProblemList(problems(said["refused"]))
    tables = _tables(pa.py_buffer(answer).slice(at))
    if (packet := said.get("packet")) is None:
        return Content(said["kind"], [_sheet(s, tables[s["table"]]) for s in said["sheets"]])
    lists = {record_type: _raw(node, tables) for record_type, node in packet["lists"].items()}
    return Content(
        said["kind"],
        packet=Packet(
            packet["header"],
            lists,
            problems(packet["problems"]),
            problems(packet["warnings"]),
            packet["names"],
            packet["lines"],
            packet["header_line"],
        ),
    )


def _tables(answer: pa.Buffer) -> list[pa.Table]:
    found, source = [], pa.BufferReader(answer)
    while source.tell() < source.size():
        with pa.ipc.open_stream(source) as stream:
            table = stream.read_all()
        table.validate(full=True)
        found.append(table)
    return found


def _sheet(said: Mapping[str, Any], table: pa.Table) -> Sheet:
    cells = pl.DataFrame(pl.from_arrow(table))
    lengths = cells[LENGTH].to_list() if LENGTH in cells.columns else None
    rows = cells[ROW].to_list()
    texts = cells.drop(ROW, LENGTH, strict=False)
    return Sheet(said["name"], texts, rows, said["hidden"], lengths, since_1904=said["since_1904"])


def _raw(said: Mapping[str, Any], tables: list[pa.Table]) -> Raw:
    table = tables[said["table"]]
    names = [name for name in table.column_names if name.startswith(TEXT)]
    texts = table.select(names).rename_columns([name.removeprefix(TEXT) for name in names])
    lists = {}
    for name, node in said["lists"].items():
        parent = _series(tables[node["table"]], PARENT)
        lists[name] = Nested(parent, _raw(node, tables), _series(table, MANY + name))
    faults = concat_faults(
        pl.DataFrame({"index": at, "rule": [code] * len(at), "field": [name] * len(at)}, schema=FAULTS)
        for code, name, at in said["faults"]
    )
    frame = pl.DataFrame(pl.from_arrow(texts))
    return Raw(said["height"], frame, lists, faults, frozenset(said["unknown"]))


def _series(table: pa.Table, name: str) -> pl.Series:
    return pl.Series(name, pl.from_arrow(table[name]))
