"""What a file is, by its content. The extension is what somebody typed."""

import io
import re
import zipfile
from typing import Final, Literal

import pyarrow as pa

from schemas.errors import Problem, ProblemList, SourceLocation

Kind = Literal["json", "ndjson", "xlsx", "old workbook", "html", "csv"]
"""``old workbook``: .xls and .xlsb; ``ndjson``: a packet a record a line (``packet_lines``)."""

MAX_BYTES: Final = 40 * 1024 * 1024
"""Of a file. A school of 3,000 pupils is below 10 MiB, a workbook of 100,000 rows has 16."""

MAX_UNPACKED: Final = 512 * 1024 * 1024
"""Of what a workbook unpacks to: a small file can hold a very large one."""

_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_TABLE: Final = re.compile(rb"<table[\s>]", re.I)
_OLDER: Final = (b"\x09\x00\x04\x00", b"\x09\x02\x06\x00", b"\x09\x04\x06\x00", b"\x09\x08")
"""Workbooks of Excel 2 to 5 without a container."""
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")


def sniff(source: str, data: bytes) -> tuple[Kind, bytes]:
    """(kind, content; text files as UTF-8 without a byte order mark). Raises ProblemList."""
    place = SourceLocation(source)
    if len(data) > MAX_BYTES:
        raise ProblemList([Problem("FILE-002", place, {"size": len(data) >> 20, "limit": MAX_BYTES >> 20})])
    if not data.strip():
        raise ProblemList([Problem("FILE-023", place)])
    if data.startswith(b"PK\x03\x04"):
        return _workbook(place, data)
    if data.startswith((_OLE, *_OLDER)):
        return "old workbook", data
    return _text(place, data.removeprefix(b"\xef\xbb\xbf"))


def _workbook(place: SourceLocation, data: bytes) -> tuple[Kind, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            unpacked = sum(item.file_size for item in archive.infolist())
            names = archive.namelist()
            twice = len({name.lower() for name in names}) < len(names)
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        raise ProblemList([Problem("FILE-014", place)]) from None
    if twice:  # programs differ in which of two they open
        raise ProblemList([Problem("FILE-014", place)])
    if unpacked > MAX_UNPACKED:
        raise ProblemList([Problem("FILE-002", place, {"size": unpacked >> 20, "limit": MAX_UNPACKED >> 20})])
    if not any(name.startswith("xl/") for name in names):
        raise ProblemList([Problem("FILE-009", place)])
    return "old workbook" if "xl/workbook.bin" in names else "xlsx", data


def _text(place: SourceLocation, data: bytes) -> tuple[Kind, bytes]:
    if data.startswith(_UTF16):
        data = _of_utf16(place, data)
    if (wrong := _not_utf8(data)) is not None:
        at = SourceLocation(place.file, row=data[:wrong].count(b"\n") + 1)
        raise ProblemList([Problem("FILE-003", at, {"offset": wrong})])
    start = data.lstrip()[:1024]
    if start[:1] in b"{[":
        return "json", data
    if start[:1] == b"<":
        if not start.startswith(b"<?xml") and _TABLE.search(data):
            return "html", data
        raise ProblemList([Problem("FILE-022", place)])
    return "csv", data


def _of_utf16(place: SourceLocation, data: bytes) -> bytes:
    """What Excel calls Unicode text, as UTF-8. JSON is UTF-8, whoever sends it (RFC 8259)."""
    try:
        text = data.decode("utf-16")
    except UnicodeDecodeError as error:
        raise ProblemList([Problem("FILE-003", place, {"offset": error.start})]) from None
    if text.lstrip()[:1] in ("{", "["):
        raise ProblemList([Problem("FILE-003", place, {"offset": 0})])
    return text.encode()


def _not_utf8(data: bytes) -> int | None:
    """First byte that is not UTF-8. Arrow answers for a good file in a tenth of the time of ``decode``."""
    try:
        pa.array([data], type=pa.large_binary()).cast(pa.large_string())
    except pa.ArrowInvalid:
        try:
            data.decode("utf-8")
        except UnicodeDecodeError as error:
            return error.start
    return None
