"""Parts of a workbook as streams of elements, within bounds on their number, their names and one tag."""

import io
import zipfile
from collections.abc import Callable, Iterator, Mapping
from typing import IO, Final
from xml.parsers import expat

from producers.adapters.grid import MAX_CHARS, MAX_NAMES, TooMuch

MAX_ELEMENTS: Final = 10_000_000
"""Of one part of the workbook: formatted blank cells to the last row of 38 columns are 2.5 million."""

MAX_TOKEN: Final = 1024 * 1024
"""Bytes of one tag: the parser keeps it whole."""

TEXT: Final = frozenset({"t", "v"})
"""Elements whose text counts."""


class Local(dict[str, str]):
    """Names of elements without the prefix of their namespace."""

    def __missing__(self, name: str) -> str:
        if len(self) > MAX_NAMES:
            raise TooMuch
        self[name] = local = name.rpartition(":")[2]
        return local


def parse(
    archive: zipfile.ZipFile,
    path: str,
    start: Callable[[str, Mapping[str, str]], None],
    end: Callable[[str], None] | None = None,
    text: Callable[[str], None] | None = None,
    around: bytes | None = None,
) -> None:
    """One part as a stream of its elements' names, without their prefix. ``text`` gets that of t and v.

    ``around`` stands for the part's bytes, where its body has been read already.
    """
    parser, local = parser_of(path), Local()
    elements, chars, within = 0, 0, ""

    def started(name: str, attributes: dict[str, str]) -> None:
        nonlocal elements, within
        elements += 1
        if elements > MAX_ELEMENTS:
            raise TooMuch
        within = local[name]
        start(within, attributes)

    def ended(name: str) -> None:
        nonlocal within
        within = ""
        if end is not None:
            end(local[name])

    def said(piece: str) -> None:
        nonlocal chars
        if text is not None and within in TEXT:
            chars += len(piece)
            if chars > MAX_CHARS:
                raise TooMuch
            text(piece)

    parser.StartElementHandler, parser.EndElementHandler = started, ended
    parser.CharacterDataHandler = said
    for _ in fed(parser, archive, path, around):
        pass


def parser_of(path: str) -> expat.XMLParserType:
    def no_doctype(*_: object) -> None:
        raise ValueError(path)

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = no_doctype
    return parser


def opened(archive: zipfile.ZipFile, path: str) -> IO[bytes]:
    """A part of the workbook. Raises ValueError for a way of packing that Excel does not use."""
    if archive.getinfo(path).compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(path)  # others may ask for gigabytes before they give a byte
    return archive.open(path)


def fed(
    parser: expat.XMLParserType, archive: zipfile.ZipFile, path: str, around: bytes | None = None
) -> Iterator[None]:
    """Feed it one part of the workbook, or what is given of it, piece by piece."""
    fed = 0
    with opened(archive, path) if around is None else io.BytesIO(around) as part:
        while chunk := part.read(64 * 1024):
            parser.Parse(chunk, False)
            fed += len(chunk)
            if fed - parser.CurrentByteIndex > MAX_TOKEN:
                raise TooMuch
            yield
    parser.Parse(b"", True)
    yield
