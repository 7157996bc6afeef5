"""What nobody can deal with, put aside: its bytes untouched, on the cover where it came from and why.

The key is left out: whoever wrote the message chose it, and it may hold a person's number. The cover says
where the message lies, with its key.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from kafka import KafkaProducer
from kafka.consumer.fetcher import ConsumerRecord

from runtime import metrics
from schemas.topics import SOURCE_OFFSET, dlq

TOPIC: Final = "source-topic"
PARTITION: Final = "source-partition"
CODE: Final = "error-code"

MAX_LETTER: Final = 7 * 1024 * 1024
"""Bytes. With its cover a dead letter still fits a topic's 8 MiB."""


@dataclass(frozen=True)
class Cover:
    """Why a message was put aside, and where it stands: ``code`` is of schemas/errors.csv."""

    code: str = ""
    source_topic: str = ""
    source_partition: int | None = None
    source_offset: int | None = None


class Letter(NamedTuple):
    """What to send for a message that is put aside, to the partition number that it came from."""

    topic: str
    partition: int
    value: bytes
    headers: list[tuple[str, bytes]]


def letter(message: ConsumerRecord, code: str) -> Letter:
    """Its dead letter. Too many bytes for any topic of ours stay where they are: the cover says where."""
    value = message.value or b""
    value = value if len(value) <= MAX_LETTER else b""
    return Letter(dlq(message.topic), message.partition, value, headers(message, code))


def put_aside(producer: KafkaProducer, misfits: Sequence[tuple[ConsumerRecord, str]]) -> None:
    """Send the dead letters of some messages and wait for the broker: before the position moves, so that a
    crash repeats one and never loses one."""
    letters = [letter(message, code) for message, code in misfits]
    sent = [producer.send(a.topic, a.value, partition=a.partition, headers=a.headers) for a in letters]
    if sent:
        producer.flush()
    for future, (message, code) in zip(sent, misfits, strict=True):
        future.get(timeout=0)
        metrics.DEAD_LETTERS.labels(message.topic, code).inc()


def headers(message: ConsumerRecord, code: str) -> list[tuple[str, bytes]]:
    """Headers for the copy of ``message`` in its dead-letter topic."""
    cover = {
        TOPIC: message.topic,
        PARTITION: str(message.partition),
        SOURCE_OFFSET: str(message.offset),
        CODE: code,
    }
    return [(name, text.encode("utf-8")) for name, text in cover.items()]


def cover(letter: ConsumerRecord) -> Cover:
    """What ``headers`` wrote on a letter; an empty cover if they did not: no process of ours sent it."""
    found = {name: (text or b"").decode("utf-8", "replace") for name, text in letter.headers}
    try:
        return Cover(found[CODE], found[TOPIC], int(found[PARTITION]), int(found[SOURCE_OFFSET]))
    except (KeyError, ValueError):
        return Cover()
