"""Records of a partition in a file: each with its offset and its time, as Kafka's readers saw it.

Only committed records are in it. What lies between two offsets (marks of transactions, what was aborted or
compacted) is a gap; ``filling`` makes it again.
"""

from collections.abc import Iterator, Sequence
from typing import BinaryIO, Final, NamedTuple

import msgspec
from kafka import KafkaConsumer, TopicPartition
from kafka.consumer.fetcher import ConsumerRecord
from kafka.errors import OffsetOutOfRangeError

from runtime import agreement, kafka
from runtime.positions import Log

LENGTH: Final = 4


class Kept(NamedTuple):
    """One record. ``at`` is Kafka's time in ms."""

    offset: int
    at: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]


def write(out: BinaryIO, records: Iterator[ConsumerRecord]) -> int:
    """How many were written."""
    count = 0
    for r in records:
        packed = msgspec.msgpack.encode((r.offset, r.timestamp, r.key, r.value, r.headers))
        out.write(len(packed).to_bytes(LENGTH, "big") + packed)
        count += 1
    return count


def read(file: BinaryIO) -> Iterator[Kept]:
    """As they were written. ``file`` raises of itself where it was cut."""
    while head := _exactly(file, LENGTH):
        packed = _exactly(file, int.from_bytes(head, "big"))
        yield msgspec.msgpack.decode(packed, type=Kept)


def _exactly(file: BinaryIO, size: int) -> bytes:
    found = file.read(size)
    while found and len(found) < size:
        more = file.read(size - len(found))
        if not more:
            raise EOFError
        found += more
    return found


class Partition:
    """The committed records of a partition from its begin to an end. ``log`` is the begin that it had when it
    was read: retention may have gone on."""

    def __init__(self, consumer: KafkaConsumer, tp: TopicPartition, log: Log) -> None:
        self._consumer, self._tp, self.log = consumer, tp, log

    def __iter__(self) -> Iterator[ConsumerRecord]:
        consumer, tp = self._consumer, self._tp
        consumer.assign([tp])
        consumer.seek(tp, self.log.begin)
        begun = False
        while (at := consumer.position(tp)) < self.log.end:
            try:
                messages = consumer.poll(timeout_ms=kafka.POLL_MS).get(tp, [])
            except OffsetOutOfRangeError:
                begin = agreement.logs(consumer, [tp])[tp].begin
                if begun or begin <= at:
                    raise
                self.log = Log(min(begin, self.log.end), self.log.end)
                consumer.seek(tp, self.log.begin)
                continue
            for message in messages:
                if message.offset < self.log.end:
                    begun = True
                    yield message
