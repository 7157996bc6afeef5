"""What a body says it is packed in (Content-Encoding) is unpacked piece by piece as it comes: whatever it
unpacks to, a piece of it is held and no more.

All members and frames of a body are its content, in their order; what is left of it unread is an error.
"""

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Protocol

import zstandard

from producers.adapters.sniff import MAX_BYTES
from schemas.errors import Problem, ProblemList

UNKNOWN: Final = "FILE-083"
TOO_LARGE: Final = "FILE-084"
TOO_DENSE: Final = "FILE-085"
CUT_SHORT: Final = "FILE-086"
DAMAGED: Final = "FILE-087"
TRAILING: Final = "FILE-088"
STILL_PACKED: Final = "FILE-089"

ENCODINGS: Final = ("gzip", "zstd", "identity")
STEP: Final = 64 * 1024
"""Bytes of a piece that is handed on."""

_GZIP_FED: Final = 4096
"""What is left of a piece is copied for each member."""
_ZSTD_FED: Final = 256
"""Its blocks of 128 KiB may be 4 bytes, and the library unpacks all that it is given at once."""
_ZSTD_WINDOW: Final = 8 * 1024 * 1024
"""What a receiver of this encoding has to hold (RFC 9659)."""
_SKIPPABLE: Final = range(0x50, 0x60)
_PACKED: Final = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd")


@dataclass(frozen=True)
class Limits:
    """Of one body: bytes that it unpacks to, so many times as many as it has where that is above ``free``
    bytes, and parts that it is packed in. A list of a school is packed to a tenth or a fifteenth."""

    unpacked: int = MAX_BYTES
    ratio: int = 200
    free: int = 4 * 1024 * 1024
    parts: int = 10_000


class Unpacking:
    """One body. ``take`` its pieces as they come, then ``end``.

    Raises ProblemList with one code: FILE-083 (at once) for an encoding that is not known, 084 and 085 for
    more than the limits, 086 to 089 for what cannot be unpacked to its end.
    """

    def __init__(self, encoding: str = "", limits: Limits = Limits()) -> None:
        self._limits = limits
        self._reader = _reader(encoding)
        self._came = self._unpacked = 0
        self._head = b""

    @property
    def packed(self) -> bool:
        """Whether what it unpacks to is anything but its pieces as they come."""
        return not isinstance(self._reader, _Identity)

    def take(self, piece: bytes) -> Iterator[bytes]:
        """What a piece of the body unpacks to, in pieces."""
        for at in range(0, len(piece), STEP):
            fed = piece[at : at + STEP]
            self._came += len(fed)
            for out in self._reader.take(fed):
                self._check(out)
                yield out

    def end(self) -> None:
        """The body is over."""
        if not self._reader.whole:
            raise _problem(CUT_SHORT)

    def _check(self, out: bytes) -> None:
        limits = self._limits
        self._unpacked += len(out)
        if self._unpacked > limits.unpacked:
            raise _problem(TOO_LARGE, limit=limits.unpacked >> 20)
        if self._unpacked > max(limits.free, limits.ratio * self._came) or self._reader.parts > limits.parts:
            raise _problem(TOO_DENSE, ratio=limits.ratio, parts=limits.parts)
        if len(self._head) < len(_PACKED[1]):
            self._head = (self._head + out)[: len(_PACKED[1])]
            if self._head.startswith(_PACKED):
                raise _problem(STILL_PACKED)


def unpacked(pieces: Iterable[bytes], encoding: str = "", limits: Limits = Limits()) -> Iterator[bytes]:
    """All of a body whose pieces are at hand. Raises ProblemList as ``Unpacking`` does."""
    one = Unpacking(encoding, limits)
    for piece in pieces:
        yield from one.take(piece)
    one.end()


class _Reader(Protocol):
    """``whole``: nothing is open; ``parts``: members or frames begun."""

    parts: int

    @property
    def whole(self) -> bool: ...

    def take(self, piece: bytes) -> Iterator[bytes]: ...


def _reader(encoding: str) -> _Reader:
    match encoding.strip().lower():
        case "" | "identity":
            return _Identity()
        case "gzip" | "x-gzip":
            return _Gzip()
        case "zstd":
            return _Zstd()
        case _:  # more than one, too
            raise _problem(UNKNOWN, found=encoding, known=", ".join(ENCODINGS))


class _Identity:
    whole = True
    parts = 1

    def take(self, piece: bytes) -> Iterator[bytes]:
        yield piece


class _Gzip:
    def __init__(self) -> None:
        self.parts = 0
        self._member: zlib._Decompress | None = None

    @property
    def whole(self) -> bool:
        return self.parts > 0 and self._member is None

    def take(self, piece: bytes) -> Iterator[bytes]:
        for at in range(0, len(piece), _GZIP_FED):
            left = piece[at : at + _GZIP_FED]
            while left:
                member = self._open(left)
                try:
                    out = member.decompress(left, STEP)
                except zlib.error:
                    raise _problem(DAMAGED) from None
                left = member.unconsumed_tail
                if member.eof:
                    left, self._member = member.unused_data, None
                yield out

    def _open(self, left: bytes) -> "zlib._Decompress":
        if self._member is None:
            if self.parts and left[0] != _PACKED[0][0]:
                raise _problem(TRAILING)
            self.parts += 1
            self._member = zlib.decompressobj(wbits=31)
        return self._member


class _Zstd:
    def __init__(self) -> None:
        self.parts = 0
        self._frame: Any = None

    @property
    def whole(self) -> bool:
        return self.parts > 0 and self._frame is None

    def take(self, piece: bytes) -> Iterator[bytes]:
        for at in range(0, len(piece), _ZSTD_FED):
            left = piece[at : at + _ZSTD_FED]
            while left:
                frame = self._open(left)
                try:
                    out = frame.decompress(left)
                except zstandard.ZstdError:
                    raise _problem(DAMAGED) from None
                left = b""
                if frame.eof:
                    left, self._frame = frame.unused_data, None
                yield from (out[i : i + STEP] for i in range(0, len(out), STEP))
                if not out:
                    yield b""

    def _open(self, left: bytes) -> Any:
        if self._frame is None:
            if self.parts and left[0] != _PACKED[1][0] and left[0] not in _SKIPPABLE:
                raise _problem(TRAILING)
            self.parts += 1
            self._frame = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).decompressobj()
        return self._frame


def _problem(code: str, **params: str | int) -> ProblemList:
    return ProblemList([Problem(code, params=params)])
