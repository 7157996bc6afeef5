"""Notes at faulty cells: texts in one part, boxes in another (VML, which Excel wants), as Excel has them.

Ours are known by their author and by how they begin, for some programs keep no authors. A cell has one note:
where somebody's stands, it stays and there is none of ours.
"""

from collections.abc import Mapping
from typing import Final

from producers.adapters.cell_values import column_number
from producers.feedback import boxes, cells, xml
from producers.feedback.boxes import Place
from producers.feedback.package import Package
from producers.feedback.xml import Edit, Unmarkable

AUTHOR: Final = "CSDL (kiểm tra dữ liệu)"
MARK: Final = f"{AUTHOR}:"
"""How our notes begin."""

_COMMENTS: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.comments+xml"
_VML: Final = "application/vnd.openxmlformats-officedocument.vmlDrawing"


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
        self._package[path] = boxes.without(self._package[path], places)
        if boxes.has_shapes(self._package[path]):
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
            self._package.add(path, _VML, boxes.drawing(self._package))
            relation = self._package.relate(self._sheet, f"{self._kinds}/vmlDrawing", path)
            names = self._kinds
            self._package[self._sheet] = cells.with_notes(self._package[self._sheet], relation, names)
            self._boxes = relation, path
        path = self._boxes[1]
        self._package[path] = boxes.put(self._package[path], notes, self._package)


def _place(ref: str) -> Place:
    column = ref.rstrip("0123456789")
    return int(ref[len(column) :]), column_number(column)


def _said(data: bytes, node: xml.Node) -> str:
    texts: list[str] = []
    parser = xml.scanner(piece := data[node.start : node.end])
    parser.CharacterDataHandler = texts.append
    parser.Parse(piece, True)
    return "".join(texts)
