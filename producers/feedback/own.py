"""How we know our own marks in a file that comes again: a sheet and a column of ours are no data.

By what stands in them, not by where: people sort, rename, insert columns and save in other formats.
"""

import re
from collections.abc import Mapping
from typing import Final

SHEET_MARK: Final = "CSDL · Bảng lỗi của tệp này, không phải dữ liệu"
"""First cell of the sheet that lists the faults."""

COLUMN: Final = "CSDL · Lỗi của dòng (không phải dữ liệu)"
"""Caption of the column of faults in a csv file. Where it stands, dangerous texts are guarded."""

HEAD: Final = 100
"""Rows searched for our caption."""

_DANGEROUS: Final = r"\s*[=+\-@\t\r\n＝＋－＠]"
_TO_GUARD: Final = re.compile(f"'*{_DANGEROUS}")
_GUARDED: Final = re.compile(f"'+{_DANGEROUS}")

Rows = Mapping[int, Mapping[int, str]]
"""Row number → column number → text, both from 1."""


def guard(text: str) -> str:
    """A text that no spreadsheet takes for a formula; ``unguarded`` gives the text back, whatever it was."""
    return f"'{text}" if _TO_GUARD.match(text) else text


def unguarded(text: str) -> str:
    """The text that was guarded."""
    return text[1:] if _GUARDED.match(text) else text


def is_list_of_faults(rows: Rows) -> bool:
    """Whether a sheet is ours, of whatever file: its first cell that holds something says so."""
    for _, cells in sorted(rows.items()):
        for _, text in sorted(cells.items()):
            return text.strip().startswith(SHEET_MARK)
    return False


def column_of_faults(rows: Rows) -> int | None:
    """The column of a csv file that we added, None if there is none."""
    for number in sorted(rows)[:HEAD]:
        for column, text in rows[number].items():
            if text.strip() == COLUMN:
                return column
    return None


def without_faults(rows: Rows) -> Rows:
    """The sender's cells as they were before we wrote to the file."""
    ours = column_of_faults(rows)
    if ours is None:
        return rows
    return {
        number: {c - (c > ours): unguarded(text) for c, text in cells.items() if c != ours}
        for number, cells in rows.items()
    }
