"""Reading topics whole: a machine's compacted states, its events of a school or of all, any messages.

Only committed data; ends at the end that the topic had when reading began.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from kafka import TopicPartition
from kafka.consumer.fetcher import ConsumerRecord
from kafka.errors import KafkaError

from runtime import kafka
from runtime.settings import Settings
from schemas.encoding import codec
from streams.machines import wire
from streams.machines.machine import AnyMachine


def states(machine: AnyMachine, messages: Iterable[ConsumerRecord]) -> dict[str, Any]:
    """subject → its state: the last message of each key."""
    found: dict[str, Any] = {}
    for message in messages:
        subject = message.key.decode("utf-8")
        if message.value is None:
            found.pop(subject, None)
        else:
            _, record = codec.decode(message.value)
            found[subject] = wire.from_record(machine.state, record)
    return found


def read_states(machine: AnyMachine, settings: Settings, school: str | None = None) -> dict[str, Any]:
    """States as they stand now; with ``school``, at least all of its own. Raises ProblemList (SYS-001)."""
    return states(machine, read(settings, _partitions(machine.state_topic, school)))


def read_events(
    machine: AnyMachine, settings: Settings, school: str | None = None
) -> Iterator[dict[str, Any]]:
    """Records of all events, a school's in their order; with ``school``, its own only. Raises as above."""
    for message in read(settings, _partitions(machine.events_topic, school)):
        if school is None or message.key == school.encode("utf-8"):
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


def _partitions(topic: str, school: str | None) -> list[TopicPartition]:
    if school is None:
        return kafka.partitions(topic)
    # State keys differ from school codes, but a state lies in its commands' partition.
    return [TopicPartition(topic, kafka.partition_of(school.encode("utf-8")))]
