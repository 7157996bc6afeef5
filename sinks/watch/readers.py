"""Who reads which topics, for which stage, and where its offsets are kept. A test compares."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from schemas.topics import (
    CONFIRMATION_CHECKS,
    CONFIRMATION_COMMANDS,
    CONFIRMATION_EVENTS,
    CONFIRMATION_RECEIPTS,
    CONFIRMATION_REFUSALS,
    CONFIRMATION_STATE,
    GRANTS_COMMANDS,
    GRANTS_EVENTS,
    GRANTS_REFUSALS,
    GRANTS_STATE,
    GRANTS_SYSTEM,
    MINISTRY_RECEIPTS,
    ORGANISATION_COMMANDS,
    ORGANISATION_EVENTS,
    ORGANISATION_REFUSALS,
    ORGANISATION_SETUP,
    ORGANISATION_STATE,
    PUSH_ANSWERS,
    RECORDS_ACCEPTED,
    RECORDS_REMOVALS,
    VALIDATION_GROUP,
    VALIDATION_POSITIONS,
    in_topic,
)

IN_KAFKA: Final = "kafka"
IN_POSTGRES: Final = "postgres"


@dataclass(frozen=True)
class Reader:
    """One consumer. ``name`` is its group in Kafka, or its name in the table consumer_offset.

    ``positions`` is the compacted topic that knows where it stands when Kafka has forgotten its group.
    """

    name: str
    stage: str
    topics: tuple[str, ...]
    kept: Literal["kafka", "postgres"]
    positions: str = ""


def readers(vendors: Sequence[str]) -> list[Reader]:
    """Every consumer of the pipeline, in the order of the flow."""
    inbound = tuple(in_topic(vendor) for vendor in vendors)
    asked = (CONFIRMATION_COMMANDS, CONFIRMATION_CHECKS, CONFIRMATION_RECEIPTS)
    units = (ORGANISATION_COMMANDS, ORGANISATION_SETUP)
    events = (CONFIRMATION_EVENTS, GRANTS_EVENTS, ORGANISATION_EVENTS)
    refusals = (CONFIRMATION_REFUSALS, GRANTS_REFUSALS, ORGANISATION_REFUSALS)
    return [
        Reader("csdl.grants", "grants", (GRANTS_COMMANDS, GRANTS_SYSTEM), IN_KAFKA, GRANTS_STATE),
        Reader(VALIDATION_GROUP, "validation", inbound, IN_KAFKA, VALIDATION_POSITIONS),
        Reader("load", "load", (RECORDS_ACCEPTED, RECORDS_REMOVALS), IN_POSTGRES),
        Reader("csdl.confirmation", "confirmation", asked, IN_KAFKA, CONFIRMATION_STATE),
        Reader("projection", "projection", events + refusals, IN_POSTGRES),
        Reader("export", "export", (CONFIRMATION_EVENTS,), IN_POSTGRES),
        Reader("receipts", "receipts", (MINISTRY_RECEIPTS,), IN_POSTGRES),
        Reader("feed", "feed", (PUSH_ANSWERS, CONFIRMATION_EVENTS), IN_POSTGRES),
        Reader("csdl.organisation", "organisation", units, IN_KAFKA, ORGANISATION_STATE),
    ]
