"""Where a machine stands on its inputs, and up to where it has written its events: kept beside its states.

A machine of release 0.2.0 has its group's offsets only. They are taken over at the first start, if they are
still there: Kafka forgets them after idle days. Else the answers on record say how far it had come, where
that is beyond doubt: nothing was ever answered, or everything that lies there. In doubt it is POS-001: a
command that was passed over in silence, decided once more in another state, could act.
"""

from collections.abc import Sequence

from kafka import KafkaConsumer, TopicPartition
from kafka.consumer.fetcher import ConsumerRecord

from runtime import agreement, kafka, positions
from runtime.positions import Log, Position
from schemas.errors import Problem
from streams.machines import topic_log
from streams.machines.machine import AnyMachine


def reader(machine: AnyMachine) -> str:
    """Its name as a reader, and its consumer group."""
    return f"csdl.{machine.name}"


def outputs(machine: AnyMachine, kept: Sequence[ConsumerRecord]) -> dict[TopicPartition, Position]:
    """Up to where it knows that it has written its events."""
    return {tp: p for tp, p in positions.decode(kept).items() if tp.topic == machine.events_topic}


def inputs(
    machine: AnyMachine,
    consumer: KafkaConsumer,
    wanted: Sequence[TopicPartition],
    kept: Sequence[ConsumerRecord],
) -> tuple[dict[TopicPartition, Position], list[Problem]]:
    """(where it stands on each input, a problem for each of which that is not known).

    ``consumer`` is of the machine's group and reads answers if it must; ``kept`` all messages of the state
    topic in partitions of these numbers.
    """
    found = {tp: p for tp, p in positions.decode(kept).items() if tp in set(wanted)}
    problems: list[Problem] = []
    if missing := [tp for tp in wanted if tp not in found]:
        committed = {tp: consumer.committed(tp) for tp in missing}
        found |= {tp: Position(offset) for tp, offset in committed.items() if offset is not None}
    if missing := [tp for tp in missing if tp not in found]:
        logs = agreement.logs(consumer, missing)
        numbers = sorted({tp.partition for tp in missing})
        answers = [TopicPartition(topic, n) for topic in machine.answer_topics() for n in numbers]
        cut = {tp.partition for tp, log in agreement.logs(consumer, answers).items() if log.begin}
        answered = topic_log.answered(kafka.to_end(consumer, answers))
        for tp in missing:
            stands = _surely(logs[tp], answered.get(tp), tp.partition not in cut)
            if stands is None:
                problems.append(positions.none_kept(reader(machine), tp, logs[tp]))
            else:
                found[tp] = Position(stands)
    return found, problems


def _surely(log: Log, answered: int | None, whole: bool) -> int | None:
    """How far it had come beyond doubt. ``whole``: no answer was deleted."""
    if log.end == 0:
        return 0
    if answered is None:
        return 0 if whole and log.begin == 0 else None
    return answered if answered == log.end else None
