"""Findings → the cells of the file that they speak of."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from producers.feedback.cells import letters
from producers.model import ROW, SourceColumn, SourceTable
from producers.preflight import Finding
from producers.text import fold
from schemas.contracts import contracts

_NO_LETTERS: Final = 3


@dataclass(frozen=True)
class Located:
    """A finding, the columns that it speaks of (none: its row, its sheet or its file as a whole), and the
    column where what is said of a whole row is marked (0: not known). ``captions``: the columns as their
    file calls them, else the fields as the contract does."""

    finding: Finding
    columns: tuple[SourceColumn, ...] = ()
    first: int = 0
    captions: str = ""

    @property
    def cells(self) -> list[tuple[int, int]]:
        """(row, column) of each cell to be marked, from 1."""
        row = self.finding.place.row
        if not row or not self.first:
            return []
        return [(row, c.number) for c in self.columns if c.number] or [(row, self.first)]

    @property
    def address(self) -> str:
        """As a spreadsheet says it (H9); of the first cell, nothing where none is known."""
        return next((f"{letters(column)}{row}" for row, column in self.cells), "")

    def as_dict(self) -> dict[str, object]:
        """For ``--json``: what a finding says, and its cell."""
        return self.finding.as_dict() | {"columns": self.captions, "cell": self.address}


def located(findings: Sequence[Finding], tables: Sequence[SourceTable]) -> list[Located]:
    """Each finding with its cells, in the order given."""
    of_sheet: dict[tuple[str, str], list[SourceTable]] = {}
    for table in tables:
        of_sheet.setdefault((table.source, table.sheet), []).append(table)
    rows = {id(table): _rows(table) for table in tables}
    found = []
    for finding in findings:
        place = finding.place
        among = of_sheet.get((place.file, place.sheet), [])
        own = [t for t in among if place.row in rows[id(t)]] or among
        own = [t for t in own if t.record_type == finding.record_type] or own
        found.append(_located(finding, own))
    return found


def by_cell(found: Sequence[Located]) -> list[Located]:
    """In the order of files, sheets, rows and columns."""

    def place(f: Located) -> tuple[str, str, int, int, str]:
        at = f.finding.place
        return at.file, at.sheet, at.row, f.cells[0][1] if f.cells else 0, f.finding.rule

    return sorted(found, key=place)


def _located(finding: Finding, tables: Sequence[SourceTable]) -> Located:
    names = _names(finding)
    for table in tables:
        columns = tuple(dict.fromkeys(c for n in names if (c := _column(n, table.columns))))
        if columns:
            captions = ", ".join(c.caption or letters(c.number) for c in columns)
            return Located(finding, columns, columns[0].number, captions)
    if any(letter := n for n in names if _is_letters(n)):
        number = _number(letter)
        return Located(finding, (SourceColumn(number, ""),), number, letter)
    of_packet = finding.place.sheet in packet_lists() or any(not t.columns for t in tables)
    first = min((c.number for t in tables for c in t.columns), default=0 if of_packet else 1)
    said = finding.place.field.split(", ") if finding.place.field else []
    return Located(finding, (), first, ", ".join(_label(finding.record_type, name) for name in said))


@cache
def packet_lists() -> frozenset[str]:
    """What stands in the place of a sheet where there are no cells."""
    return frozenset(contracts.record(t).packet for t in contracts.record_types())


def _names(finding: Finding) -> list[str]:
    """Fields or captions; a caption may hold what else divides them."""
    said = finding.place.field
    return list(dict.fromkeys([said, *said.split(", ")])) if said else []


def _column(name: str, columns: Sequence[SourceColumn]) -> SourceColumn | None:
    by_field = next((c for c in columns if name in c.fields), None)
    return by_field or next((c for c in columns if fold(c.caption) == fold(name)), None)


def _rows(table: SourceTable) -> frozenset[int]:
    """Rows of the file that the table speaks of."""
    parts = [table.records[ROW], table.refused["Row"], table.left_out["Row"]]
    if table.rows is not None:
        parts.append(table.rows)
    return frozenset(n for part in parts for n in part.to_list())


def _is_letters(name: str) -> bool:
    return 0 < len(name) <= _NO_LETTERS and all("A" <= c <= "Z" for c in name)


def _number(column: str) -> int:
    number = 0
    for c in column:
        number = number * 26 + ord(c) - 64
    return number


def _label(record_type: str, name: str) -> str:
    """What the contract calls a field; a caption is its own."""
    if record_type not in contracts.record_types():
        return name
    return next((f.label_vi for f in contracts.record(record_type).fields if f.name == name), name)
