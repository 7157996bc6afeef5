"""Where validation stands: its group's offsets, and beside them a position in a topic of its own.

Faust commits to the consumer group, which Kafka forgets a week after the last worker stopped. So what the
group has committed is written down a moment later, with a mark, in a compacted topic that is kept for good.
The group counts where it knows; where it has forgotten, the kept position does: what was judged in between is
judged again. A group that knows nothing, with no position kept although verdicts are there, is POS-001.
"""

import logging
import time
from collections.abc import Mapping
from contextlib import closing
from typing import Final

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError
from kafka.structs import OffsetAndMetadata

from runtime import agreement, kafka, positions
from runtime.positions import Position
from runtime.settings import Settings
from schemas.errors import Problem
from schemas.topics import RECORDS_ACCEPTED, RECORDS_REFUSED, VALIDATION_GROUP, VALIDATION_POSITIONS, in_topic

log = logging.getLogger("csdl")

GROUP: Final = VALIDATION_GROUP

EVERY_S: Final = 10.0
"""Between two notes of what the group has committed."""


def inputs(settings: Settings) -> list[TopicPartition]:
    """All that the vendors write to."""
    return kafka.partitions(*(in_topic(vendor) for vendor in settings.vendors))


def standing(
    settings: Settings, consumer: KafkaConsumer
) -> tuple[dict[TopicPartition, Position], list[Problem], list[TopicPartition]]:
    """(where it stands, a problem for each partition of which that is not known, what the group lacks).

    ``consumer`` is of the group; its assignment changes.
    """
    wanted = inputs(settings)
    kept = positions.decode(kafka.to_end(consumer, kafka.partitions(VALIDATION_POSITIONS)))
    committed = {tp: consumer.committed(tp) for tp in wanted}
    group = {tp: offset for tp, offset in committed.items() if offset is not None}
    # One that has never judged starts at the beginning; so does a new vendor's topic.
    new = bool(group or kept) or not _has_judged(consumer)
    found: dict[TopicPartition, Position] = {}
    problems: list[Problem] = []
    for tp, log_ in agreement.logs(consumer, wanted).items():
        if tp in group:
            last = kept[tp].last if tp in kept else None
            found[tp] = Position(group[tp], last if last and last.offset < group[tp] else None)
        elif tp in kept:
            found[tp] = kept[tp]
        elif new or log_.end == 0:
            found[tp] = Position()
        else:
            problems.append(positions.none_kept(GROUP, tp, log_))
    return found, problems, [tp for tp in wanted if tp not in group]


def agree(settings: Settings) -> None:
    """Return once positions and logs agree and the group has an offset for every partition."""
    with closing(kafka.consumer(settings, group_id=GROUP)) as consumer:

        def look() -> list[Problem]:
            found, problems, _ = standing(settings, consumer)
            return problems + agreement.compare(settings, GROUP, found)

        agreement.wait(look)
        while True:
            found, _, lacking = standing(settings, consumer)
            if not lacking:
                return
            try:
                consumer.commit({tp: OffsetAndMetadata(found[tp].next, "", -1) for tp in lacking})
            except KafkaError as error:  # another worker is in the group: it will have committed, or leave
                log.info("the group takes no offsets now: %s; asking again", type(error).__name__)
                time.sleep(agreement.AGAIN_S)


class Notes:
    """Writes down what the group has committed. Used by one thread."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._noted: dict[TopicPartition, int] = {}
        self._at = 0.0

    def take(self, committed: Mapping[TopicPartition, int]) -> None:
        """Note what has moved, if the last note is old enough. Raises KafkaError."""
        moved = {tp: offset for tp, offset in committed.items() if self._noted.get(tp) != offset}
        if not moved or time.monotonic() - self._at < EVERY_S:
            return
        with (
            closing(agreement.narrow(self._settings)) as consumer,
            closing(kafka.producer(self._settings)) as producer,
        ):
            for tp, offset in moved.items():
                last = agreement.first(consumer, tp, offset - 1, offset) if offset else None
                value = positions.encode(GROUP, tp, Position(offset, last))
                key = positions.key(tp.topic)
                producer.send(VALIDATION_POSITIONS, value, key=key, partition=tp.partition)
            producer.flush(timeout=agreement.AGAIN_S)
        self._noted |= moved
        self._at = time.monotonic()


def _has_judged(consumer: KafkaConsumer) -> bool:
    verdicts = kafka.partitions(RECORDS_ACCEPTED, RECORDS_REFUSED)
    return any(log_.end for log_ in agreement.logs(consumer, verdicts).values())
