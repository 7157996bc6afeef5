"""Does an event follow the one before it? Pure; the hash is the machines' own.

A reader that checks every event it takes over notices a lost, doubled or altered one, whoever
made the mistake.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from streams.machines import chain


@dataclass(frozen=True)
class Link:
    """Where a chain stands: sequence number and hash of its last event; 0 and "" before the first."""

    sequence: int = 0
    hash: str = chain.FIRST


class Step(Enum):
    """What an event is to its chain."""

    NEXT = auto()
    REPEATED = auto()
    BROKEN = auto()


def step(link: Link, event: Mapping[str, Any]) -> Step:
    """``event`` is an event's record. Repeated: we have been past it, as after a restart elsewhere."""
    if event["Hash"] != chain.digest(event):
        return Step.BROKEN
    if event["Sequence"] <= link.sequence:
        return Step.REPEATED
    follows = event["Sequence"] == link.sequence + 1 and event["PreviousHash"] == link.hash
    return Step.NEXT if follows else Step.BROKEN
