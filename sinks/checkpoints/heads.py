"""What the logs say: every chain's head and how far each partition was read. Pure.

Refusals have no chain of their own and are deleted after a month; here each partition of theirs is one:
its sequence is the count of messages, its hash that of the one before and the message's key and value.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from kafka import TopicPartition
from kafka.consumer.fetcher import ConsumerRecord

from runtime.positions import Mark, Position
from sinks.chains.chains import CHAINS, REFUSALS
from sinks.chains.links import Fault, Link, Step, step
from sinks.chains.reader import event_of
from sinks.checkpoints import acts
from sinks.checkpoints.checkpoint import Checkpoint, Head, Heads, Reached, Total, total
from streams.confirmation.commands import Role

NONE = Head(0, "")

TOPICS = (*(chain.topic for chain in CHAINS), *REFUSALS)
"""All of Kafka that checkpoints seal."""

SEALED = (*TOPICS, acts.TABLE)
"""All that they seal."""

_CHAINS = {chain.topic: chain for chain in CHAINS}


@dataclass
class Followed:
    """The heads as far as the logs were read. ``moved``: since the last checkpoint."""

    heads: Heads = field(default_factory=lambda: {topic: {} for topic in SEALED})
    reached: dict[str, dict[str, Reached]] = field(default_factory=lambda: {topic: {} for topic in SEALED})
    moved: dict[str, set[str]] = field(default_factory=lambda: {topic: set() for topic in SEALED})
    decided: bool = False
    """Whether somebody has decided something since then: an event that no check has made by itself."""

    def take(self, message: ConsumerRecord) -> Fault | None:
        """Follow a message; why it belongs to no chain, if it does not: its chain stays where it was."""
        topic = message.topic
        self.reached[topic][str(message.partition)] = Reached(
            message.offset + 1, message.offset, message.timestamp
        )
        if topic in REFUSALS:
            subject = str(message.partition)
            self._move(topic, subject, after_refusal(self.heads[topic].get(subject, NONE), message))
            return None
        subject, record = event_of(_CHAINS[topic], message)
        if record is None:
            return Fault.UNREADABLE
        head = self.heads[topic].get(subject, NONE)
        match step(Link(head.sequence, head.hash), record):
            case Step.NEXT:
                self._move(topic, subject, Head(record["Sequence"], record["Hash"]))
                self.decided |= record["Role"] != Role.SYSTEM
            case Fault() as fault:
                return fault
        return None

    def take_act(self, row: acts.Row) -> None:
        """Follow a row of the table of acts."""
        head = self.heads[acts.TABLE].get(acts.SUBJECT, NONE)
        self.reached[acts.TABLE][acts.SUBJECT] = acts.reached(row)
        self._move(acts.TABLE, acts.SUBJECT, acts.after(head, row))

    @property
    def next_act(self) -> int:
        """Number of the row of the table of acts that is read next, or a lower one that is not there."""
        at = self.reached[acts.TABLE].get(acts.SUBJECT)
        return at.next if at else 0

    def follow(self, checkpoint: Checkpoint) -> None:
        """Stand where a checkpoint says, after its predecessor (a whole one needs none)."""
        for topic in SEALED:
            heads = checkpoint.heads.get(topic, {})
            self.heads[topic] = dict(heads) if checkpoint.whole else self.heads[topic] | heads
            self.reached[topic] = dict(checkpoint.reached.get(topic, {}))
            self.moved[topic] = set()

    def totals(self) -> dict[str, Total]:
        """Of every topic."""
        return {topic: total(heads) for topic, heads in self.heads.items()}

    def counts(self) -> tuple[int, int]:
        """(heads that moved since the last checkpoint, all heads)."""
        return sum(map(len, self.moved.values())), sum(map(len, self.heads.values()))

    def told(self, whole: bool) -> Heads:
        """The heads that the next checkpoint holds."""
        if whole:
            return {topic: dict(heads) for topic, heads in self.heads.items()}
        return {topic: {s: self.heads[topic][s] for s in moved} for topic, moved in self.moved.items()}

    def sealed(self) -> None:
        """A checkpoint holds all that was followed."""
        for subjects in self.moved.values():
            subjects.clear()
        self.decided = False

    def _move(self, topic: str, subject: str, head: Head) -> None:
        self.heads[topic][subject] = head
        self.moved[topic].add(subject)


def after_refusal(head: Head, message: ConsumerRecord) -> Head:
    """The head of a partition of refusals after a message."""
    parts = (head.hash.encode(), hashed(message.key), hashed(message.value))
    return Head(head.sequence + 1, hashlib.sha256(b"".join(parts)).hexdigest())


def hashed(content: bytes | None) -> bytes:
    """Of a message's key or value."""
    return hashlib.sha256(content or b"").digest()


def positions(reached: Mapping[str, Mapping[str, Reached]]) -> dict[TopicPartition, Position]:
    """Where a reader stands that has reached this; 0 of a partition that is not named."""
    return {
        TopicPartition(topic, int(partition)): Position(
            at.next, Mark(at.last_offset, at.last_at) if at.last_offset >= 0 else None
        )
        for topic, partitions in reached.items()
        for partition, at in partitions.items()
    }
