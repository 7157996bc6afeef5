"""The common form of a workbook's two large parts, read by pattern instead of element by element.

A worksheet of rows of cells with a value, and texts without formats, as every program writes them. Whatever
else stands in the part's body is no match, and the reader of elements (``xlsx``) takes the whole part.
What stands around the body is always its own to judge.
"""

import re
import zipfile
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from producers.adapters.grid import MAX_CHARS
from producers.adapters.parts import opened

MAX_BYTES: Final = MAX_CHARS

_UTF_8: Final = re.compile(
    rb'(?:<\?xml version="1\.0"(?: encoding="(?:UTF|utf)-8")?(?: standalone="(?:yes|no)")?\?>)?\s*<[A-Za-z]'
)
_NEVER_PLAIN: Final = bytes([*range(9), *range(11, 32)]) + b"&"
"""References, carriage returns (XML makes them line feeds), control characters, which XML does not take."""
_NOT_IN_XML: Final = (b"]]>", b"\xef\xbf\xbe", b"\xef\xbf\xbf")
"""The end of what is no markup; U+FFFE, U+FFFF."""

_OF_A_BODY: Final = re.compile(rb"<(?:[^<>\s]+:)?(?:row|c|f|v|si|t)[\s/>]")

_ROW: Final = re.compile(r'<row r="([1-9][0-9]{0,6})"((?: [A-Za-z][A-Za-z0-9:]*="[^"<]*")*)/?>')
_CELL: Final = re.compile(
    r'(<c r="([A-Z]{1,3})[1-9][0-9]{0,6}"(?: s="([0-9]{1,6})")?(?: t="(s|str|n|b|e)")?'
    r"(?:/>|>(?:<v>([^<]*)</v>)?</c>))"
)
_TEXT: Final = re.compile(r'(<si><t(?: xml:space="preserve")?(?:/>|>([^<]*)</t>)</si>)')


Cell = tuple[str, str, str, str, str]
"""As it stands, letters of its column, style and kind ("" where not said), value."""


class Split(NamedTuple):
    """A part in two: ``around`` with an empty body, and the body of the element that was asked for."""

    around: bytes
    body: str


def split(archive: zipfile.ZipFile, path: str, element: str) -> Split | None:
    """None if the part is too large for this, in another encoding, or its body holds what is not plain."""
    with opened(archive, path) as part:
        data = part.read(MAX_BYTES + 1)
    name = element.encode("ascii")
    start = re.search(rb"<" + name + rb"(?: [^<>]*[^<>/])?>", data)
    closed = data.find(b"</" + name + b">")
    if len(data) > MAX_BYTES or start is None or closed < start.end() or not _UTF_8.match(data):
        return None
    if b"<!" in data[: start.start()]:  # a comment may hold what looks like the body
        return None
    body, around = data[start.end() : closed], data[: start.end()] + data[closed:]
    if _OF_A_BODY.search(around):  # it would go on from the body's last row
        return None
    if len(body.translate(None, _NEVER_PLAIN)) < len(body) or any(found in body for found in _NOT_IN_XML):
        return None
    try:
        return Split(around, body.decode("utf-8"))
    except UnicodeDecodeError:
        return None


def rows(body: str) -> Iterator[tuple[int, list[Cell]] | None]:
    """Row number and cells, row by row; None, and no more, at the first thing that is neither."""
    *closed, rest = body.split("</row>")
    for text in closed:
        row, at = None, 0
        while (row is None or row[0].endswith("/>")) and (row := _ROW.match(text, at)):
            at = row.end()  # rows without cells have no end of their own
            if not _told_once(row[2]):
                row = None
                break
        if row is None or row[0].endswith("/>"):
            yield None
            return
        cells = _CELL.findall(text, at)
        if sum(len(cell[0]) for cell in cells) != len(text) - at:
            yield None
            return
        yield int(row[1]), cells
    if rest:
        yield None


def texts(body: str) -> list[str] | None:
    """Texts in their order; None if the body holds anything else."""
    found = _TEXT.findall(body)
    return [text for _, text in found] if sum(len(whole) for whole, _ in found) == len(body) else None


@lru_cache(1024)
def _told_once(attributes: str) -> bool:
    """Whether each attribute stands there once, as XML demands."""
    names = ["r", *re.findall(r"([A-Za-z0-9:]+)=", attributes)]
    return len(set(names)) == len(names)
