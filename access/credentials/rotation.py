"""What becomes of a line of credentials when one of it is rotated. Pure.

Invariant: of a line one is current, and at most one before it goes on for its overlap. An end that was set
never moves later, whatever happens afterwards.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from access.credentials.worth import Credential, by_itself

ROTATED_ALREADY: Final = "KEY-006"

LONGEST: Final = timedelta(days=30)
USUAL: Final = timedelta(days=7)


@dataclass(frozen=True)
class Rotation:
    """``ends``: number → when it ends from now on; ``generation`` of the successor."""

    ends: Mapping[int, datetime]
    generation: int


def rotate(line: Sequence[Credential], number: int, now: datetime, overlap: timedelta) -> Rotation | str:
    """The rotation of one of a line's credentials, or the code that refuses it.

    Only the newest is rotated, and only while it is in force itself: KEY-006 for one that has a successor
    (so of several acts at once one is carried out), KEY-102 to 105.
    """
    current = next(one for one in line if one.number == number)
    if current.generation != max(one.generation for one in line):
        return ROTATED_ALREADY
    if code := by_itself(current, now):
        return code
    ends = {
        one.number: now for one in line if one.number != number and (one.ends_at is None or one.ends_at > now)
    }
    end = now + min(overlap, LONGEST)
    ends[number] = end if current.ends_at is None else min(end, current.ends_at)
    return Rotation(ends, current.generation + 1)
