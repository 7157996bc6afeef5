"""Reading a machine's topics whole: the compacted states, and the events of a school or of all.

Only committed data; ends at the end that the topic had when reading began.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from kafka import TopicPartition
from kafka.consumer.fetcher import ConsumerRecord
from kafka.errors import KafkaError

from runtime import kafka
from runtime.settings import Settings
from schemas import codec
from schemas.errors import Problem, ProblemList
from schemas.topics import PARTITIONS
from streams import wire
from streams.machine import AnyMachine

BOOTSTRAP_MS: Final = 10_000
"""Longest wait for a broker, for somebody who stands by."""


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
    return states(machine, _read(machine.state_topic, settings, _partitions(school)))


def read_events(
    machine: AnyMachine, settings: Settings, school: str | None = None
) -> Iterator[dict[str, Any]]:
    """Records of all events, a school's in their order; with ``school``, its own only. Raises as above."""
    for message in _read(machine.events_topic, settings, _partitions(school)):
        if school is None or message.key == school.encode("utf-8"):
            yield codec.decode(message.value)[1]


def _partitions(school: str | None) -> Iterable[int]:
    # State keys differ from school codes, but a state lies in its commands' partition.
    return range(PARTITIONS) if school is None else [kafka.partition_of(school.encode("utf-8"))]


def _read(topic: str, settings: Settings, partitions: Iterable[int]) -> Iterator[ConsumerRecord]:
    try:
        consumer = kafka.consumer(settings, bootstrap_timeout_ms=BOOTSTRAP_MS)
    except KafkaError:
        raise ProblemList([Problem("SYS-001", params={"address": settings.bootstrap_servers})]) from None
    try:
        yield from kafka.to_end(consumer, [TopicPartition(topic, n) for n in partitions])
    finally:
        consumer.close()
