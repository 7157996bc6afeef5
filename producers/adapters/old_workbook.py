"""Workbooks of the older kinds (.xls, .xlsb), read by a library in a bounded process of its own.

The library ends its process on some damaged files, and allots every cell between two far ones: neither can
be caught in Python. What it does to the child is one code here.
"""

import subprocess
import sys
from pathlib import Path
from typing import Final

import pyarrow as pa

from producers.adapters.grid import ERROR_RESULT, Cells

MAX_SECONDS: Final = 60
MAX_MEMORY: Final = 2 * 1024 * 1024 * 1024
"""Bytes of address space; the libraries alone take some 600 MB of it."""
MAX_ANSWER: Final = 64 * 1024 * 1024

_CHILD: Final = Path(__file__).with_name("old_workbook_child.py")
_SECTOR: Final = 512
_FREE: Final = 0xFFFFFFFF
_IN_HEADER: Final = 109
"""Sectors of the allocation table that the header names itself."""


class Unreadable(Exception):
    """The workbook is damaged or locked, or the library cannot hold it."""


def read(data: bytes) -> list[Cells]:
    """The sheets in their order. Raises Unreadable."""
    if data.startswith(b"\xd0\xcf") and _cut_off(data):
        raise Unreadable
    command = [sys.executable, "-I", str(_CHILD), str(MAX_MEMORY), str(MAX_SECONDS)]
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=2 * MAX_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise Unreadable from None
    if done.returncode != 0 or len(done.stdout) > MAX_ANSWER:
        raise Unreadable
    with pa.ipc.open_stream(done.stdout) as answer:
        table = answer.read_all()
    sheets: dict[int, Cells] = {}
    for number, name, hidden, row, column, text in zip(*(c.to_pylist() for c in table.columns), strict=True):
        sheet = sheets.setdefault(number, Cells(name, hidden))
        if row:
            sheet.rows.setdefault(row, {})[column] = ERROR_RESULT if text is None else text
    return list(sheets.values())


def _cut_off(data: bytes) -> bool:
    """Whether the file ends before the last sector that its own table names as used.

    The table (FAT) lies in the sectors that the header lists, and for a file above 7 MB in further lists.
    """
    size = 1 << int.from_bytes(data[30:32], "little")
    if size not in (_SECTOR, 4096) or len(data) < _SECTOR:
        return True
    tables = _words(data[76 : 76 + 4 * _IN_HEADER])
    after, lists = int.from_bytes(data[68:72], "little"), int.from_bytes(data[72:76], "little")
    for _ in range(min(lists, len(data) // size)):
        more = _words(data[(after + 1) * size : (after + 2) * size])
        if len(more) < size // 4:
            return True
        tables, after = tables + more[:-1], more[-1]
    last = 0
    for n, sector in enumerate(t for t in tables if t != _FREE):
        entries = _words(data[(sector + 1) * size : (sector + 2) * size])
        if len(entries) < size // 4:
            return True
        used = [i for i, following in enumerate(entries) if following != _FREE]
        last = max(last, n * len(entries) + used[-1] if used else 0)
    return len(data) < (last + 2) * size


def _words(data: bytes) -> list[int]:
    return list(memoryview(data[: len(data) // 4 * 4]).cast("I"))
