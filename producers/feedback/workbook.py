"""A workbook (.xlsx, .xlsm) with its faulty cells marked, everything else as its program wrote it.

Our earlier marks go first, so a corrected copy that comes again has only what is true now, and one without
faults has none of ours.
"""

from collections.abc import Sequence
from typing import Final

from producers.adapters import xlsx
from producers.adapters.grid import TooMuch
from producers.feedback import cells, custom, own, styles, summary, told, xml
from producers.feedback.notes import Notes
from producers.feedback.package import TYPES, Package
from producers.feedback.places import Located
from producers.feedback.xml import Edit, Node, Unmarkable

UNREADABLE: Final = (*xlsx.UNREADABLE, TooMuch, TypeError)
"""What a workbook raises that is put together oddly."""

MARKED: Final = "1"
"""What the property of a marked workbook says: which form of marks it has."""

_NAME: Final = b"CSDL"
"""In what our sheet says of itself, however a program writes other letters."""

_MACROS: Final = b"macroEnabled"
_WORKSHEET: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"
_STYLES: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"


def marked(data: bytes, found: Sequence[Located]) -> bytes:
    """The workbook with these marks and none of the earlier ones. Raises Unmarkable."""
    try:
        return _Book(data).marked(found)
    except UNREADABLE:
        raise Unmarkable from None


def has_macros(data: bytes) -> bool:
    """Whether it must be called .xlsm: programs refuse it under the other name. Raises Unmarkable."""
    return _MACROS in Package(data)[TYPES]


class _Book:
    def __init__(self, data: bytes) -> None:
        self._data, self._package = data, Package(data)
        kind, self._path = next(
            (k, p) for k, p in self._package.related("").values() if k.endswith("/officeDocument")
        )
        self._kinds = kind.removesuffix("/officeDocument")
        self._read()

    def _read(self) -> None:
        """Where the sheets are now: name → path in the package."""
        root = xml.tree(self._package[self._path], 2)
        self._main = root.attributes["xmlns:" + root.prefix[:-1] if root.prefix else "xmlns"]
        listed = root.child("sheets")
        if listed is None:
            raise Unmarkable
        self._listed = listed.children
        related = self._package.related(self._path)
        self._sheets = {
            node.attributes["name"]: related[_relation(node)][1]
            for node in self._listed
            if related[_relation(node)][0].endswith("/worksheet")
        }
        self._styles = next((p for k, p in related.values() if k.endswith("/styles")), "")

    def marked(self, found: Sequence[Located]) -> bytes:
        ours = self._lists_of_faults()
        lists = {name: path for name, path in self._sheets.items() if name not in ours}
        self._mark(lists, found)
        if found:
            self._put_list(ours[0] if ours else "", found, lists)
        for name in ours[1:] if found else ours:
            self._take_list(name)
        custom.say(self._package, self._kinds, MARKED if found else "")
        return self._package.save()

    def _lists_of_faults(self) -> list[str]:
        """Names of the sheets that are ours, of whatever name and place."""
        large = (*self._sheets.values(), *(n for n in self._package.names() if "sharedStrings" in n))
        if not any(_NAME in self._package[path] for path in large):
            return []
        return [s.name for s in xlsx.read(self._data) if own.is_list_of_faults(s.rows)]

    def _mark(self, lists: dict[str, str], found: Sequence[Located]) -> None:
        told_of = told.by_sheet(found)
        if not self._styles and any(told_of.get(name) for name in lists):
            self._styles = "xl/styles.xml"  # where every program looks
            self._package.add(self._styles, _STYLES, styles.EMPTY.format(self._main).encode())
            self._package.relate(self._path, f"{self._kinds}/styles", self._styles)
        marker: styles.Marker | None = None
        restored: dict[int, int] = {}
        if self._styles:
            clean, restored = styles.cleaned(self._package[self._styles])
            marker = styles.Marker(clean)
        notes = {n: Notes(self._package, path, self._main, self._kinds) for n, path in lists.items()}
        for name, path in lists.items():
            faulty = told.verdicts(told_of.get(name, []))
            if marker and (restored or faulty):
                restyled = cells.restyled(self._package[path], restored, faulty, marker.of)
                self._package[path] = restyled
            notes[name].put(told.notes(told_of.get(name, [])))
        if marker:
            self._package[self._styles] = marker.styles()

    def _put_list(self, name: str, found: Sequence[Located], lists: dict[str, str]) -> None:
        """The sheet of faults: the one that is there anew, or a new one behind all others."""
        data = summary.part(found, lists.keys(), self._main)
        if name:
            path = self._sheets[name]
            self._package.remove(path)
            self._package.add(path, _WORKSHEET, data)
            return
        path = self._package.free("xl/worksheets/sheetCsdl{}.xml")
        self._package.add(path, _WORKSHEET, data)
        relation = self._package.relate(self._path, f"{self._kinds}/worksheet", path)
        workbook = self._package[self._path]
        root = xml.tree(workbook, 2)
        listed = root.child("sheets")
        if listed is None:
            raise Unmarkable
        number = max(int(n.attributes["sheetId"]) for n in listed.children) + 1
        new = (
            f"<{root.prefix}sheet xmlns:csdlr={xml.attribute(self._kinds)}"
            f" name={xml.attribute(summary.name([n.attributes['name'] for n in listed.children]))}"
            f' sheetId="{number}" csdlr:id="{relation}"/>'
        )
        self._package[self._path] = xml.spliced(workbook, xml.appended(listed, workbook, [new.encode()]))

    def _take_list(self, name: str) -> None:
        """A sheet of faults goes; what counts sheets counts without it."""
        workbook = self._package[self._path]
        root = xml.tree(workbook, 2)
        listed = root.child("sheets")
        if listed is None:
            raise Unmarkable
        at, node = next((i, n) for i, n in enumerate(listed.children) if n.attributes["name"] == name)
        edits = [Edit(node.start, node.end, b""), *_without_names(root, workbook, at)]
        views = root.child("bookViews")
        for view in views.children if views else []:
            tag = workbook[view.start : view.opened]
            for said in ("activeTab", "firstSheet"):
                number = int(view.attributes.get(said, "0"))
                if number and number >= at:
                    tag = xml.with_attribute(tag, said, str(number - 1 if number > at else 0))
            edits.append(Edit(view.start, view.opened, tag))
        self._package[self._path] = xml.spliced(workbook, edits)
        path = self._package.related(self._path)[_relation(node)][1]
        self._package.unrelate(self._path, _relation(node))
        self._package.remove(path)
        self._read()


def _without_names(root: Node, workbook: bytes, at: int) -> list[Edit]:
    """Names of a sheet that goes go with it; those of sheets behind it are told of their new number."""
    edits = []
    names = root.child("definedNames")
    for node in names.children if names else []:
        number = int(node.attributes.get("localSheetId", "-1"))
        if number == at:
            edits.append(Edit(node.start, node.end, b""))
        elif number > at:
            tag = xml.with_attribute(workbook[node.start : node.opened], "localSheetId", str(number - 1))
            edits.append(Edit(node.start, node.opened, tag))
    return edits


def _relation(node: Node) -> str:
    return next(v for n, v in node.attributes.items() if n.rpartition(":")[2] == "id")
