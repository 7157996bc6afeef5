"""Parts of a workbook as bytes with marked places: what is not ours is never written again.

A part is looked through by the parser, which says at which byte a tag begins; edits replace ranges of bytes.
So everything else in it, known to us or not, stays as its program wrote it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from producers.adapters.parts import parser_of

_TAG: Final = re.compile(rb"""<[^\s<>/]+(?:\s+[^\s=<>/]+\s*=\s*(?:"[^"]*"|'[^']*'))*\s*(/?)>""")
_NOT_IN_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_LOOKS_ESCAPED: Final = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")


class Unmarkable(Exception):
    """The workbook is put together otherwise than we can write into."""


class Edit(NamedTuple):
    """Bytes from ``start`` to ``end`` become ``new``."""

    start: int
    end: int
    new: bytes


@dataclass
class Node:
    """An element: its start tag is ``start`` to ``opened``, its end tag ``closing`` to ``end``; without one
    (``<a/>``) all but ``start`` are the same. ``tag`` as written, with its prefix."""

    tag: str
    attributes: Mapping[str, str]
    start: int
    opened: int
    closing: int = 0
    end: int = 0
    children: list["Node"] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.tag.rpartition(":")[2]

    @property
    def prefix(self) -> str:
        """``x:`` or nothing: what new elements beside it are written with."""
        return self.tag[: len(self.tag) - len(self.name)]

    @property
    def alone(self) -> bool:
        """Whether it has no end tag."""
        return self.closing == self.end == self.opened

    def child(self, name: str) -> "Node | None":
        return next((c for c in self.children if c.name == name), None)


def tag_end(data: bytes, start: int) -> tuple[int, bool]:
    """(where the start tag that begins there ends, whether it is the whole element)."""
    found = _TAG.match(data, start)
    if found is None:
        raise Unmarkable
    return found.end(), found[1] == b"/"


def scanner(data: bytes) -> expat.XMLParserType:
    """A parser whose byte indexes are those of ``data``."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or not re.match(rb"(\xef\xbb\xbf)?\s*<", data):
        raise Unmarkable
    declared = re.match(rb"""(?:\xef\xbb\xbf)?\s*<\?xml[^>]*?encoding\s*=\s*["']([^"']+)""", data)
    if declared and declared[1].lower() not in (b"utf-8", b"utf8", b"us-ascii"):
        raise Unmarkable
    return parser_of("")


def tree(data: bytes, depth: int) -> Node:
    """The root element and what stands in it so many levels down. Raises Unmarkable."""
    parser = scanner(data)
    open_nodes: list[Node] = []
    roots: list[Node] = []
    level = 0

    def started(tag: str, attributes: dict[str, str]) -> None:
        nonlocal level
        level += 1
        if level > depth + 1:
            return
        start = parser.CurrentByteIndex
        end, alone = tag_end(data, start)
        node = Node(tag, attributes, start, end)
        if alone:
            node.closing = node.end = end
        (open_nodes[-1].children if open_nodes else roots).append(node)
        open_nodes.append(node)

    def ended(_: str) -> None:
        nonlocal level
        level -= 1
        if level > depth:
            return
        node = open_nodes.pop()
        if not node.end:
            node.closing = parser.CurrentByteIndex
            node.end = data.index(b">", node.closing) + 1

    parser.StartElementHandler, parser.EndElementHandler = started, ended
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError):
        raise Unmarkable from None
    return roots[0]


def spliced(data: bytes, edits: Iterable[Edit]) -> bytes:
    """The bytes with all edits made; those at one place in the order given."""
    pieces, at = [], 0
    for edit in sorted(edits, key=lambda e: e.start):
        if edit.start < at:
            raise Unmarkable
        pieces += [data[at : edit.start], edit.new]
        at = edit.end
    return b"".join([*pieces, data[at:]])


def appended(node: Node, data: bytes, children: Sequence[bytes]) -> list[Edit]:
    """Edits that put elements at the end of a node."""
    new = b"".join(children)
    if not new:
        return []
    if not node.alone:
        return [Edit(node.closing, node.closing, new)]
    start = data[node.start : node.opened].rstrip(b">").rstrip(b"/") + b">"
    return [Edit(node.start, node.end, start + new + f"</{node.tag}>".encode())]


def with_attribute(tag: bytes, name: str, value: str) -> bytes:
    """A start tag that says ``name="value"``."""
    found = re.search(rb"\s" + name.encode() + rb"""\s*=\s*(?:"[^"]*"|'[^']*')""", tag)
    said = f" {name}={quoteattr(value)}".encode()
    if found:
        return tag[: found.start()] + said + tag[found.end() :]
    closing = re.search(rb"\s*/?>$", tag)
    if closing is None:
        raise Unmarkable
    return tag[: closing.start()] + said + tag[closing.start() :]


def counted(node: Node, data: bytes, count: int) -> list[Edit]:
    """The edit that says how many children a node has, where it says so."""
    if "count" not in node.attributes or node.attributes["count"] == str(count):
        return []
    return [
        Edit(node.start, node.opened, with_attribute(data[node.start : node.opened], "count", str(count)))
    ]


def text(value: str) -> str:
    """A text as the content of an element of a workbook."""
    return escape(_LOOKS_ESCAPED.sub("_x005F_", _NOT_IN_XML.sub("\ufffd", value)))


def attribute(value: str) -> str:
    """A text as an attribute, with its quotes."""
    return quoteattr(_NOT_IN_XML.sub("\ufffd", value))
