"""What was put aside, sent again after its cause was mended: the same bytes, by the same road.

Once: what was sent again stands in a topic of its own, by the place of its letter. A crash in between may
send a message twice; every reader of ours takes the second as the repetition that it is (a chunk by its
number, a command and an act by their id, a receipt by its record).
"""

from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from kafka import KafkaConsumer, TopicPartition
from kafka.consumer.fetcher import ConsumerRecord
from kafka.errors import KafkaError

from runtime import accounts, dead_letters, kafka, reading, terms
from runtime.dead_letters import Cover
from runtime.settings import Settings
from schemas.errors import Problem, ProblemList
from schemas.topics import DEAD_LETTERS_REPLAYED, dlq, dlqs
from streams.machines import topic_log

NONE_ASIDE: Final = "DLQ-001"
GONE: Final = "DLQ-002"

LOOK_S: Final = 5
"""How long a message is waited for where it lies."""


@dataclass(frozen=True)
class Replayed:
    """What was sent again, and what could not be: it lies nowhere any more."""

    sent: Sequence[Cover]
    gone: Sequence[Cover]


def replay(settings: Settings, code: str, topic: str = "") -> Replayed:
    """Send again what lies aside with a code, of one source topic or of all, oldest letter first.

    Raises ProblemList: DLQ-001 if nothing does that was not sent again before, SYS-001 if Kafka is away.
    """
    terms.bring(settings)
    done = replayed(topic_log.read(settings, kafka.partitions(DEAD_LETTERS_REPLAYED)))
    letters = topic_log.read(settings, kafka.partitions(*dlqs(settings.vendors)))
    wanted = _wanted(letters, code, topic, done, dlqs(settings.vendors))
    if not wanted:
        raise ProblemList([Problem(NONE_ASIDE, params={"wanted": code})])
    try:
        return _send(settings.acting_as(accounts.REPAIR), wanted)
    except KafkaError:
        raise kafka.away(settings) from None


def replayed(marks: Iterable[ConsumerRecord]) -> set[str]:
    """Sources (topic/partition/offset) of what was sent again."""
    return {mark.key.decode("utf-8", "replace") for mark in marks if mark.key and mark.value is not None}


def source_of(cover: Cover) -> str:
    """Where a letter's message lay."""
    return f"{cover.source_topic}/{cover.source_partition}/{cover.source_offset}"


def _wanted(
    letters: Iterable[ConsumerRecord], code: str, topic: str, done: set[str], known: Sequence[str]
) -> list[tuple[Cover, ConsumerRecord]]:
    """One a source. A letter that speaks of another topic than its own is none of ours."""
    found: dict[str, tuple[Cover, ConsumerRecord]] = {}
    for letter in sorted(letters, key=lambda m: (m.timestamp, m.topic, m.partition, m.offset)):
        cover = dead_letters.cover(letter)
        source = source_of(cover)
        ours = dlq(cover.source_topic) == letter.topic in known
        if ours and cover.code == code and source not in done and topic in ("", cover.source_topic):
            found.setdefault(source, (cover, letter))
    return list(found.values())


def _send(settings: Settings, wanted: Sequence[tuple[Cover, ConsumerRecord]]) -> Replayed:
    sent: list[Cover] = []
    gone: list[Cover] = []
    with (
        closing(kafka.producer(settings, bootstrap_timeout_ms=kafka.STAND_BY_MS)) as producer,
        closing(kafka.consumer(settings, bootstrap_timeout_ms=kafka.STAND_BY_MS)) as consumer,
    ):
        for cover, letter in wanted:
            message = _at_its_source(consumer, cover)
            value = message.value if message else letter.value
            if not value or len(value) > reading.MAX_OUTPUT:
                gone.append(cover)
                continue
            key, headers = (message.key, list(message.headers)) if message else (None, [])
            to = {"partition": cover.source_partition}
            again = producer.send(cover.source_topic, value, key=key, headers=headers, **to)
            again.get(timeout=reading.ANSWER_S)
            source = source_of(cover).encode("ascii")
            mark = producer.send(DEAD_LETTERS_REPLAYED, cover.code.encode("ascii"), key=source, **to)
            mark.get(timeout=reading.ANSWER_S)
            sent.append(cover)
    return Replayed(sent, gone)


def _at_its_source(consumer: KafkaConsumer, cover: Cover) -> ConsumerRecord | None:
    """The message itself, with its key; None if retention has deleted it, or it was never read."""
    tp = TopicPartition(cover.source_topic, cover.source_partition)
    consumer.assign([tp])
    begin, end = consumer.beginning_offsets([tp])[tp], consumer.end_offsets([tp])[tp]
    if not begin <= cover.source_offset < end:
        return None
    consumer.seek(tp, cover.source_offset)
    for _ in range(LOOK_S * 2):
        found = consumer.poll(timeout_ms=kafka.POLL_MS, max_records=1).get(tp, [])
        if found:
            same = found[0].offset == cover.source_offset and reading.unread(found[0].headers) is None
            return found[0] if same else None
    return None
