"""JSON pointers (RFC 6901): where in a body of JSON an error stands, and fields of nested records."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

Step = str | int

MOST_PLACES: Final = 200
"""Fields of one record that are named under one rule, more than a record has: a nested list may be wrong from
end to end."""

ITEM_NUMBER: Final = r"\[[0-9]+\]"
"""What a field's name has beside the contract's."""

_PART: Final = re.compile(r"([^\[\].]+)(?:\[([0-9]{1,9})\])?")


def pointer(steps: Iterable[Step]) -> str:
    """``/LstHocSinh/0/HoTen``; of no steps "", the whole."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


def steps(field: str) -> list[Step]:
    """Of a field within its record: ``DsMonHoc[3].MaMonHoc`` is that of the fourth item. Where nobody says
    which item (``DsMonHoc.MaMonHoc``), they end at the list."""
    found: list[Step] = []
    for part in field.split("."):
        said = _PART.fullmatch(part)
        if said is None:
            break
        found.append(said[1])
        if said[2] is None:
            break
        found.append(int(said[2]))
    return found


def common(paths: Sequence[Sequence[Step]]) -> list[Step]:
    """The steps that all of them begin with."""
    found: list[Step] = []
    for at in zip(*paths, strict=False):
        if any(step != at[0] for step in at):
            break
        found.append(at[0])
    return found
