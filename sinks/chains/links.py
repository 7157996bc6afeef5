"""Does an event follow the one before it? Pure; the hash is the machines' own.

A reader that checks every event before it acts notices a lost, doubled, altered or made-up one, whoever made
the mistake.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from typing import Any

from streams.machines import chain


@dataclass(frozen=True)
class Link:
    """The last good event of a chain, by sequence number and hash; 0 and "" before the first."""

    sequence: int = 0
    hash: str = chain.FIRST


class Step(Enum):
    """What a good event is to its chain. Repeated: we have been past it, as after a restart elsewhere."""

    NEXT = auto()
    REPEATED = auto()


class Fault(StrEnum):
    """Why an event does not belong to its chain as we know it."""

    HASH = "hash"
    """Its hash is not that of what it says."""
    GAP = "gap"
    """Events before it are missing."""
    LINK = "link"
    """It comes at the right number and follows another event than ours."""
    FORK = "fork"
    """It has the number of our last event and is another one."""
    UNREADABLE = "unreadable"
    """It is no event that this reader knows."""


def step(link: Link, event: Mapping[str, Any]) -> Step | Fault:
    """``event`` is an event's record, as its writer wrote it."""
    if event["Hash"] != chain.digest(event):
        return Fault.HASH
    ahead = event["Sequence"] - link.sequence
    if ahead == 0 and event["Hash"] != link.hash:
        return Fault.FORK
    if ahead <= 0:
        return Step.REPEATED
    if ahead > 1:
        return Fault.GAP
    return Step.NEXT if event["PreviousHash"] == link.hash else Fault.LINK
