"""The one place that makes Kafka clients, knows partitions, and reads a topic whole.

kafka-python's consumer defaults commit by themselves and read uncommitted data; ours never do. What they
unpack is bounded (``unpacking``).
"""

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any, Final

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.consumer import fetcher
from kafka.consumer.fetcher import ConsumerRecord
from kafka.errors import KafkaError, KafkaTimeoutError, MessageSizeTooLargeError, RecordListTooLargeError
from kafka.partitioner.default import DefaultPartitioner, murmur2
from kafka.producer.future import FutureRecordMetadata

from runtime import broker_probe, credentials, mended_kafka, unpacking
from runtime.settings import Settings
from schemas.errors import Problem, ProblemList
from schemas.topics import MAX_MESSAGE, PARTITIONS

unpacking.bound(fetcher)
mended_kafka.mend()

BOOTSTRAP_TIMEOUT_MS: Final = 30_000

ABANDON_S: Final = 5.0
"""Longest wait for the thread of a producer that is abandoned."""

STAND_BY_MS: Final = 10_000
"""Longest wait for a broker, for somebody who stands by."""

POLL_MS: Final = 500

COMPRESSION: Final = "zstd"
"""Of all that we send. Records shrink to a fraction: so much less for the broker to copy, keep and write."""

TOO_LARGE: Final = (MessageSizeTooLargeError, RecordListTooLargeError)
"""What a broker, or the client before it, says of a message that its topic does not take."""

TRANSACTIONAL_PROTOCOL: Final = (2, 4)
"""What a transactional producer speaks. From 2.5 on, kafka-python answers "your epoch is old" by asking the
coordinator for a new one (KIP-360), which ends a transaction under way without looking whose it is: a process
that wakes beside its successor would bring that one down. In 2.4 the old one fails, and only the old one."""

RECONNECT_BACKOFF_MAX_MS: Final = 1_000
"""kafka-python as it comes waits up to 30 s between tries, for a broker that is back in 6."""


POLL_BYTES: Final = 32 * 1024 * 1024
"""Unpacked, of keys and values in one poll; with the last few messages it may be ``A_FEW`` batches more."""

A_FEW: Final = 8


class Consumer(KafkaConsumer):  # type: ignore[misc]
    """Whose polls are bounded by what they hold, too: a thousand messages that lie in 1 MB may be 16 GB."""

    def poll(
        self, timeout_ms: float = 0, max_records: int | None = None, update_offsets: bool = True
    ) -> dict[TopicPartition, list[ConsumerRecord]]:
        """As of the client. Messages are unpacked when they are taken from it, so they are taken a few at a
        time."""
        left = self.config["max_poll_records"] if max_records is None else max_records
        found: dict[TopicPartition, list[ConsumerRecord]] = {}
        size, wait = 0, timeout_ms
        while left > 0 and size < POLL_BYTES:
            few = super().poll(wait, min(left, A_FEW), update_offsets)
            for tp, messages in few.items():
                found.setdefault(tp, []).extend(messages)
                size += sum(len(message.key or b"") + len(message.value or b"") for message in messages)
            taken = sum(map(len, few.values()))
            if taken < A_FEW or not update_offsets:
                break
            left, wait = left - taken, 0
        return found


class _ByKey(DefaultPartitioner):  # type: ignore[misc]
    """By its key a message goes to the same partition for good, also in a topic to which somebody has just
    added some (TOPIC-001): what was written before stays before it."""

    def partition(
        self,
        topic: str,
        key: object,
        serialized_key: bytes | None,
        value: object,
        serialized_value: bytes | None,
        cluster: Any,
    ) -> int:
        there = cluster.partitions_for_topic(topic) or ()
        if serialized_key is not None and (ours := partition_of(serialized_key)) in there:
            return ours
        return int(super().partition(topic, key, serialized_key, value, serialized_value, cluster))


def producer(settings: Settings, transactional_id: str | None = None, **overrides: Any) -> KafkaProducer:
    """Idempotent, acks=all producer of bytes; transactional with an id.

    Only our own processors may be transactional: vendors' topics must have no offset gaps (Faust).
    """
    config: dict[str, Any] = {
        "bootstrap_servers": settings.brokers,
        **credentials.client(settings),
        "client_id": f"csdl-{os.getpid()}",
        "acks": "all",
        "enable_idempotence": True,
        "transactional_id": transactional_id,
        "api_version": TRANSACTIONAL_PROTOCOL if transactional_id else None,
        "max_request_size": MAX_MESSAGE,
        "compression_type": COMPRESSION,
        "batch_size": 1024 * 1024,
        "linger_ms": 2,
        "partitioner": _ByKey(),
        "bootstrap_timeout_ms": BOOTSTRAP_TIMEOUT_MS,
        "reconnect_backoff_max_ms": RECONNECT_BACKOFF_MAX_MS,
    }
    return KafkaProducer(**(config | overrides))


def abandon(producer: KafkaProducer) -> None:
    """Close a producer without what it has not sent yet, for which its own ``close`` waits; and where it has
    waited in vain, it leaves a thread that asks the broker for ever.
    """
    sender = producer._sender
    sender.force_close()
    sender.join(ABANDON_S)
    with suppress(KafkaTimeoutError):  # what ended us must not be told as this
        producer.close(timeout=0)


def answered(futures: Sequence[FutureRecordMetadata], seconds: float) -> None:
    """Wait until Kafka has answered for every message that was sent.

    Raises what it said of one, before all that it is too large: the producer has failed for good then, and
    says the same of all that it still had to send. Not by ``flush``, which fails of itself where kafka-python
    has cut a batch that was too large.
    """
    end = time.monotonic() + seconds
    faults = []
    for future in futures:
        try:
            future.get(timeout=max(end - time.monotonic(), 0))
        except KafkaError as fault:
            faults.append(fault)
    if faults:
        raise next((fault for fault in faults if isinstance(fault, TOO_LARGE)), faults[0])


def consumer(settings: Settings, group_id: str | None = None, **overrides: Any) -> KafkaConsumer:
    """Consumer of bytes for ``assign`` + ``seek``: reads committed data only, never commits by itself.

    An offset that the log does not have is an error, never silently the earliest or the latest.
    """
    config: dict[str, Any] = {
        "bootstrap_servers": settings.brokers,
        **credentials.client(settings),
        "client_id": f"csdl-{os.getpid()}",
        "group_id": group_id,
        "enable_auto_commit": False,
        "isolation_level": "read_committed",
        "auto_offset_reset": "none",
        "fetch_max_bytes": 32 * 1024 * 1024,
        "max_partition_fetch_bytes": MAX_MESSAGE,
        "max_poll_records": 2000,
        "bootstrap_timeout_ms": BOOTSTRAP_TIMEOUT_MS,
        "reconnect_backoff_max_ms": RECONNECT_BACKOFF_MAX_MS,
    }
    return Consumer(**(config | overrides))


def admin(settings: Settings, **overrides: Any) -> KafkaAdminClient:
    """Admin client."""
    config: dict[str, Any] = {
        "bootstrap_servers": settings.brokers,
        **credentials.client(settings),
        "client_id": f"csdl-admin-{os.getpid()}",
        "bootstrap_timeout_ms": BOOTSTRAP_TIMEOUT_MS,
        "reconnect_backoff_max_ms": RECONNECT_BACKOFF_MAX_MS,
    }
    return KafkaAdminClient(**(config | overrides))


def away(settings: Settings) -> ProblemList:
    """What is said (SYS-001) to somebody who stands by, of a broker that did not answer a client."""
    return ProblemList([fault(settings) or _away(settings, "no answer in time")])


def fault(settings: Settings) -> Problem | None:
    """Why no broker answers us now (SYS-001), or does not let us in (SEC-…); None if one does."""
    return broker_probe.ask(settings)


def _away(settings: Settings, reason: str) -> Problem:
    return Problem("SYS-001", params={"address": settings.brokers, "reason": reason})


@lru_cache(maxsize=4096)
def partition_of(school: bytes) -> int:
    """Partition of a school in every topic, as Kafka's own default partitioner has it."""
    return int(murmur2(school) & 0x7FFFFFFF) % PARTITIONS


def partitions(*names: str) -> list[TopicPartition]:
    """All partitions of some topics."""
    return [TopicPartition(name, n) for name in names for n in range(PARTITIONS)]


def partitions_there(consumer: KafkaConsumer, *names: str) -> list[TopicPartition]:
    """The same with those that somebody has added (TOPIC-001)."""
    added = [TopicPartition(name, n) for name in names for n in consumer.partitions_for_topic(name)]
    return sorted({*partitions(*names), *added})


def begins(consumer: KafkaConsumer, wanted: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
    """First offset of each."""
    return dict(consumer.beginning_offsets(sorted(set(wanted))))


def ends(consumer: KafkaConsumer, wanted: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
    """Offset behind the last of each."""
    return dict(consumer.end_offsets(sorted(set(wanted))))


def to_end(consumer: KafkaConsumer, wanted: Sequence[TopicPartition]) -> Iterator[ConsumerRecord]:
    """All messages from the beginning to the end as it is now; assigns the partitions to the consumer."""
    consumer.assign(wanted)
    consumer.seek_to_beginning(*wanted)
    last = ends(consumer, wanted)
    # The position also passes transaction markers and aborted records, which no poll hands out.
    while any(consumer.position(tp) < end for tp, end in last.items()):
        for messages in consumer.poll(timeout_ms=POLL_MS).values():
            yield from messages
