"""Whose push does an event concern? Pure; what the tables know of versions and removals is handed in.

An act concerns the push that made the version it speaks of. A version that a school's own act made holds what
the last push before it brought, so it concerns that one. What nobody can say yet waits, and with it what
comes later of its dataset, so that nothing of a dataset is told before what happened before it. Where a
version will not come any more (a later one is there, or another one under its number) nobody can ever say:
that is kept as lost, and holds nothing up.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from sinks.feed.told import SCHOOL, Told


class Unsaid(Enum):
    """Why no push is named. Nobody: the event is a school's own matter."""

    NOBODY = auto()
    WAITS = auto()
    LOST = auto()


@dataclass(frozen=True)
class Push:
    """Whose push, and which."""

    vendor: str
    push_id: str


@dataclass(frozen=True)
class Version:
    """What the table knows: ``digest`` is None until it is checked; ``push`` is the last at or before it."""

    digest: str | None
    push: Push | None


@dataclass(frozen=True)
class Known:
    """Versions by (dataset, version), newest versions by dataset, removals by (dataset, removal)."""

    versions: Mapping[tuple[str, int], Version]
    newest: Mapping[str, int]
    removals: Mapping[tuple[str, str], Push]


ASKED_BEFORE: Final = "REM-006"
"""A school's removal came again and was answered again (``load.removals``): nothing has become of a push."""


def concerned(told: Told, known: Known) -> Push | Unsaid:
    """The push, or why none is named."""
    if told.vendor:
        return Push(told.vendor, told.push_id)
    if told.removal_id:
        if told.said["code"] == ASKED_BEFORE:
            return Unsaid.NOBODY
        kept = known.removals.get((told.dataset_id, told.removal_id))
        if kept is not None and kept.vendor != SCHOOL:
            return kept
        if told.said["outcome"] != "version":
            return Unsaid.NOBODY
    version = known.versions.get((told.dataset_id, told.version))
    if version is None:
        return Unsaid.LOST if known.newest.get(told.dataset_id, 0) > told.version else Unsaid.WAITS
    if told.digest and version.digest != told.digest:
        return Unsaid.WAITS if version.digest is None else Unsaid.LOST
    return version.push or Unsaid.NOBODY
