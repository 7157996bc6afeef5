"""The chains that sinks read: the topic, its contract, what an event of it is about."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from schemas import topics
from schemas.contracts import bounds
from streams.confirmation import events as confirmation
from streams.grants import events as grants


@dataclass(frozen=True)
class Chain:
    """``event`` is the machine's dataclass. A subject in another form than ``form`` is none of ours."""

    topic: str
    contract: str
    event: type[confirmation.Event] | type[grants.Event]
    subject: Callable[[Mapping[str, Any]], str]
    form: re.Pattern[str]


CONFIRMATION: Final = Chain(
    topics.CONFIRMATION_EVENTS,
    "ConfirmationEvent",
    confirmation.Event,
    lambda record: str(record["DatasetId"]),
    re.compile(bounds.DATASET),
)
GRANTS: Final = Chain(
    topics.GRANTS_EVENTS,
    "GrantEvent",
    grants.Event,
    lambda record: f"{record['Vendor']}/{record['MaTruongHoc']}",
    re.compile(f"{bounds.VENDOR}/{bounds.SCHOOL}"),
)

CHAINS: Final = (CONFIRMATION, GRANTS)
"""Every chain there is. What is here is sealed by checkpoints."""

REFUSALS: Final = (topics.CONFIRMATION_REFUSALS, topics.GRANTS_REFUSALS)
"""What machines refused: no chains of their own, sealed by checkpoints as one a partition."""
