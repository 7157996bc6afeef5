"""Where a reader stands on a partition, and whether the log agrees: one rule for every reader. Pure.

A position is the offset that is read next and a mark of the last message read: its offset and the time that
Kafka gave it (LogAppendTime). It is kept with what the reader did. At a start it agrees with the log if

1. the log does not end before it (Kafka is an older copy, or lost its last messages in a power cut: POS-003);
2. the message of the mark lies where it lay (another message there is another log: the topic was made anew,
   or an older copy has grown past the position since: POS-004);
3. the log does not begin after it (retention deleted what nobody had read: POS-002).

A reader that has no position although something was done is POS-001. None of these is passed over: the reader
says it and waits (runtime.agreement) until somebody accepts the loss (`csdl positions accept`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

from kafka import TopicPartition
from kafka.consumer.fetcher import ConsumerRecord

from schemas.encoding import codec
from schemas.errors import Problem

NONE_KEPT: Final = "POS-001"
DELETED_UNREAD: Final = "POS-002"
LOG_TOO_SHORT: Final = "POS-003"
ANOTHER_LOG: Final = "POS-004"

CONTRACT: Final = "ReaderPosition"
KEY: Final = b"@position/"
"""Begins the key of a position in a compacted topic; the topic's name follows. No subject's key begins so."""


class Mark(NamedTuple):
    """A message, known by its offset and by Kafka's time of it in ms since 1970."""

    offset: int
    at: int


@dataclass(frozen=True)
class Position:
    """``next`` is read next; ``last`` is the last message read, None if none is known."""

    next: int = 0
    last: Mark | None = None


@dataclass(frozen=True)
class Log:
    """First offset that is there, and the one after the last committed message."""

    begin: int
    end: int


def after(message: ConsumerRecord) -> Position:
    """Of a reader that has just read the message."""
    return Position(message.offset + 1, Mark(message.offset, message.timestamp))


def comparable(position: Position, log: Log) -> Mark | None:
    """The mark, if its message must still be there."""
    last = position.last
    return last if last is not None and log.begin <= last.offset < log.end else None


def disagreement(
    reader: str, tp: TopicPartition, position: Position, log: Log, found: Mark | None
) -> Problem | None:
    """Why the reader may not go on, or None. ``found``: what lies where its comparable mark lay."""
    params = {
        "reader": reader,
        "topic": tp.topic,
        "partition": tp.partition,
        "next": position.next,
        "begin": log.begin,
        "end": log.end,
    }
    if position.next > log.end:
        return Problem(LOG_TOO_SHORT, params=params)
    mark = comparable(position, log)
    if mark is not None and found != mark:
        return Problem(ANOTHER_LOG, params=params | {"offset": mark.offset})
    if position.next < log.begin:
        return Problem(DELETED_UNREAD, params=params | {"count": log.begin - position.next})
    return None


def none_kept(reader: str, tp: TopicPartition, log: Log) -> Problem:
    """It must have read, and nothing says how far."""
    params = {"reader": reader, "topic": tp.topic, "partition": tp.partition, "begin": log.begin}
    return Problem(NONE_KEPT, params=params | {"end": log.end})


def key(topic: str) -> bytes:
    """Key of the position on a topic, in the partition of the same number of a compacted topic."""
    return KEY + topic.encode("ascii")


def is_key(found: bytes | None) -> bool:
    """Whether a message of a compacted topic is a position."""
    return found is not None and found.startswith(KEY)


def encode(reader: str, tp: TopicPartition, position: Position) -> bytes:
    """Value of a position in a compacted topic."""
    last = position.last or Mark(-1, -1)
    record = {"Reader": reader, "Topic": tp.topic, "Partition": tp.partition, "Next": position.next}
    return codec.encode(CONTRACT, record | {"LastOffset": last.offset, "LastAt": last.at})


def decode(messages: Iterable[ConsumerRecord]) -> dict[TopicPartition, Position]:
    """The positions among the messages of a compacted topic: the last of each key counts.

    One that cannot be read is none: an earlier one would let the reader do again what it has done.
    """
    found: dict[TopicPartition, Position] = {}
    for message in messages:
        if not is_key(message.key) or message.value is None:
            continue
        try:
            name, record = codec.decode(message.value)
        except codec.Undecodable:
            name, record = "", {}
        if name != CONTRACT:
            of = message.key.removeprefix(KEY).decode("ascii", "replace")
            found.pop(TopicPartition(of, message.partition), None)
            continue
        last = Mark(record["LastOffset"], record["LastAt"]) if record["LastOffset"] >= 0 else None
        found[TopicPartition(record["Topic"], record["Partition"])] = Position(record["Next"], last)
    return found
