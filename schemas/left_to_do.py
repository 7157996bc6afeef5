"""What a push that was applied leaves for somebody to do, as codes. Pure."""

from collections.abc import Mapping
from typing import Any, Final

SENT_AGAIN: Final = "PUSH-009"
SOME_REFUSED: Final = "PUSH-010"
SOME_ABSENT: Final = "PUSH-011"
SOME_WAITING: Final = "PUSH-012"
REMOVALS_REFUSED: Final = "PUSH-013"

Counts = Mapping[str, int]
"""By record type."""


def left_to_do(refused: int, absent: Counts, removals: Counts, removed: Counts, waiting: Counts) -> list[str]:
    """By the push's own counts; empty if it left nothing.

    ``removals`` were asked for, of which ``removed`` left and ``waiting`` wait.
    """
    found = {
        SOME_REFUSED: refused,
        SOME_ABSENT: sum(absent.values()),
        SOME_WAITING: sum(waiting.values()),
        REMOVALS_REFUSED: sum(removals.values()) - sum(removed.values()) - sum(waiting.values()),
    }
    return [code for code, n in found.items() if n > 0]


def codes(push: Mapping[str, Any]) -> list[str]:
    """Of a push as the database has it: the code of its outcome, what is left to do after it, and that more
    came under the same id."""
    found = [push["code"]] if push["code"] else []
    if push["outcome"] in ("version", "unchanged"):
        found += left_to_do(*(push[n] for n in ("refused", "absent", "removals", "removed", "waiting")))
    if push["late"]:
        found.append(SENT_AGAIN)
    return list(dict.fromkeys(found))
