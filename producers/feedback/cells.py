"""Cells of a worksheet's part: the style of some is changed, and nothing else."""

import re
from collections.abc import Callable, Mapping
from typing import Final
from xml.parsers import expat

from producers.adapters.cell_values import column_number
from producers.adapters.grid import MAX_COLUMNS
from producers.feedback import xml
from producers.feedback.xml import Edit, Unmarkable

Faulty = Mapping[int, Mapping[int, str]]
"""Row → column → verdict of the cells to be marked, numbers from 1."""

_AFTER_NOTES: Final = frozenset(
    {
        *("legacyDrawingHF", "drawingHF", "picture", "oleObjects", "controls", "webPublishItems"),
        *("tableParts", "extLst", "AlternateContent"),
    }
)
"""What stands below the mention of notes in a worksheet."""


def letters(column: int) -> str:
    """38 → AL."""
    out = ""
    while column:
        column, rest = divmod(column - 1, 26)
        out = chr(65 + rest) + out
    return out


def restyled(
    data: bytes, restored: Mapping[int, int], faulty: Faulty, mark: Callable[[int, str], int]
) -> bytes:
    """The part with our earlier styles given back (``restored``) and faulty cells marked; a faulty cell that
    is not there is made, one that we made goes. Raises Unmarkable."""
    restyling = _Restyling(data, restored, faulty, mark)
    try:
        restyling.parser.Parse(data, True)
    except (expat.ExpatError, ValueError):
        raise Unmarkable from None
    return xml.spliced(data, restyling.edits)


class _Restyling:
    """Goes through a worksheet's rows and cells, and notes what is to be changed."""

    def __init__(
        self, data: bytes, restored: Mapping[int, int], faulty: Faulty, mark: Callable[[int, str], int]
    ) -> None:
        self.parser, self.edits = xml.scanner(data), list[Edit]()
        self._data, self._restored, self._faulty, self._mark = data, restored, faulty, mark
        self._of_columns: list[tuple[int, int, int]] = []
        self._row = self._column = self._row_style = 0
        self._row_tag = (0, 0, False)
        self._prefix = b""
        self._wanted: dict[int, str] = {}
        self.parser.StartElementHandler, self.parser.EndElementHandler = self._started, self._ended

    def _started(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        if name == "c":
            self._cell(attributes)
        elif name == "row":
            self._row, self._column = int(attributes.get("r", self._row + 1)), 0
            self._row_style = int(attributes.get("s", "0"))
            self._wanted = dict(self._faulty.get(self._row, {}))
            if self._wanted:
                start = self.parser.CurrentByteIndex
                self._row_tag = (start, *xml.tag_end(self._data, start))
                self._prefix = tag[: len(tag) - len("row")].encode()
        elif name == "col" and not self._row and (style := int(attributes.get("style", "0"))):
            self._of_columns.append((int(attributes["min"]), int(attributes["max"]), style))

    def _cell(self, attributes: Mapping[str, str]) -> None:
        place, start = attributes.get("r"), self.parser.CurrentByteIndex
        self._column = column_number(place.rstrip("0123456789")) if place else self._column + 1
        if self._wanted:
            self.edits += [Edit(start, start, new) for new in self._made(self._column)]
        given = int(attributes.get("s", "0"))
        style = self._restored.get(given, given)
        verdict = self._wanted.pop(self._column, None)
        if verdict is not None:
            style = self._mark(style, verdict)
        if style == given:
            return
        end, alone = xml.tag_end(self._data, start)
        if alone and verdict is None and style == self._default(self._column):
            self.edits.append(Edit(start, end, b""))
        else:
            self.edits.append(Edit(start, end, _styled(self._data[start:end], style)))

    def _ended(self, tag: str) -> None:
        if not self._wanted or tag.rpartition(":")[2] != "row":
            return
        start, opened, alone = self._row_tag
        new = b"".join(self._made(MAX_COLUMNS + 1))
        if alone:
            tag_of_row = re.sub(rb"\s*/>$", b">", self._data[start:opened])
            self.edits.append(Edit(start, opened, tag_of_row + new + b"</%srow>" % self._prefix))
        else:
            at = self.parser.CurrentByteIndex
            self.edits.append(Edit(at, at, new))

    def _made(self, before: int) -> list[bytes]:
        """The faulty cells of this row to the left of a column that are not there."""
        made = []
        for column in sorted(c for c in self._wanted if c < before):
            style = self._mark(self._default(column), self._wanted.pop(column))
            place = b"%s%d" % (letters(column).encode(), self._row)
            made.append(b'<%sc r="%s" s="%d"/>' % (self._prefix, place, style))
        return made

    def _default(self, column: int) -> int:
        """The style of a cell that is not there."""
        of_column = next((s for first, last, s in self._of_columns if first <= column <= last), 0)
        style = self._row_style or of_column
        return self._restored.get(style, style)


def _styled(tag: bytes, style: int) -> bytes:
    """A cell's tag with its style where programs write it, behind its place; none for the common style."""
    bare = re.sub(rb"""\ss\s*=\s*(?:"[^"]*"|'[^']*')""", b"", tag, count=1)
    if not style:
        return bare
    place = re.match(rb"""<[^\s<>/]+(?:\sr\s*=\s*(?:"[^"]*"|'[^']*'))?""", bare)
    if place is None:
        raise Unmarkable
    return bare[: place.end()] + b' s="%d"' % style + bare[place.end() :]


def notes_relation(data: bytes) -> str | None:
    """Id of the relation under which a worksheet names the drawing of its notes."""
    node = xml.tree(data, 1).child("legacyDrawing")
    if node is None:
        return None
    return next((v for n, v in node.attributes.items() if n.rpartition(":")[2] == "id"), None)


def with_notes(data: bytes, relation: str, relations: str) -> bytes:
    """The worksheet naming the drawing of its notes; ``relations`` is the namespace of such names."""
    root = xml.tree(data, 1)
    place = next((n.start for n in root.children if n.name in _AFTER_NOTES), root.closing)
    names = f"xmlns:csdlr={xml.attribute(relations)} csdlr:id={xml.attribute(relation)}"
    new = f"<{root.prefix}legacyDrawing {names}/>"
    return xml.spliced(data, [Edit(place, place, new.encode())])


def without_notes(data: bytes) -> bytes:
    """The worksheet naming no drawing of notes."""
    node = xml.tree(data, 1).child("legacyDrawing")
    return data if node is None else xml.spliced(data, [Edit(node.start, node.end, b"")])
