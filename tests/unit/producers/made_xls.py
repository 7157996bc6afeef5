"""A workbook of the older kind (.xls), byte by byte: texts, formatted numbers, truth values, errors."""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SECTOR = 512
END, FREE, TABLE = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD
ERROR = object()
"""A cell that shows #N/A."""
FORMATS = ("General", "dd/mm/yyyy", "0000000000", "0.00", "dd/mm/yyyy hh:mm")


@dataclass(frozen=True)
class Number:
    """A number that is shown in one of FORMATS."""

    value: float
    shown: str = "General"


def xls(
    sheets: Mapping[str, Sequence[Sequence[object]]], hidden: Sequence[str] = (), *, since_1904: bool = False
) -> bytes:
    """Sheets of texts, Numbers, booleans, ERRORs and Nones."""
    bodies = [_sheet(rows) for rows in sheets.values()]
    heads = [_record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0005, 0, 0, 0, 0))]
    heads.append(_record(0x0022, struct.pack("<H", since_1904)))
    for number, form in enumerate(FORMATS[1:], 165):
        heads.append(_record(0x041E, struct.pack("<HHB", number, len(form), 1) + form.encode("utf-16-le")))
    for number in (0, *range(165, 164 + len(FORMATS))):
        heads.append(_record(0x00E0, struct.pack("<HHH14x", 0, number, 1)))
    start = sum(map(len, heads))
    names = [struct.pack("<BB", len(n), 1) + n.encode("utf-16-le") for n in sheets]
    at = start + sum(4 + 6 + len(n) for n in names) + 4
    for name, text, body in zip(sheets, names, bodies, strict=True):
        heads.append(_record(0x0085, struct.pack("<IBB", at, int(name in hidden), 0) + text))
        at += len(body)
    return _container(b"".join([*heads, _record(0x000A, b""), *bodies]))


def _sheet(rows: Sequence[Sequence[object]]) -> bytes:
    records = [_record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0010, 0, 0, 0, 0))]
    for r, row in enumerate(rows):
        for c, value in enumerate(row):
            place = struct.pack("<HHH", r, c, 0)
            if value is ERROR or isinstance(value, bool):
                what = bytes([0x2A, 1]) if value is ERROR else bytes([bool(value), 0])
                records.append(_record(0x0205, place + what))
            elif isinstance(value, Number):
                place = struct.pack("<HHH", r, c, FORMATS.index(value.shown))
                records.append(_record(0x0203, place + struct.pack("<d", value.value)))
            elif value is not None:
                text = str(value)
                records.append(
                    _record(0x0204, place + struct.pack("<HB", len(text), 1) + text.encode("utf-16-le"))
                )
    return b"".join([*records, _record(0x000A, b"")])


def _record(kind: int, data: bytes) -> bytes:
    return struct.pack("<HH", kind, len(data)) + data


def _container(stream: bytes) -> bytes:
    """One stream, Workbook, in a compound file: header, table of sectors, directory, the stream."""
    stream = stream.ljust(max(4096, -(-len(stream) // SECTOR) * SECTOR), b"\x00")
    many = len(stream) // SECTOR
    tables = -(-(many + 2) // 127)
    first = tables + 1
    table = [TABLE] * tables + [END] + [*range(first + 1, first + many), END]
    table += [FREE] * (tables * 128 - len(table))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    header += struct.pack("<IIIIIIIII", 0, tables, tables, 0, 4096, END, 0, END, 0)
    header += struct.pack("<109I", *range(tables), *[FREE] * (109 - tables))
    entries = _entry("Root Entry", 5, 1, END, 0) + _entry("Workbook", 2, FREE, first, len(stream))
    return header + struct.pack(f"<{len(table)}I", *table) + entries.ljust(SECTOR, b"\x00") + stream


def _entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    text = (name + "\0").encode("utf-16-le")
    head = text.ljust(64, b"\0") + struct.pack("<HBBIII", len(text), kind, 1, FREE, FREE, child)
    return head + bytes(36) + struct.pack("<IQ", start, size)
