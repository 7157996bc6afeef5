"""What ``back`` asks of a process apart: marks in a workbook that came from elsewhere."""

from typing import BinaryIO, Final

import msgspec

from producers.feedback import workbook
from producers.feedback.places import Located
from producers.feedback.xml import Unmarkable

MACROS: Final = b"m"
PLAIN: Final = b"x"


def answer(head: bytes, data: bytes, out: BinaryIO) -> None:
    """A letter that says whether it has macros, and the marked workbook: nothing if it cannot be written
    into."""
    try:
        kind = MACROS if workbook.has_macros(data) else PLAIN
        marked = workbook.marked(data, msgspec.json.decode(head, type=list[Located]))
    except (*workbook.UNREADABLE, Unmarkable):
        kind, marked = PLAIN, b""
    out.write(kind + marked)
