"""Reading topics whole: a machine's compacted states, its events of a key or of all, any messages.

Only committed data; ends at the end that the topic had when reading began.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from kafka import TopicPartition
from kafka.consumer.fetcher import ConsumerRecord
from kafka.errors import KafkaError

from runtime import kafka, positions
from runtime.settings import Settings
from schemas.encoding import codec
from streams.machines import wire
from streams.machines.machine import AnyMachine


def states(machine: AnyMachine, messages: Iterable[ConsumerRecord]) -> dict[str, Any]:
    """State key → its state: the last message of each key. Positions, which lie beside them, are left out."""
    found: dict[str, Any] = {}
    for message in messages:
        if positions.is_key(message.key):
            continue
        subject = message.key.decode("utf-8")
        if message.value is None:
            found.pop(subject, None)
        else:
            found[subject] = state(machine, message.value)
    return found


def state(machine: AnyMachine, value: bytes) -> Any:
    """The state that a message of the state topic holds."""
    return wire.from_record(machine.state, codec.decode(value)[1])


def fold(
    machine: AnyMachine, messages: Iterable[ConsumerRecord], wanted: Collection[str] | None = None
) -> dict[str, Any]:
    """The states of these keys, or of all, as the messages of the events topic make them, from the first."""
    found: dict[str, Any] = {}
    for message in messages:
        event = wire.from_record(machine.event, codec.decode(message.value)[1])
        subject = machine.subject(event)
        if wanted is None or subject in wanted:
            found[subject] = machine.evolve(found.get(subject) or machine.initial(event), event)
    return found


def answered(messages: Iterable[ConsumerRecord]) -> dict[TopicPartition, int]:
    """Partition of commands → offset after the last one that has an event or a refusal among the messages."""
    found: dict[TopicPartition, int] = {}
    for message in messages:
        record = codec.decode(message.value)[1]
        if topic := record.get("CommandTopic"):
            tp = TopicPartition(topic, message.partition)
            found[tp] = max(found.get(tp, 0), record["CommandOffset"] + 1)
    return found


def read_states(machine: AnyMachine, settings: Settings, key: str | None = None) -> dict[str, Any]:
    """States as they stand now; with ``key``, at least all of its own. Raises ProblemList (SYS-001)."""
    return states(machine, read(settings, _partitions(machine.state_topic, key)))


def read_events(machine: AnyMachine, settings: Settings, key: str | None = None) -> Iterator[dict[str, Any]]:
    """Records of all events, a key's in their order; with ``key``, its own only. Raises as above."""
    for message in read(settings, _partitions(machine.events_topic, key)):
        if key is None or message.key == key.encode("utf-8"):
            yield codec.decode(message.value)[1]


def read(settings: Settings, partitions: Sequence[TopicPartition]) -> Iterator[ConsumerRecord]:
    """All messages of some partitions. Raises ProblemList (SYS-001) if Kafka is away or does not answer."""
    try:
        consumer = kafka.consumer(settings, bootstrap_timeout_ms=kafka.STAND_BY_MS)
        try:
            yield from kafka.to_end(consumer, partitions)
        finally:
            consumer.close()
    except KafkaError:
        raise kafka.away(settings) from None


def _partitions(topic: str, key: str | None) -> list[TopicPartition]:
    if key is None:
        return kafka.partitions(topic)
    # A state's key may be another, but it lies in the partition of its commands' key.
    return [TopicPartition(topic, kafka.partition_of(key.encode("utf-8")))]
