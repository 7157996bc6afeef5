"""The common form of a workbook's two large parts, read by pattern instead of element by element.

A worksheet of rows of cells with a value, and texts without formats, as every program writes them. Whatever
else stands in the part's body is no match, and the reader of elements (``xlsx``) takes the whole part.
What stands around the body is always its own to judge.
"""

import re
import zipfile
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from producers.adapters.parts import opened

CHUNK: Final = 1024 * 1024
MAX_PIECE: Final = 8 * 1024 * 1024
"""Bytes of one row, and of what follows the body."""

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


class NotPlain(Exception):
    """The part is to be read element by element."""


class Body:
    """The body of one element of a part, piece by piece: each ends with the end tag of a ``unit``, so that no
    part is held whole."""

    def __init__(self, archive: zipfile.ZipFile, path: str, element: str, unit: str) -> None:
        self._archive, self._path = archive, path
        self._start = re.compile(b"<" + element.encode() + rb"(?: [^<>]*[^<>/])?>")
        self._end, self._unit = f"</{element}>".encode(), f"</{unit}>".encode()
        self.around = b""
        """The part with an empty body, once all pieces have been taken."""

    def pieces(self) -> Iterator[str]:
        """Raises NotPlain, at whatever piece: what was read of the part before is void then."""
        with opened(self._archive, self._path) as part:
            data = part.read(CHUNK)
            start = self._start.search(data)
            # A comment may hold what looks like the body.
            if start is None or not _UTF_8.match(data) or b"<!" in data[: start.start()]:
                raise NotPlain
            head, rest = data[: start.end()], data[start.end() :]
            while (closed := rest.find(self._end)) < 0:
                if cut := rest.rfind(self._unit) + 1:
                    cut += len(self._unit) - 1
                    yield _text(rest[:cut])
                    rest = rest[cut:]
                more = part.read(CHUNK)
                if not more or len(rest) > MAX_PIECE:
                    raise NotPlain
                rest += more
            yield _text(rest[:closed])
            tail = rest[closed:] + part.read(MAX_PIECE)
            if part.read(1) or _OF_A_BODY.search(head) or _OF_A_BODY.search(tail):
                raise NotPlain  # it would go on from the body's last row
        self.around = head + tail


def _text(piece: bytes) -> str:
    if len(piece.translate(None, _NEVER_PLAIN)) < len(piece) or any(found in piece for found in _NOT_IN_XML):
        raise NotPlain
    try:
        return piece.decode("utf-8")
    except UnicodeDecodeError:
        raise NotPlain from None


def rows(body: Body) -> Iterator[tuple[int, list[Cell]]]:
    """Row number and cells, row by row. Raises NotPlain at the first thing that is neither."""
    for piece in body.pieces():
        *closed, rest = piece.split("</row>")
        for text in closed:
            row, at = None, 0
            while (row is None or row[0].endswith("/>")) and (row := _ROW.match(text, at)):
                at = row.end()  # rows without cells have no end of their own
                if not _told_once(row[2]):
                    raise NotPlain
            if row is None or row[0].endswith("/>"):
                raise NotPlain
            cells = _CELL.findall(text, at)
            if sum(len(cell[0]) for cell in cells) != len(text) - at:
                raise NotPlain
            yield int(row[1]), cells
        if rest:
            raise NotPlain


def texts(body: Body) -> Iterator[str]:
    """Texts in their order. Raises NotPlain at anything else."""
    for piece in body.pieces():
        found = _TEXT.findall(piece)
        if sum(len(whole) for whole, _ in found) != len(piece):
            raise NotPlain
        for _, text in found:
            yield text


@lru_cache(1024)
def _told_once(attributes: str) -> bool:
    """Whether each attribute stands there once, as XML demands."""
    names = ["r", *re.findall(r"([A-Za-z0-9:]+)=", attributes)]
    return len(set(names)) == len(names)
