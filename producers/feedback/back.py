"""The file that a school sent, with its faults marked, as the school would open it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import msgspec

from producers.adapters import foreign
from producers.adapters.sheets import Sheet
from producers.adapters.sniff import sniff
from producers.feedback import back_child, copies, workbook
from producers.feedback.places import Located
from producers.layouts import library
from producers.model import SourceColumn, SourceTable
from producers.text import fold
from runtime.apart import Apart, Stopped
from schemas.errors import Problem, ProblemList, SourceLocation

PACKET: Final = "BACK-001"
WRONG_NAME: Final = "BACK-003"
NEW_WORKBOOK: Final = "BACK-201"

MARKER: Final = Apart(back_child.__name__, 2)


@dataclass(frozen=True)
class Copy:
    """A file's bytes and what its reader must be told of it."""

    data: bytes
    warnings: list[Problem] = field(default_factory=list)


def copy(
    name: str, data: bytes, found: Sequence[Located], tables: Sequence[SourceTable], suffix: str
) -> Copy:
    """The file ``name`` with what was found in it, as a file of this suffix (.xlsx, .xlsm, .csv).

    Raises ProblemList: of a packet there is no such copy (BACK-001), another suffix is due (BACK-003).
    """
    place, captions = SourceLocation(name), library().captions.words
    content = foreign.read(name, data, captions)
    if content.packet is not None or content.kind == "json":
        raise ProblemList([Problem(PACKET, place)])
    ours = [_at_caption(f, content.sheets) for f in found if f.finding.place.file in ("", name)]
    if content.kind == "xlsx":
        macros, marked = _into(place, data, ours)
        if marked is not None:
            _due(place, ".xlsm" if macros else ".xlsx", suffix)
            return Copy(marked)
    if content.kind == "csv" and suffix == ".csv":
        columns = [c for table in tables if table.source == name for c in table.columns]
        _, text = sniff(name, data)
        return Copy(copies.csv_file(text.decode(), content.sheets[0], ours, columns))
    _due(place, ".xlsx", suffix)
    new, names = copies.workbook(content.sheets)
    renamed = [_on_sheet(f, names.get(f.finding.place.sheet, "")) for f in ours]
    return Copy(workbook.marked(new, renamed), [Problem(NEW_WORKBOOK, place)])


def _into(place: SourceLocation, data: bytes, found: Sequence[Located]) -> tuple[bool, bytes | None]:
    """(whether it has macros, the workbook with its marks; None if it cannot be written into)."""
    try:
        answer = MARKER.ask(msgspec.json.encode(found), data, foreign.BOUNDS)
    except Stopped as stopped:
        raise ProblemList([foreign.stopped(stopped, place)]) from None
    kind, marked = bytes(answer[:1]), bytes(answer[1:])
    return kind == back_child.MACROS, marked or None


def _at_caption(found: Located, sheets: Sequence[Sheet]) -> Located:
    """What is told of a caption before its table is known stands at the cell that says it."""
    place = found.finding.place
    sheet = next((s for s in sheets if s.name == place.sheet), None)
    if found.columns or not place.field or sheet is None or place.row not in sheet.rows:
        return found
    row = zip(sheet.cells.columns, sheet.cells.row(sheet.rows.index(place.row)), strict=True)
    at = next((int(n) for n, text in row if text and fold(text) == fold(place.field)), None)
    return found if at is None else replace(found, columns=(SourceColumn(at, place.field),), first=at)


def _on_sheet(found: Located, sheet: str) -> Located:
    finding = found.finding
    return replace(found, finding=replace(finding, place=replace(finding.place, sheet=sheet)))


def _due(place: SourceLocation, due: str, suffix: str) -> None:
    if suffix.lower() != due:
        raise ProblemList([Problem(WRONG_NAME, place, {"due": due, "found": suffix or "–"})])
