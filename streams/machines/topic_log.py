"""Reading topics whole: a machine's compacted states, its events of a key or of all, any messages.

Only committed data; ends at the end that the topic had when reading began.
"""

import logging
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, Final

from kafka import TopicPartition
from kafka.consumer.fetcher import ConsumerRecord
from kafka.errors import KafkaError

from runtime import kafka, metrics, positions
from runtime.reading import NO_STATE
from runtime.settings import Settings
from schemas.encoding import codec
from streams.machines import wire
from streams.machines.machine import AnyMachine

log = logging.getLogger("csdl")


def states(
    machine: AnyMachine, messages: Iterable[ConsumerRecord], garbled: dict[str, ConsumerRecord] | None = None
) -> dict[str, Any]:
    """State key → its state: the last message of each key. Positions, which lie beside them, are left out.

    A key whose last message is no state has none here; ``garbled`` gets it with that message.
    """
    last: dict[str, ConsumerRecord] = {}
    for message in messages:
        if not positions.is_key(message.key) and (subject := subject_of(message)) is not None:
            last[subject] = message
    found: dict[str, Any] = {}
    for subject, message in last.items():
        try:
            found[subject] = state(machine, message.value or b"")  # no machine takes a state back
        except UNREADABLE:
            unread(message, NO_STATE)
            if garbled is not None:
                garbled[subject] = message
    return found


UNREADABLE: Final = (codec.Undecodable, ValueError, TypeError)


def subject_of(message: ConsumerRecord) -> str | None:
    """Key of a message of the state topic; None, counted, where it is none of a machine's."""
    try:
        return str(message.key.decode("utf-8"))
    except (AttributeError, UnicodeDecodeError):
        unread(message, NO_STATE)
        return None


def state(machine: AnyMachine, value: bytes) -> Any:
    """The state that a message of the state topic holds. Raises one of UNREADABLE."""
    name, record = codec.decode(value)
    if name != machine.state_contract:
        raise ValueError("another contract")
    return wire.from_record(machine.state, record)


def record(message: ConsumerRecord, contract: str = "", kind: Any = None) -> dict[str, Any] | None:
    """The record of an event or a refusal; None, counted, where the message is none (of this contract, if
    one is named, and of its ``kind``)."""
    try:
        name, found = codec.decode(message.value or b"")
        if contract and name != contract:
            raise ValueError("another contract")
        if kind is not None:
            wire.from_record(kind, dict(found))
        return found
    except UNREADABLE as fault:
        unread(message, fault.code if isinstance(fault, codec.Undecodable) else NO_STATE)
        return None


def unread(message: ConsumerRecord, code: str) -> None:
    """Say and count that a message of a machine's own topics is none of a machine's."""
    metrics.DEAD_LETTERS.labels(message.topic, code).inc()
    log.error("%s: left out %s/%d/%d", code, message.topic, message.partition, message.offset)


def fold(
    machine: AnyMachine, messages: Iterable[ConsumerRecord], wanted: Collection[str] | None = None
) -> dict[str, Any]:
    """The states of these keys, or of all, as the messages of the events topic make them, from the first.

    A key of which an event is missing has none.
    """
    found: dict[str, Any] = {}
    broken: set[str] = set()
    for message in messages:
        read_event = record(message, machine.event_contract, machine.event)
        if read_event is None:
            continue
        event = wire.from_record(machine.event, read_event)
        subject = machine.subject(event)
        if wanted is not None and subject not in wanted:
            continue
        before = found.get(subject) or machine.initial(event)
        if event.sequence == before.sequence + 1:
            found[subject] = machine.evolve(before, event)
        elif event.sequence > before.sequence:
            broken.add(subject)
    return {subject: state for subject, state in found.items() if subject not in broken}


def answered(messages: Iterable[ConsumerRecord]) -> dict[TopicPartition, int]:
    """Partition of commands → offset after the last one that has an event or a refusal among the messages."""
    found: dict[TopicPartition, int] = {}
    for message in messages:
        answer = record(message) or {}
        if topic := answer.get("CommandTopic"):
            tp = TopicPartition(topic, message.partition)
            found[tp] = max(found.get(tp, 0), answer["CommandOffset"] + 1)
    return found


def read_states(machine: AnyMachine, settings: Settings, key: str | None = None) -> dict[str, Any]:
    """States as they stand now; with ``key``, at least all of its own. Raises ProblemList (SYS-001)."""
    return states(machine, read(settings, _partitions(machine.state_topic, key)))


def read_events(machine: AnyMachine, settings: Settings, key: str | None = None) -> Iterator[dict[str, Any]]:
    """Records of all events, a key's in their order; with ``key``, its own only. Raises as above."""
    for message in read(settings, _partitions(machine.events_topic, key)):
        if (key is None or message.key == key.encode("utf-8")) and (event := record(message)) is not None:
            yield event


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
