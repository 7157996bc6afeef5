"""Codes of files that no map holds: by field, how often and where. Codes alone are shown; what may be a
person's text is only counted.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from producers import files
from producers.adapters import foreign
from producers.adapters.convert import UNMAPPED, mapped_list
from producers.adapters.raw import ITEM, Raw
from producers.codemaps.code_map import CodeMap
from producers.layouts import Library
from producers.model import Reading, SourceTable, Target
from schemas.contracts.contracts import Field, record
from schemas.errors import Problem, ProblemList
from schemas.pointers import ITEM_NUMBER

ROWS_SHOWN: Final = 5
HIDDEN: Final = ""
"""Stands for all values that are not shown."""

_CODE: Final = re.compile(r"-?[A-Za-z]{0,3}[._/-]?[0-9]{1,5}[A-Za-z]?|[A-Za-z]{1,2}")
"""What can only be a code: a name has more letters, a number of a person more digits."""

_ANOTHER: Final = {"FILE-011": "school", "FILE-012": "year", "FILE-013": "kind"}
"""Codes of a file that is of another push than it is read for → what is another."""


@dataclass
class UnknownCode:
    """A code of a field that has no entry. ``code`` is HIDDEN for all that may be people's texts."""

    record_type: str
    field_name: str
    code: str
    count: int = 0
    places: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    """(file, sheet or list) → its first rows."""


def unknown(
    contents: Sequence[tuple[str, bytes]], target: Target, library: Library
) -> tuple[list[UnknownCode], list[Problem]]:
    """Unknown codes of (file name, bytes), and what keeps a file from being read."""
    found: dict[tuple[str, str, str], UnknownCode] = {}
    problems = []
    for name, data in contents:
        try:
            content = foreign.read(name, data, library.captions.words)
            tables = _read(name, data, target, library).tables
        except ProblemList as error:
            problems += error.problems
            continue
        for table in tables:
            codemap = library.packet_codemap(target.vendor, target.year)
            for row, said, value in _values(table, content, codemap):
                code = value if _CODE.fullmatch(value) else HIDDEN
                key = (table.record_type, said, code)
                one = found.setdefault(key, UnknownCode(*key))
                one.count += 1
                rows = one.places.setdefault((name, table.sheet), [])
                if len(rows) < ROWS_SHOWN and row not in rows:
                    rows.append(row)
    order = Counter({key: one.count for key, one in found.items()}).most_common()
    return [found[key] for key, _ in sorted(order, key=lambda pair: (pair[0][:2], -pair[1]))], problems


def _read(name: str, data: bytes, target: Target, library: Library) -> Reading:
    """As of the school, year and kind that the file itself says, where it says them."""
    for _ in _ANOTHER:
        try:
            return files.read_contents([(name, data)], target, known=library)
        except ProblemList as error:
            own = {_ANOTHER[p.code]: p.params["found"] for p in error.problems if p.code in _ANOTHER}
            if not own:
                raise
            target = Target(
                target.vendor,
                own.get("school", target.school),
                int(own.get("year", target.year)),
                own.get("kind", target.kind),
            )
    return files.read_contents([(name, data)], target, known=library)


def _values(table: SourceTable, content: foreign.Content, codemap: CodeMap) -> Iterator[tuple[int, str, str]]:
    """(row, field, value) of the cells that have no entry."""
    lines = (
        table.refused.filter(pl.col("Rule") == UNMAPPED)
        .select("Row", pl.col("Fields").list.eval(pl.element().str.replace_all(ITEM_NUMBER, "")))
        .explode("Fields")
        .unique(maintain_order=True)
    )
    index = {row: at for at, row in enumerate(table.rows if table.rows is not None else ())}
    for row, said in lines.iter_rows():
        if content.packet is not None:
            found = _of_packet(content.packet.lists[table.record_type], index[row], said.split("."))
            held = _codes(record(table.record_type).fields, said.split("."), codemap)
            cells = [value for value in found if value.strip() and value.strip() not in held]
        else:
            cells = _of_sheet(table, content, row, said)
        for value in cells:
            yield row, said, value.strip()


def _codes(fields: Sequence[Field], path: Sequence[str], codemap: CodeMap) -> Collection[str]:
    """The codes that a field's map holds: of a record's items, some have one."""
    (of,) = [f for f in fields if f.name == path[0]]
    if len(path) > 1:
        return _codes(of.nested or (), path[1:], codemap)
    codelist = mapped_list(of, codemap)
    return codemap.entries(codelist) if codelist else ()


def _of_packet(raw: Raw, index: int, path: list[str]) -> list[str]:
    name, *inner = path
    if name not in raw.lists:
        return [raw.texts[name][index] or ""] if name in raw.texts.columns else []
    nested = raw.lists[name]
    items = nested.items.texts[inner[0] if inner else ITEM]
    return [value or "" for value in items.filter(nested.parent == index)]


def _of_sheet(table: SourceTable, content: foreign.Content, row: int, said: str) -> list[str]:
    numbers = [str(c.number) for c in table.columns if said in c.fields]
    for sheet in content.sheets:
        if sheet.name == table.sheet and row in sheet.rows:
            at = sheet.rows.index(row)
            return [sheet.cells[n][at] or "" for n in numbers[:1] if n in sheet.cells.columns]
    return []
