"""JSON pointers (RFC 6901): where in a body of JSON an error stands."""

from collections.abc import Iterable


def pointer(steps: Iterable[str | int]) -> str:
    """``/LstHocSinh/0/HoTen``; of no steps "", the whole."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)
