"""Transactions that nobody has ended: they hold up everyone who reads committed data, without any lag."""

import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Final

from kafka import TopicPartition

from doctor.section import Finding
from runtime import agreement, kafka
from runtime.settings import Settings
from schemas.errors import Problem
from schemas.topics import topics

HUNG: Final = "POS-007"

LONG_S: Final = 15.0
"""Our own transactions take seconds at most."""

BOUND_S: Final = 60
"""A broker's transaction.max.timeout.ms, in seconds (runtime.broker_settings)."""


def section(settings: Settings, long_s: float = LONG_S) -> Iterator[Finding]:
    """Open transactions that nothing was added to for so long. Raises KafkaError if Kafka is away."""
    held = _held(settings)
    if not held:
        return
    with closing(kafka.admin(settings, bootstrap_timeout_ms=kafka.STAND_BY_MS)) as admin:
        described = admin.describe_producers(list(held))
    for tp, state in sorted(described.items()):
        for producer in state.active_producers:
            offset = producer.current_transaction_start_offset
            age = time.time() - producer.last_timestamp / 1000
            if offset is None or offset < 0 or age < long_s:
                continue
            params = {"topic": tp.topic, "partition": tp.partition, "offset": offset, "seconds": round(age)}
            params |= {"producer": producer.producer_id, "bound": BOUND_S}
            since = datetime.fromtimestamp(producer.last_timestamp / 1000, UTC)
            yield Finding(Problem(HUNG, params=params), since)


def _held(settings: Settings) -> list[TopicPartition]:
    """Partitions in which something lies behind the end of committed data."""
    ours = kafka.partitions(*(topic.name for topic in topics(settings.vendors)))
    with (
        closing(agreement.narrow(settings)) as committed,
        closing(kafka.consumer(settings, isolation_level="read_uncommitted")) as written,
    ):
        ends = agreement.logs(committed, ours)
        return [tp for tp, log in agreement.logs(written, ours).items() if log.end > ends[tp].end]
