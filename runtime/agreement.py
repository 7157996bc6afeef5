"""Do positions and logs agree? Asked of Kafka at every start; a reader that disagrees waits, and says why.

The rule itself is pure and stands in ``runtime.positions``.
"""

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from typing import Any, Final

from kafka import KafkaConsumer, TopicPartition

from runtime import kafka
from runtime.positions import Log, Mark, Position, comparable, disagreement
from runtime.settings import Settings
from schemas.errors import Problem

log = logging.getLogger("csdl")

AGAIN_S: Final = 2.0
"""Between two looks of a reader that waits."""

POLL_MS: Final = 200


def logs(consumer: KafkaConsumer, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, Log]:
    """Begin and end of committed data of each partition."""
    wanted = set(partitions)
    first, last = kafka.begins(consumer, wanted), kafka.ends(consumer, wanted)
    return {tp: Log(first[tp], last[tp]) for tp in wanted}


def begins(settings: Settings, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
    """The first offset that each has now. Raises KafkaError if Kafka is away."""
    with closing(narrow(settings)) as consumer:
        return {tp: found.begin for tp, found in logs(consumer, partitions).items()}


def compare(settings: Settings, reader: str, positions: Mapping[TopicPartition, Position]) -> list[Problem]:
    """All that keeps a reader with these positions from reading on. Raises KafkaError if Kafka is away."""
    with closing(narrow(settings)) as consumer:
        found = logs(consumer, positions)
        problems = [
            disagreement(reader, tp, position, found[tp], lying_at(consumer, tp, position, found[tp]))
            for tp, position in sorted(positions.items())
        ]
    return [problem for problem in problems if problem is not None]


def narrow(settings: Settings, **overrides: Any) -> KafkaConsumer:
    """A consumer that fetches one batch at a time: enough to look at a message."""
    return kafka.consumer(
        settings, max_partition_fetch_bytes=1, fetch_max_bytes=1, max_poll_records=1, **overrides
    )


def lying_at(consumer: KafkaConsumer, tp: TopicPartition, position: Position, found: Log) -> Mark | None:
    """What lies where the position's mark lay; None if nothing does, or there is nothing to compare."""
    mark = comparable(position, found)
    return None if mark is None else first(consumer, tp, mark.offset, found.end)


def first(consumer: KafkaConsumer, tp: TopicPartition, offset: int, end: int) -> Mark | None:
    """The first committed message from an offset on; assigns the partition to the consumer."""
    consumer.assign([tp])
    consumer.seek(tp, offset)
    while consumer.position(tp) < end:
        for message in consumer.poll(timeout_ms=POLL_MS).get(tp, []):
            return Mark(message.offset, message.timestamp)
    return None


def wait(look: Callable[[], Sequence[Problem]]) -> None:
    """Return once a look finds no problem. What two looks in a row find is said, once as long as it is so.

    Twice, because a broker that has just come back may not know its own end for a moment.
    """
    before: Sequence[Problem] = ()
    said: Sequence[Problem] = ()
    while problems := look():
        if problems == before and problems != said:
            for problem in problems:
                log.error("%s %s", problem.code, " / ".join(problem.messages()))
            said = problems
        before = problems
        time.sleep(AGAIN_S)
    if said:
        log.info("positions and log agree now")
