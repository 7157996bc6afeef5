"""Notes at faulty cells: texts in one part, boxes in another (VML, which Excel wants), as Excel has them.

Ours are known by their author and by how they begin, for some programs keep no authors. A cell has one note:
where somebody's stands, it stays and there is none of ours.
"""

import re
from collections.abc import Mapping
from typing import Final

from producers.adapters.cell_values import column_number
from producers.feedback import cells, xml
from producers.feedback.package import Package
from producers.feedback.xml import Edit, Unmarkable

AUTHOR: Final = "CSDL (kiểm tra dữ liệu)"
MARK: Final = f"{AUTHOR}:"
"""How our notes begin."""

_COMMENTS: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.comments+xml"
_VML: Final = "application/vnd.openxmlformats-officedocument.vmlDrawing"
_SHAPE: Final = re.compile(rb"<v:shape\b(?!type).*?</v:shape>", re.S)
_SHAPE_TYPE: Final = (
    b'<v:shapetype id="_x0000_t202" coordsize="21600,21600" o:spt="202" path="m,l,21600r21600,l21600,xe">'
    b'<v:stroke joinstyle="miter"/><v:path gradientshapeok="t" o:connecttype="rect"/></v:shapetype>'
)
_DRAWING: Final = (
    b'<xml xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office"'
    b' xmlns:x="urn:schemas-microsoft-com:office:excel"><o:shapelayout v:ext="edit">'
    b'<o:idmap v:ext="edit" data="%d"/></o:shapelayout>' + _SHAPE_TYPE + b"</xml>"
)
_MAP: Final = re.compile(rb'<o:idmap[^>]*\bdata="(\d[\d,]*)"')
_LINE: Final = 44
"""Characters that a line of a note's box holds."""

Place = tuple[int, int]
"""(row, column), from 1."""


class Notes:
    """The notes of one worksheet of a package, ours taken away. ``kinds``: namespace of the types of
    relations."""

    def __init__(self, package: Package, sheet: str, main: str, kinds: str) -> None:
        self._package, self._sheet, self._main, self._kinds = package, sheet, main, kinds
        found = {kind.rpartition("/")[2]: (r, path) for r, (kind, path) in package.related(sheet).items()}
        self._texts = found.get("comments")
        drawing = cells.notes_relation(package[sheet])
        related = package.related(sheet)
        self._boxes = (drawing, related[drawing][1]) if drawing in related and drawing else None

        self._kept = self._cleared()

    def put(self, notes: Mapping[Place, str]) -> None:
        """These, but where somebody's note stands."""
        new = {place: text for place, text in notes.items() if place not in self._kept}
        if new:
            self._write(new)

    def _cleared(self) -> set[Place]:
        """Take ours away; the places of the others."""
        if self._texts is None:
            return set()
        relation, path = self._texts
        data = self._package[path]
        root = xml.tree(data, 3)
        authors, listed = root.child("authors"), root.child("commentList")
        if authors is None or listed is None:
            raise Unmarkable
        names = [_said(data, a) for a in authors.children]
        ours = [
            c
            for c in listed.children
            if names[int(c.attributes["authorId"])] == AUTHOR or _said(data, c).strip().startswith(MARK)
        ]
        if not ours:
            return {_place(c.attributes["ref"]) for c in listed.children}
        edits = [Edit(c.start, c.end, b"") for c in ours]
        if names[-1] == AUTHOR:
            edits.append(Edit(authors.children[-1].start, authors.children[-1].end, b""))
        self._package[path] = xml.spliced(data, edits)
        self._take_boxes({_place(c.attributes["ref"]) for c in ours})
        if len(ours) == len(listed.children):
            self._package.unrelate(self._sheet, relation)
            self._package.remove(path)
            self._texts = None
        gone = {id(c) for c in ours}
        return {_place(c.attributes["ref"]) for c in listed.children if id(c) not in gone}

    def _take_boxes(self, places: set[Place]) -> None:
        if self._boxes is None:
            return
        relation, path = self._boxes
        before = self._package[path]
        drawing = _SHAPE.sub(lambda m: b"" if _of_box(m[0]) in places else m[0], before)
        self._package[path] = drawing = _without_blocks(before, drawing)
        if _SHAPE.search(drawing):
            return
        self._package[self._sheet] = cells.without_notes(self._package[self._sheet])
        self._package.unrelate(self._sheet, relation)
        self._package.remove(path)
        self._boxes = None

    def _write(self, notes: Mapping[Place, str]) -> None:
        if self._texts is None:
            path = self._package.free("xl/comments{}.xml")
            empty = (
                '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
                f"<comments xmlns={xml.attribute(self._main)}><authors></authors>"
                "<commentList></commentList></comments>"
            )
            self._package.add(path, _COMMENTS, empty.encode())
            relation = self._package.relate(self._sheet, f"{self._kinds}/comments", path)
            self._texts = relation, path
        path = self._texts[1]
        data = self._package[path]
        root = xml.tree(data, 2)
        authors, listed = root.child("authors"), root.child("commentList")
        if authors is None or listed is None:
            raise Unmarkable
        p, author = root.prefix, len(authors.children)
        texts = [
            f'<{p}comment ref="{cells.letters(column)}{row}" authorId="{author}"><{p}text>'
            f'<{p}t xml:space="preserve">{MARK}\n{xml.text(text)}</{p}t></{p}text></{p}comment>'.encode()
            for (row, column), text in sorted(notes.items())
        ]
        edits = xml.appended(authors, data, [f"<{p}author>{xml.text(AUTHOR)}</{p}author>".encode()])
        self._package[path] = xml.spliced(data, [*edits, *xml.appended(listed, data, texts)])
        self._put_boxes(notes)

    def _put_boxes(self, notes: Mapping[Place, str]) -> None:
        if self._boxes is None:
            path = self._package.free("xl/drawings/vmlDrawing{}.vml")
            self._package.add(path, _VML, _DRAWING % _free_map(self._package))
            relation = self._package.relate(self._sheet, f"{self._kinds}/vmlDrawing", path)
            names = self._kinds
            self._package[self._sheet] = cells.with_notes(self._package[self._sheet], relation, names)
            self._boxes = relation, path
        path = self._boxes[1]
        drawing, numbers = _numbered(self._package[path], len(notes), _free_map(self._package))
        boxes = [
            _box(number, place, text)
            for number, (place, text) in zip(numbers, sorted(notes.items()), strict=True)
        ]
        end = drawing.rindex(b"</xml>")
        shape_type = b"" if b'id="_x0000_t202"' in drawing else _SHAPE_TYPE
        self._package[path] = drawing[:end] + shape_type + b"".join(boxes) + drawing[end:]


def _numbered(drawing: bytes, count: int, free: int) -> tuple[bytes, list[int]]:
    """(the drawing that says the blocks of its boxes' numbers, so many new numbers): a block has 1,024, and a
    number of no block of the drawing's, or of another drawing's, is a file that Excel repairs. ``free``: no
    drawing has blocks from here on."""
    said = _MAP.search(drawing)
    blocks = _blocks(said)
    last = max([1024 * blocks[-1], *(n for n in _taken(drawing) if n // 1024 == blocks[-1])])
    numbers = list(range(last + 1, min(last + count, 1024 * blocks[-1] + 1023) + 1))
    while len(numbers) < count:
        blocks.append(free)
        numbers += range(1024 * free + 1, 1024 * free + 1 + min(count - len(numbers), 1023))
        free += 1
    return _with_blocks(drawing, said, blocks), numbers


def _without_blocks(before: bytes, drawing: bytes) -> bytes:
    """The drawing without the blocks that only boxes have had that are gone."""
    said = _MAP.search(drawing)
    left, had = ({n // 1024 for n in _taken(data)} for data in (drawing, before))
    first, *more = _blocks(said)
    return _with_blocks(drawing, said, [first, *(b for b in more if b in left or b not in had)])


def _with_blocks(drawing: bytes, said: re.Match[bytes] | None, blocks: list[int]) -> bytes:
    if said is None or blocks == _blocks(said):
        return drawing
    start, end = said.span(1)
    return drawing[:start] + ",".join(map(str, blocks)).encode() + drawing[end:]


def _blocks(said: re.Match[bytes] | None) -> list[int]:
    return [int(n) for n in said[1].split(b",") if n] if said else [1]


def _taken(drawing: bytes) -> list[int]:
    return [int(n) for n in re.findall(rb'id="_x0000_s(\d+)"', drawing)]


def _free_map(package: Package) -> int:
    """A block of numbers of boxes that no drawing of the workbook has."""
    taken = [0]
    for name in package.names():
        if name.endswith(".vml"):
            taken += (block for said in _MAP.finditer(package[name]) for block in _blocks(said))
    return max(taken) + 1


def _box(number: int, place: Place, text: str) -> bytes:
    row, column = place[0] - 1, place[1] - 1
    lines = sum(len(line) // _LINE + 1 for line in text.split("\n")) + 2
    anchor = (
        f"{column + 1}, 15, {max(row - 1, 0)}, 10, {column + 6}, 15, {max(row - 1, 0) + max(lines, 4)}, 4"
    )
    return (
        f'<v:shape id="_x0000_s{number}" type="#_x0000_t202" style="position:absolute;margin-left:60pt;'
        f'margin-top:8pt;width:240pt;height:{15 * max(lines, 4)}pt;z-index:1;visibility:hidden"'
        ' fillcolor="#ffffe1" o:insetmode="auto"><v:fill color2="#ffffe1"/>'
        '<v:shadow on="t" color="black" obscured="t"/><v:path o:connecttype="none"/>'
        '<v:textbox style="mso-direction-alt:auto"><div style="text-align:left"></div></v:textbox>'
        f'<x:ClientData ObjectType="Note"><x:MoveWithCells/><x:SizeWithCells/><x:Anchor>{anchor}</x:Anchor>'
        f"<x:AutoFill>False</x:AutoFill><x:Row>{row}</x:Row><x:Column>{column}</x:Column>"
        "</x:ClientData></v:shape>"
    ).encode()


def _of_box(shape: bytes) -> Place | None:
    row, column = (re.search(rb"<x:%s>\s*(\d+)\s*</x:%s>" % (n, n), shape) for n in (b"Row", b"Column"))
    if not row or not column or b'ObjectType="Note"' not in shape:
        return None
    return int(row[1]) + 1, int(column[1]) + 1


def _place(ref: str) -> Place:
    column = ref.rstrip("0123456789")
    return int(ref[len(column) :]), column_number(column)


def _said(data: bytes, node: xml.Node) -> str:
    texts: list[str] = []
    parser = xml.scanner(piece := data[node.start : node.end])
    parser.CharacterDataHandler = texts.append
    parser.Parse(piece, True)
    return "".join(texts)
