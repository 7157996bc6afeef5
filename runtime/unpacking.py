"""What a fetched batch unpacks to is bounded before it is unpacked, for every consumer of ours.

A topic's bound (``max.message.bytes``) is on what lies in it: compressed, 16 kB may be 400 MB, and the broker
passes them on as they came (``compression.type=producer``; let it unpack them and it runs out of memory
itself). So both Kafka clients read their batches through ``bounded``: a batch is unpacked in steps, to
``MAX_UNPACKED`` at most, and handed on as an uncompressed one. What is larger, or cannot be unpacked or read,
comes out as one empty message in the place of the batch's last one, with a code in its header ``UNREAD``:
readers put it aside like any other, and the position goes on behind the batch.

One batch is unpacked at a time, when its messages are asked for. The checksum is looked at before that; one
that is wrong is the client's matter, as ever.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import cramjam
import crc32c
import zstandard

MAX_UNPACKED: Final = 16 * 1024 * 1024
"""Bytes of a batch: twice the largest message, and many times what our clients put into one."""

UNREAD: Final = "csdl-unread"
"""Header of the message that stands for a batch that was not read: its code."""

TOO_LARGE: Final = "MSG-001"
UNREADABLE: Final = "MSG-002"

_STEP: Final = 1024 * 1024
_PIECE: Final = 4096
_XERIAL: Final = b"\x82SNAPPY\x00"
_XERIAL_HEADER: Final = len(_XERIAL) + 8

_LENGTH_AT: Final = 8
_LOG_OVERHEAD: Final = 12
_MAGIC_AT: Final = 16
_CHECKED_FROM: Final = 21
_NEWEST_MAGIC: Final = 2
_CODEC: Final = 0x07
_CONTROL: Final = 0x20


class Head(NamedTuple):
    """The fields before a batch's records, as they lie on the wire."""

    base_offset: int
    length: int
    leader_epoch: int
    magic: int
    crc: int
    attributes: int
    last_offset_delta: int
    first_timestamp: int
    max_timestamp: int
    producer_id: int
    producer_epoch: int
    base_sequence: int
    messages: int


_HEAD: Final = struct.Struct(">qiibIhiqqqhii")


class TooLarge(Exception):
    """More than ``MAX_UNPACKED``."""


def unpacked(raw: bytes) -> bytes:
    """A batch without compression; of one that may not be read its ``stub``."""
    head = Head(*_HEAD.unpack_from(raw))
    codec = head.attributes & _CODEC
    if not codec:
        return raw if len(raw) <= MAX_UNPACKED else stub(head, TOO_LARGE)
    try:
        records = _UNPACK[codec](raw[_HEAD.size :])
    except TooLarge:
        return stub(head, TOO_LARGE)
    except Exception:
        return stub(head, UNREADABLE)
    return _batch(head, records, head.messages)


def stub(head: Head, code: str) -> bytes:
    """The same batch with one empty message, its last, that says why."""
    name, said = UNREAD.encode(), code.encode()
    delta = head.max_timestamp - head.first_timestamp
    body = b"\x00" + _varint(delta) + _varint(head.last_offset_delta) + _varint(-1) + _varint(-1)
    body += _varint(1) + _varint(len(name)) + name + _varint(len(said)) + said
    return _batch(head, _varint(len(body)) + body, 1)


def _batch(head: Head, records: bytes, count: int) -> bytes:
    length = _HEAD.size - _LOG_OVERHEAD + len(records)
    new = head._replace(length=length, attributes=head.attributes & ~_CODEC, messages=count, crc=0)
    return _HEAD.pack(*new) + records


def _varint(value: int) -> bytes:
    zigzag = ((value << 1) ^ (value >> 63)) & 0xFFFFFFFFFFFFFFFF
    out = bytearray()
    while zigzag > 0x7F:
        out.append(zigzag & 0x7F | 0x80)
        zigzag >>= 7
    out.append(zigzag)
    return bytes(out)


def _zstd(data: bytes) -> bytes:
    declared = zstandard.frame_content_size(data)
    if declared > MAX_UNPACKED:
        raise TooLarge
    reader = zstandard.ZstdDecompressor().stream_reader(data, read_across_frames=True)
    return _in_steps(reader.read, declared if declared > 0 else 0)


def _gzip(data: bytes) -> bytes:
    """Fed in pieces: what is left of one is copied for each member, and 8 MiB may be 400,000 of them."""
    parts: list[bytes] = []
    size = at = 0
    while at < len(data):
        member = zlib.decompressobj(wbits=31)
        while not member.eof:
            piece = data[at : at + _PIECE]
            if not piece:
                raise ValueError("cut off")
            parts.append(member.decompress(piece, MAX_UNPACKED - size + 1))
            size += len(parts[-1])
            if size > MAX_UNPACKED:
                raise TooLarge
            at += len(piece) - len(member.unused_data)
    return b"".join(parts)


def _lz4(data: bytes) -> bytes:
    """Into room of a fixed size, in which the decoder stops."""
    for size in (_STEP, MAX_UNPACKED):
        room = bytearray(size)
        try:
            return bytes(memoryview(room)[: cramjam.lz4.decompress_into(data, room)])
        except cramjam.DecompressionError as fault:
            if "whole buffer" not in str(fault):
                raise
    raise TooLarge


def _snappy(data: bytes) -> bytes:
    """One raw block, or the frames of Java's clients: each block says how much it holds before it is read."""
    if not data.startswith(_XERIAL):
        return _block(data, MAX_UNPACKED)
    parts: list[bytes] = []
    at, left = _XERIAL_HEADER, MAX_UNPACKED
    while at < len(data):
        (length,) = struct.unpack_from(">i", data, at)
        parts.append(_block(data[at + 4 : at + 4 + length], left))
        at, left = at + 4 + length, left - len(parts[-1])
    return b"".join(parts)


def _block(data: bytes, most: int) -> bytes:
    if cramjam.snappy.decompress_raw_len(data) > most:
        raise TooLarge
    return bytes(cramjam.snappy.decompress_raw(data))


def _in_steps(read: Any, declared: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while part := read(declared + 1 if declared and not parts else _STEP):
        parts.append(part)
        size += len(part)
        if size > MAX_UNPACKED:
            raise TooLarge
    return parts[0] if len(parts) == 1 else b"".join(parts)


_UNPACK: Final = {1: _gzip, 2: _snappy, 3: _lz4, 4: _zstd}


class Bounded:
    """The batches of one fetched partition, read as a client's ``MemoryRecords`` are. ``client`` is that."""

    client: Any

    def __init__(self, raw: bytes | memoryview) -> None:
        self._raw = memoryview(raw)
        self._at = 0

    def size_in_bytes(self) -> int:
        """Of all that was fetched, as it was fetched."""
        return len(self._raw)

    def has_next(self) -> bool:
        """Whether a whole batch is left; a broker may cut off the last."""
        return self._end() is not None

    def next_batch(self) -> Any:
        """The next batch of the client's own kind; None if none is left."""
        end = self._end()
        if end is None:
            return None
        raw = bytes(self._raw[self._at : end])
        self._at = end
        if raw[_MAGIC_AT] != _NEWEST_MAGIC or len(raw) < _HEAD.size:
            return self.client(raw).next_batch()
        head = Head(*_HEAD.unpack_from(raw))
        if head.attributes & _CONTROL or crc32c.crc32c(raw[_CHECKED_FROM:]) != head.crc:
            return self.client(raw).next_batch()
        return ReadableBatch(self.client, self.client(unpacked(raw)).next_batch(), head)

    def _end(self) -> int | None:
        left = len(self._raw) - self._at
        if left < _MAGIC_AT + 1:
            return None
        (length,) = struct.unpack_from(">i", self._raw, self._at + _LENGTH_AT)
        return self._at + _LOG_OVERHEAD + length if length <= left - _LOG_OVERHEAD else None


class ReadableBatch:
    """A client's batch whose checksum was seen to be right. Where its messages cannot be read on, one says
    so."""

    def __init__(self, client: Any, batch: Any, head: Head) -> None:
        self._client, self._batch, self._head = client, batch, head

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def validate_crc(self) -> bool:
        """It was looked at before the batch was unpacked."""
        return True

    def __iter__(self) -> Iterator[Any]:
        try:
            yield from self._batch
        except Exception:
            yield from self._client(stub(self._head, UNREADABLE)).next_batch()


def bound(fetcher: Any) -> None:
    """Let a client's fetcher (the module) read its batches in bounds. Once is enough; twice is once."""
    client = fetcher.MemoryRecords
    if not (isinstance(client, type) and issubclass(client, Bounded)):
        fetcher.MemoryRecords = type("BoundedRecords", (Bounded,), {"client": staticmethod(client)})
