"""Every topic of the pipeline as data: name, key, contracts, retention."""

from dataclasses import dataclass
from typing import Final, Literal

from schemas.contracts.contracts import record_types

PARTITIONS: Final = 6
"""All topics have as many, so that a school's events stay in one partition number from end to end."""

MAX_MESSAGE: Final = 8 * 1024 * 1024
"""Bytes. 500 records of 157 fields stay below 2 MiB; the rest is head-room."""

FOREVER: Final = -1
DAY_MS: Final = 24 * 60 * 60 * 1000
SCHOOL_YEAR_MS: Final = 400 * DAY_MS
"""From the first push of a school year to the Ministry's last answer, and a month."""


@dataclass(frozen=True)
class Topic:
    """One topic. ``contracts`` names the Avro contracts of its values; empty for raw bytes."""

    name: str
    key: str
    contracts: tuple[str, ...]
    doc: str
    cleanup: Literal["delete", "compact"] = "delete"
    retention_ms: int = 30 * DAY_MS
    partitions: int = PARTITIONS

    def config(self) -> dict[str, str]:
        """Kafka topic configuration.

        Kafka stamps the time: a sender's clock would decide the order of pushes and acts, and a backdated
        message would be deleted by retention before anybody has read it.
        """
        config = {
            "cleanup.policy": self.cleanup,
            "max.message.bytes": str(MAX_MESSAGE),
            "message.timestamp.type": "LogAppendTime",
        }
        if self.cleanup == "delete":
            config["retention.ms"] = str(self.retention_ms)
        return config


RECORDS_ACCEPTED: Final = "csdl.records.accepted.v1"
RECORDS_REFUSED: Final = "csdl.records.refused.v1"
VALIDATION_POSITIONS: Final = "csdl.validation.positions.v1"
RECORDS_REMOVALS: Final = "csdl.records.removals.v1"
PUSH_ANSWERS: Final = "csdl.push.answers.v1"
CONFIRMATION_COMMANDS: Final = "csdl.confirmation.commands.v1"
CONFIRMATION_CHECKS: Final = "csdl.confirmation.checks.v1"
CONFIRMATION_RECEIPTS: Final = "csdl.confirmation.receipts.v1"
CONFIRMATION_EVENTS: Final = "csdl.confirmation.events.v1"
CONFIRMATION_STATE: Final = "csdl.confirmation.state.v1"
CONFIRMATION_REFUSALS: Final = "csdl.confirmation.refusals.v1"
GRANTS_COMMANDS: Final = "csdl.grants.commands.v1"
GRANTS_SYSTEM: Final = "csdl.grants.system.v1"
GRANTS_EVENTS: Final = "csdl.grants.events.v1"
GRANTS_STATE: Final = "csdl.grants.state.v1"
GRANTS_REFUSALS: Final = "csdl.grants.refusals.v1"
CREDENTIALS_ENDED: Final = "csdl.credentials.ended.v1"
ORGANISATION_COMMANDS: Final = "csdl.organisation.commands.v1"
ORGANISATION_SETUP: Final = "csdl.organisation.setup.v1"
ORGANISATION_EVENTS: Final = "csdl.organisation.events.v1"
ORGANISATION_STATE: Final = "csdl.organisation.state.v1"
ORGANISATION_REFUSALS: Final = "csdl.organisation.refusals.v1"
MINISTRY_EXPORT: Final = "csdl.ministry.export.v1"
MINISTRY_RECEIPTS: Final = "csdl.ministry.receipts.v1"
CLOCK: Final = "csdl.clock.v1"
TERMS: Final = "csdl.terms.v1"
DEAD_LETTERS_REPLAYED: Final = "csdl.dead-letters.replayed.v1"

WITH_POSITIONS: Final = (GRANTS_STATE, CONFIRMATION_STATE, ORGANISATION_STATE, VALIDATION_POSITIONS)
"""Where readers keep their positions."""

VALIDATION_GROUP: Final = "csdl-validation"
"""Consumer group of validation: what it has committed of a vendor's topic has its verdicts in Kafka."""

SOURCE_OFFSET: Final = "source-offset"
"""Header of what validation passes on: the vendor's message's offset, in the partition it came in."""

SOURCE_TIME: Final = "source-time"
"""Header of what validation passes on: Kafka's time of the vendor's message, ms since 1970. Orders pushes."""

UNDER_WAY: Final = "under-way-ms"
"""Header of a vendor's message: for how long its push was under way when this was sent, where somebody took
it over from its sender. It can only make a push older: whoever says too much loses by it."""

MAX_UNDER_WAY_MS: Final = 3_600_000

SOURCE_BEGAN: Final = "source-began"
"""Header of what validation passes on: when the push began, by Kafka's time of the vendor's message and what
that says (UNDER_WAY)."""

SOURCE_FAULT: Final = "source-fault"
"""Header of a PushClosed with a wrong header: the code with which its push is answered as refused."""

SCHOOL: Final = "school code"
UNIT: Final = "unit code"


def in_topic(vendor: str) -> str:
    """Topic a vendor writes to; the broker's ACL proves who wrote it."""
    return f"csdl.in.{vendor}.v1"


def vendor_of(topic: str) -> str:
    """Vendor whose topic this is."""
    return topic.split(".")[2]


def dlq(topic: str) -> str:
    """Dead-letter topic of a topic: the bytes that nobody could deal with, untouched."""
    return f"dlq.{topic}"


def topics(vendors: list[str]) -> list[Topic]:
    """All topics of a province with these vendors."""
    reported = (*(f"{t}Reported" for t in record_types()), "RecordsRemoved", "PushClosed")
    exported = ("ExportOpened", *(f"{t}Exported" for t in record_types()), "ExportClosed")
    inbound = [
        Topic(in_topic(v), SCHOOL, reported, f"Records that {v} pushes for its schools") for v in vendors
    ]
    fixed = [
        Topic(RECORDS_ACCEPTED, SCHOOL, reported, "Accepted records, refused places; headers source-*"),
        _log(RECORDS_REMOVALS, ("RemovalAsked",), "Records that a school removes by its own act"),
        Topic(RECORDS_REFUSED, SCHOOL, ("RecordsRefused",), "Refused records, for the vendor"),
        Topic(
            VALIDATION_POSITIONS, "@position/topic", ("ReaderPosition",), "Where validation stands", "compact"
        ),
        Topic(PUSH_ANSWERS, SCHOOL, ("PushAnswered",), "What became of each push"),
        _log(CONFIRMATION_COMMANDS, ("ConfirmationCommand",), "What units ask of datasets"),
        _log(CONFIRMATION_CHECKS, ("ConfirmationCommand",), "Checked versions, from the check"),
        _log(CONFIRMATION_RECEIPTS, ("ConfirmationCommand",), "Answered exports, from the receipts"),
        _log(CONFIRMATION_EVENTS, ("ConfirmationEvent",), "Every transition, chained"),
        Topic(
            CONFIRMATION_STATE,
            "dataset id",
            ("ConfirmationState", "ReaderPosition"),
            "State of each dataset",
            "compact",
        ),
        Topic(CONFIRMATION_REFUSALS, SCHOOL, ("CommandRefused",), "Commands that were refused"),
        _log(GRANTS_COMMANDS, ("GrantCommand",), "What units ask of grants"),
        _log(
            GRANTS_SYSTEM, ("GrantCommand",), "What becomes due of grants, and first pushes, from the system"
        ),
        _log(GRANTS_EVENTS, ("GrantEvent",), "Every transition of a grant, chained"),
        Topic(
            GRANTS_STATE, "vendor/school", ("GrantState", "ReaderPosition"), "State of each grant", "compact"
        ),
        Topic(GRANTS_REFUSALS, SCHOOL, ("CommandRefused",), "Grant commands that were refused"),
        Topic(
            CREDENTIALS_ENDED,
            "handle of the credential",
            ("CredentialEnded", "CredentialLimits"),
            "What bounds credentials of grants, for a database that is restored",
            "compact",
        ),
        _log(ORGANISATION_COMMANDS, ("OrganisationCommand",), "What the department asks of units", UNIT),
        _log(
            ORGANISATION_SETUP, ("OrganisationCommand",), "A register of before, handed over by setup", UNIT
        ),
        _log(ORGANISATION_EVENTS, ("OrganisationEvent",), "Every transition of a unit, chained", UNIT),
        Topic(
            ORGANISATION_STATE,
            UNIT,
            ("OrganisationState", "ReaderPosition"),
            "Units and their periods",
            "compact",
        ),
        Topic(ORGANISATION_REFUSALS, UNIT, ("CommandRefused",), "Commands about units that were refused"),
        Topic(
            MINISTRY_EXPORT,
            SCHOOL,
            exported,
            "Approved versions for the Ministry",
            retention_ms=SCHOOL_YEAR_MS,
        ),
        _log(MINISTRY_RECEIPTS, ("MinistryReceipts",), "The Ministry's receipts"),
        Topic(DEAD_LETTERS_REPLAYED, "source of the letter", (), "Dead letters sent again", "compact"),
        Topic(TERMS, "kind/name", ("Term",), "Vendors and school years that are taken, by date", "compact"),
        Topic(CLOCK, "none", (), "Empty messages by which a client learns Kafka's time", retention_ms=DAY_MS),
    ]
    readers = [in_topic(v) for v in vendors]
    readers += [CONFIRMATION_COMMANDS, CONFIRMATION_CHECKS, CONFIRMATION_RECEIPTS, GRANTS_COMMANDS]
    readers += [GRANTS_SYSTEM]
    readers += [ORGANISATION_COMMANDS, ORGANISATION_SETUP]
    readers += [RECORDS_ACCEPTED, RECORDS_REMOVALS, MINISTRY_RECEIPTS]
    readers += [CONFIRMATION_REFUSALS, GRANTS_REFUSALS, ORGANISATION_REFUSALS]
    letters = [
        Topic(dlq(t), "none", (), f"Messages of {t} that nobody could deal with", retention_ms=90 * DAY_MS)
        for t in readers
    ]
    return inbound + fixed + letters


def dlqs(vendors: list[str]) -> list[str]:
    """Names of all dead-letter topics."""
    return [topic.name for topic in topics(vendors) if topic.name.startswith(dlq(""))]


def _log(name: str, contracts: tuple[str, ...], doc: str, key: str = SCHOOL) -> Topic:
    """A topic that is kept for good: the record of who did what."""
    return Topic(name, key, contracts, doc, retention_ms=FOREVER)
