"""What a reader of chains takes over: events that follow their chain. Anything else is put aside.

Invariant: where the reader stands in a chain moves in the transaction of what it did with the events. So an
event is acted on once, in its place, or not at all. One that was made up does not shut out the genuine next
one; where one is missing its subject stops for this reader, the others go on.
"""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from kafka.consumer.fetcher import ConsumerRecord
from psycopg2.extensions import cursor

from runtime import metrics, reading
from schemas.contracts import bounds
from schemas.encoding import codec
from sinks.chains.chains import Chain
from sinks.chains.links import Fault, Link, Step, step
from sinks.postgres import rows
from streams.confirmation import events as confirmation
from streams.grants import events as grants
from streams.machines import wire
from streams.organisation import events as organisation

log = logging.getLogger("csdl")

Event = confirmation.Event | grants.Event | organisation.Event


@dataclass(frozen=True)
class PutAside:
    """An event that was not acted on. ``subject`` is empty if the message names none of ours."""

    topic: str
    partition: int
    source_offset: int
    subject: str
    sequence: int
    fault: Fault


@dataclass
class Verified:
    """What a batch holds: events to act on in the order of their topics, the message of each, and what was
    put aside."""

    events: list[Event] = field(default_factory=list)
    messages: list[ConsumerRecord] = field(default_factory=list)
    aside: list[PutAside] = field(default_factory=list)


class ChainReader:
    """One reader of some chains. ``name`` is its name in the tables and in metrics."""

    def __init__(self, name: str, *chains: Chain) -> None:
        self._name = name
        self._chains = {chain.topic: chain for chain in chains}

    def verified(self, cur: cursor, messages: Sequence[ConsumerRecord]) -> Verified:
        """Of a batch's messages the events to act on, in the caller's transaction. Other topics are left."""
        found, read = Verified(), []
        for message in messages:
            chain = self._chains.get(message.topic)
            if chain is not None:
                read.append((chain, message, *event_of(chain, message)))
        links = self._links(cur, {subject for _, _, subject, _ in read if subject})
        moved: dict[str, Link] = {}
        for chain, message, subject, record in read:
            link = links.get(subject, Link())
            taken = self._take(chain, link, record)
            if isinstance(taken, Fault):
                sequence = record["Sequence"] if record and record["Sequence"] in bounds.INT else 0
                aside = PutAside(message.topic, message.partition, message.offset, subject, sequence, taken)
                found.aside.append(aside)
            elif taken is not None:
                found.events.append(taken)
                found.messages.append(message)
                links[subject] = moved[subject] = Link(taken.sequence, taken.hash)
        self._keep(cur, moved, found.aside)
        return found

    def put_aside(self, cur: cursor, message: ConsumerRecord) -> Verified:
        """An event that fails alone, whatever the reason: its subject stops for this reader, nobody else.

        In the caller's transaction, which moves the offset."""
        chain = self._chains[message.topic]
        subject, record = event_of(chain, message)
        sequence = record["Sequence"] if record else 0
        if sequence not in bounds.INT:
            sequence = 0
        aside = PutAside(
            message.topic, message.partition, message.offset, subject, sequence, Fault.UNREADABLE
        )
        self._keep(cur, {}, [aside])
        return Verified(aside=[aside])

    def reads(self, topic: str) -> bool:
        """Whether the topic is one of its chains."""
        return topic in self._chains

    def tell(self, found: Verified) -> None:
        """After the transaction: count what was put aside, and say it in the log."""
        for fault, count in Counter(a.fault for a in found.aside).items():
            metrics.CHAIN_BREAKS.labels(self._name).inc(count)
            log.error("%d events do not belong to their chain (%s): put aside", count, fault.value)

    def _take(self, chain: Chain, link: Link, record: dict[str, Any] | None) -> Event | Fault | None:
        """The event to act on; None for one that we have been past."""
        if record is None or bounds.kept(record):
            return Fault.UNREADABLE
        match step(link, record):
            case Step.REPEATED:
                return None
            case Fault() as fault:
                return fault
        try:
            return wire.from_record(chain.event, record)
        except (TypeError, ValueError):
            return Fault.UNREADABLE

    def _links(self, cur: cursor, subjects: set[str]) -> dict[str, Link]:
        cur.execute(
            "SELECT subject, sequence, hash FROM chain_position WHERE reader = %s AND subject = ANY(%s)",
            (self._name, sorted(subjects)),
        )
        return {row["subject"]: Link(row["sequence"], row["hash"]) for row in rows.fetch(cur)}

    def _keep(self, cur: cursor, moved: dict[str, Link], aside: Sequence[PutAside]) -> None:
        positions = [
            {"reader": self._name, "subject": subject, "sequence": link.sequence, "hash": link.hash}
            for subject, link in moved.items()
        ]
        rows.upsert(cur, "chain_position", ("reader", "subject"), positions)
        faults = [{"reader": self._name, **vars(a), "fault": a.fault.value} for a in aside]
        rows.insert(cur, "chain_fault", faults, "ON CONFLICT DO NOTHING")


def event_of(chain: Chain, message: ConsumerRecord) -> tuple[str, dict[str, Any] | None]:
    """(subject, record) of a message; "" and None if it is no event of this chain."""
    try:
        if reading.fault(message):
            return "", None
        name, record = codec.decode(message.value or b"")
    except codec.Undecodable:
        return "", None
    if name != chain.contract or not chain.form.fullmatch(subject := chain.subject(record)):
        return "", None
    return subject, record
