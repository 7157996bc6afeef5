"""A workbook as its parts: read, replaced, added and taken out; what is not touched is copied as it is."""

import io
import posixpath
import zipfile
from typing import Final

from producers.feedback import xml
from producers.feedback.xml import Edit, Unmarkable

TYPES: Final = "[Content_Types].xml"
_NEW_RELS: Final = (
    b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"></Relationships>'
)


class Package:
    """Raises Unmarkable where a part that is asked for is not there."""

    def __init__(self, data: bytes) -> None:
        self._archive = zipfile.ZipFile(io.BytesIO(data))
        self._names = list(dict.fromkeys(self._archive.namelist()))
        self._changed: dict[str, bytes | None] = {}

    def __contains__(self, path: str) -> bool:
        if path in self._changed:
            return self._changed[path] is not None
        return path in self._names

    def __getitem__(self, path: str) -> bytes:
        if path in self._changed:
            changed = self._changed[path]
            if changed is None:
                raise Unmarkable
            return changed
        if path not in self._names:
            raise Unmarkable
        return self._archive.read(path)

    def __setitem__(self, path: str, data: bytes) -> None:
        if path not in self or self[path] != data:
            self._changed[path] = data

    def names(self) -> list[str]:
        """Parts as they stand now."""
        return [n for n in [*self._names, *(c for c in self._changed if c not in self._names)] if n in self]

    def save(self) -> bytes:
        """The archive: parts in their order, new ones behind them."""
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in self.names():
                known = self._archive.getinfo(name) if name in self._names else None
                info = zipfile.ZipInfo(name, known.date_time if known else (1980, 1, 1, 0, 0, 0))
                info.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(info, self[name])
        return out.getvalue()

    # Relations and content types

    def related(self, path: str) -> dict[str, tuple[str, str]]:
        """Id → (type, path) of the parts that a part names; those outside the file are not here."""
        rels = _rels_of(path)
        if rels not in self:
            return {}
        folder = posixpath.dirname(path)
        return {
            node.attributes["Id"]: (
                node.attributes["Type"],
                posixpath.normpath(posixpath.join("/", folder, node.attributes["Target"])).lstrip("/"),
            )
            for node in xml.tree(self[rels], 1).children
            if node.attributes.get("TargetMode") != "External"
        }

    def relate(self, path: str, kind: str, target: str) -> str:
        """Let a part name another; the id."""
        rels = _rels_of(path)
        if rels not in self:
            self[rels] = _NEW_RELS
        data = self[rels]
        root = xml.tree(data, 1)
        taken = {node.attributes["Id"] for node in root.children}
        number = next(n for n in range(1, len(taken) + 2) if f"rIdCsdl{n}" not in taken)
        where = posixpath.relpath(f"/{target}", posixpath.join("/", posixpath.dirname(path)))
        new = (
            f'<{root.prefix}Relationship Id="rIdCsdl{number}" Type={xml.attribute(kind)}'
            f" Target={xml.attribute(where)}/>"
        )
        self[rels] = xml.spliced(data, xml.appended(root, data, [new.encode()]))
        return f"rIdCsdl{number}"

    def unrelate(self, path: str, relation: str) -> None:
        """Let a part name another no more; its list goes if that was all of it, and ours."""
        rels = _rels_of(path)
        data = self[rels]
        root = xml.tree(data, 1)
        gone = [Edit(n.start, n.end, b"") for n in root.children if n.attributes["Id"] == relation]
        self[rels] = xml.spliced(data, gone)
        if self[rels] == _NEW_RELS:
            self.remove(rels)

    def add(self, path: str, content_type: str, data: bytes) -> None:
        """A new part, and what it is."""
        self[path] = data
        types = self[TYPES]
        root = xml.tree(types, 1)
        if any(n.attributes.get("PartName") == f"/{path}" for n in root.children):
            return
        new = f'<{root.prefix}Override PartName="/{path}" ContentType={xml.attribute(content_type)}/>'
        self[TYPES] = xml.spliced(types, xml.appended(root, types, [new.encode()]))

    def remove(self, path: str) -> None:
        """A part, its relations and what it was go."""
        rels = _rels_of(path)
        for gone in (path, rels):
            if gone in self:
                self._changed[gone] = None
        types = self[TYPES]
        nodes = xml.tree(types, 1).children
        edits = [Edit(n.start, n.end, b"") for n in nodes if n.attributes.get("PartName") == f"/{path}"]
        self[TYPES] = xml.spliced(types, edits)

    def free(self, pattern: str) -> str:
        """A path that no part has: ``pattern`` with the first free number in place of ``{}``."""
        taken = {n.lower() for n in self.names()}
        return next(p for n in range(1, len(taken) + 2) if (p := pattern.format(n)).lower() not in taken)


def _rels_of(path: str) -> str:
    folder, _, name = path.rpartition("/")
    return f"{folder}/_rels/{name}.rels".lstrip("/")
