"""Cells of a sheet before anybody knows what they mean, and how much a file may hold."""

from dataclasses import dataclass, field
from typing import Final

MAX_AREA: Final = 5_000_000
"""Rows times columns that hold something. A school of 3,000 pupils has 120,000; a province's 100,000 of one
grade 4 million."""

MAX_CHARS: Final = 128 * 1024 * 1024
"""Of all cells, a text that many cells share counted for each. A school of 3,000 pupils has 5 million."""

MAX_COLUMNS: Final = 16_384
"""Of a sheet, as Excel has it."""

MAX_RECORDS: Final = 150_000
"""Of one list of a packet, and of all its records' lists under one name."""

MAX_NAMES: Final = 1_000
"""Different members of a packet, or of one type's records: 160 are fields."""

MOST_TOLD: Final = 1_000
"""Problems of a file: one that has more is wrong as a whole, and forty million are no answer."""

ERROR_RESULT: Final = "#N/A"
"""What stands for an error result whose own text is not known, and for a formula that was never computed."""


TOO_MUCH: Final = "FILE-026"


class TooMuch(Exception):
    """The file holds more than any list of a school."""


class Unreadable(Exception):
    """The workbook is damaged or locked, or the library cannot hold it."""


@dataclass
class Cells:
    """Of one sheet: row number → column number → text, both from 1. ``since_1904``: its workbook counts days
    from then."""

    name: str
    hidden: bool
    rows: dict[int, dict[int, str]] = field(default_factory=dict)
    since_1904: bool = False
