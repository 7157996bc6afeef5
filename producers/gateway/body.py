"""The body of a push → its files: taken to disk as it comes, unpacked and divided there, within bounds.

What comes is never held in memory whole before its size is known, and is on disk only as a file without a
name, which goes with its request.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import IO, Final

from anyio.to_thread import run_sync
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser
from starlette.requests import Request

from producers.adapters.unpacking import Unpacking
from producers.files import told_apart
from producers.gateway import media
from producers.gateway.media import Media
from schemas.errors import Problem, ProblemList, SourceLocation

NO_FORM: Final = "GATE-036"
TOO_MANY_FILES: Final = "GATE-037"
NO_FILE: Final = "GATE-038"

IN_MEMORY: Final = 256 * 1024
"""Bytes of a body above which it lies on disk."""

PIECE: Final = 256 * 1024
MOST_FILES: Final = 20
"""Of one push."""

NAMELESS: Final = "body"
"""A file whose sender says no name."""


@dataclass(frozen=True)
class SentFile:
    """One file of a push; ``said``: what its sender says that it is."""

    name: str
    said: Media
    data: bytes


async def taken(request: Request) -> IO[bytes]:
    """The body as it travels. The entrance bounds its size and its slowness. Close it."""
    body: IO[bytes] = _spooled()
    try:
        size = 0
        async for piece in request.stream():
            size += len(piece)
            if size < IN_MEMORY:
                body.write(piece)
            else:
                await run_sync(body.write, piece)
    except BaseException:
        body.close()
        raise
    return body


def _spooled() -> IO[bytes]:
    return SpooledTemporaryFile(IN_MEMORY)


def unpacked(body: IO[bytes], unpacking: Unpacking) -> IO[bytes]:
    """What it unpacks to: itself if it is not packed, else it is closed. Raises ProblemList (FILE-084 to
    089)."""
    found = _spooled() if unpacking.packed else body
    try:
        body.seek(0)
        for piece in _pieces(body):
            for part in unpacking.take(piece):
                if unpacking.packed:
                    found.write(part)
        unpacking.end()
    except BaseException:
        found.close()
        raise
    finally:
        if found is not body:
            body.close()
    found.seek(0)
    return found


def files(content: IO[bytes], said: Media, disposition: str) -> list[SentFile]:
    """The files in it. Raises ProblemList (GATE-036 to 038, FILE-090, 091)."""
    if said.boundary is not None:
        return _of_form(content, said.boundary)
    return [SentFile(media.file_name(disposition, NAMELESS), said, content.read())]


def _pieces(body: IO[bytes]) -> Iterator[bytes]:
    while piece := body.read(PIECE):
        yield piece


def _of_form(body: IO[bytes], boundary: bytes) -> list[SentFile]:
    form = _Form()
    with form.opened:
        try:
            parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": form.begin,
                    "on_header_field": form.header_name,
                    "on_header_value": form.header_value,
                    "on_header_end": form.header_ends,
                    "on_headers_finished": form.headers_end,
                    "on_part_data": form.content,
                    "on_end": form.end,
                },
            )
            end, kept = b"\r\n--" + boundary + b"--", b""
            for piece in _pieces(body):
                if not form.whole:
                    parser.write(piece)
                    kept = (kept + piece).partition(end)[2] if form.whole else piece[-len(end) :]
                elif piece.strip():
                    kept += piece
        except FormParserError:
            raise ProblemList([Problem(NO_FORM)]) from None
        found = form.files()
        # What follows its end nobody would read: a part more, or that of another form.
        if not boundary or not form.whole or not found or kept.strip():
            raise ProblemList([Problem(NO_FORM)])
        return found


class _Form:
    """What a parser tells of a form, part by part; each part is a file."""

    def __init__(self) -> None:
        self.opened = ExitStack()
        self.whole = False
        self._parts: list[tuple[str, Media, IO[bytes]]] = []
        self._headers: dict[bytes, bytes] = {}
        self._name, self._value = b"", b""

    def begin(self) -> None:
        if len(self._parts) == MOST_FILES:
            raise ProblemList([Problem(TOO_MANY_FILES, params={"most": MOST_FILES})])
        self._headers = {}

    def header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def header_ends(self) -> None:
        self._headers[self._name.lower()] = self._value
        self._name, self._value = b"", b""

    def headers_end(self) -> None:
        """Where its content begins. A part that is no file would be a parameter that nobody looks at."""
        disposition = self._headers.get(b"content-disposition", b"").decode("latin-1")
        if not media.file_name(disposition, ""):
            field = media.field_name(disposition)
            raise ProblemList([Problem(NO_FILE, SourceLocation(field=field), {"name": field})])
        name = media.file_name(disposition, NAMELESS)
        said = self._headers.get(b"content-type")
        content: IO[bytes] = self.opened.enter_context(_spooled())
        self._parts.append((name, media.media([said.decode("latin-1")] if said else []), content))

    def content(self, data: bytes, start: int, end: int) -> None:
        self._parts[-1][2].write(data[start:end])

    def end(self) -> None:
        self.whole = True

    def files(self) -> list[SentFile]:
        found = []
        names = told_apart([name for name, _, _ in self._parts])
        for name, (_, said, content) in zip(names, self._parts, strict=True):
            content.seek(0)
            found.append(SentFile(name, said, content.read()))
        return found
