"""The chains that sinks read: the topic, its contract, what an event of it is about."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from schemas import topics
from schemas.contracts import bounds
from streams.confirmation import events as confirmation
from streams.grants import events as grants
from streams.organisation import events as organisation


@dataclass(frozen=True)
class Chain:
    """``event`` is the machine's dataclass. A subject in another form than ``form`` is none of ours; no
    subject has the form of two chains."""

    topic: str
    contract: str
    event: type[confirmation.Event] | type[grants.Event] | type[organisation.Event]
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
    re.compile(f"{bounds.VENDOR}/({bounds.OF_GRANT})"),
)

ORGANISATION: Final = Chain(
    topics.ORGANISATION_EVENTS,
    "OrganisationEvent",
    organisation.Event,
    lambda record: str(record["UnitCode"]),
    re.compile(bounds.UNIT),
)

CHAINS: Final = (CONFIRMATION, GRANTS, ORGANISATION)
"""Every chain there is. What is here is sealed by checkpoints."""

REFUSALS: Final = (topics.CONFIRMATION_REFUSALS, topics.GRANTS_REFUSALS, topics.ORGANISATION_REFUSALS)
"""What machines refused: no chains of their own, sealed by checkpoints as one a partition."""
