"""The records of an old workbook's stream (BIFF 5 and 8): whether their lengths are what their kinds have.

The libraries go by the length that a record says. One that says too much swallows the records behind it, and
the list is shorter without a word.
"""

import struct
from typing import Final

from producers.adapters.grid import Unreadable

MOST: Final = 8224
"""Bytes of one record's content."""

_BIFF_8: Final = 0x0600


class Kind:
    """Numbers of the records that are looked at."""

    BEGIN, END, SHEET, LOCKED = 0x0809, 0x000A, 0x0085, 0x002F
    TEXT, NUMBER, SHARED_TEXT, PACKED, PACKED_ROW, TRUTH, BLANK = (
        0x0204, 0x0203, 0x00FD, 0x027E, 0x00BD, 0x0205, 0x0201,
    )  # fmt: skip


_LENGTHS: Final = {
    Kind.NUMBER: 14, Kind.SHARED_TEXT: 10, Kind.PACKED: 10, Kind.TRUTH: 8, Kind.BLANK: 6, Kind.END: 0,
}  # fmt: skip


def check(stream: bytes) -> None:
    """Raises Unreadable where a record, a part or a sheet is not whole, or where it is locked."""
    at, depth, version = 0, 0, 0
    parts: set[int] = set()
    sheets: list[int] = []
    while at + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, at)
        if not depth and kind != Kind.BEGIN:
            break  # padding behind the last part
        content = stream[at + 4 : at + 4 + length]
        if length > MOST or len(content) < length or length != _LENGTHS.get(kind, length):
            raise Unreadable
        match kind:
            case Kind.BEGIN:
                if not depth:
                    parts.add(at)
                    version = struct.unpack_from("<H", content)[0]
                depth += 1
            case Kind.END:
                depth -= 1
            case Kind.SHEET:
                sheets.append(struct.unpack_from("<I", content)[0])
            case Kind.LOCKED:
                raise Unreadable
            case Kind.TEXT if version == _BIFF_8:
                letters, wide = struct.unpack_from("<HB", content, 6)
                if length != 9 + letters * (1 + (wide & 1)):
                    raise Unreadable
            case Kind.PACKED_ROW:
                (first,), (last,) = struct.unpack_from("<H", content, 2), struct.unpack("<H", content[-2:])
                if length != 6 + 6 * (last - first + 1):
                    raise Unreadable
        at += 4 + length
    if depth or not sheets or not parts.issuperset(sheets):
        raise Unreadable
