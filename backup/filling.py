"""Topics are filled so that every record has the offset and the time that it had.

Offsets stand in what is chained and signed (an event names its command's), in headers, in the tables, in
every reader's position. So none is translated: a gap between two records is made again, of what no reader of
committed data is handed: an aborted transaction of one record less than the gap, whose mark is the last; a
gap of one is the mark of a transaction without records. What lay before the log's begin is filled and
deleted.

Times are kept while the topic takes its senders' (CreateTime); then it stamps them itself again.

A topic is made with the partitions that are declared. What nobody had read yet in those that somebody had
added (TOPIC-001) comes last, each in the partition of its key, as if it had been sent there only then.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.producer.future import FutureRecordMetadata

from backup.manifest import Progress, silent
from backup.records import Kept
from runtime import agreement, kafka, topic_admin
from runtime.positions import Log
from runtime.settings import Settings
from schemas.errors import Problem, ProblemList

ID: Final = "csdl.restore"
"""Transactional id of what fills gaps."""

ROUND_BYTES: Final = 4 * 1024 * 1024
"""Of records of one partition at once."""

ROUND_GAP: Final = 50_000
"""Of one gap at once: a transaction must end within a minute."""

AT_ONCE: Final = 48
"""Partitions that are filled side by side: what a round of transactions costs is shared by them."""

FILLER: Final = b"@filler"
ANSWER_S: Final = 120.0

OTHER_OFFSET: Final = "BAK-016"
NOT_EMPTY: Final = "BAK-011"

WHILE_FILLED: Final = {
    "message.timestamp.type": "CreateTime",
    "cleanup.policy": "delete",
    "retention.ms": "-1",
}
"""Settings of a topic meanwhile: nothing of it is deleted, and times are those that are said."""


@dataclass(eq=False)
class Filled:
    """A partition under way: ``at`` is its next offset."""

    tp: TopicPartition
    log: Log
    records: Iterator[Kept]
    at: int = 0
    head: Kept | None = None
    sent: list[tuple[int, FutureRecordMetadata]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.head = next(self.records, None)

    @property
    def gap(self) -> int:
        """Offsets to the next record, or to the end."""
        return (self.log.end if self.head is None else self.head.offset) - self.at


def fill(
    settings: Settings,
    wanted: Sequence[Filled],
    progress: Progress = silent,
    added: Iterable[tuple[str, Iterator[Kept]]] = (),
) -> None:
    """Fill empty topics; ``added``: by topic, what comes behind. Raises KafkaError, ProblemList (BAK-016 if a
    record came to lie elsewhere, that is, if somebody else wrote meanwhile)."""
    topics = sorted({one.tp.topic for one in wanted})
    with (
        closing(kafka.admin(settings)) as admin,
        closing(kafka.producer(settings)) as plain,
        closing(kafka.producer(settings, ID, retry_backoff_ms=5)) as gaps,
        closing(kafka.consumer(settings)) as consumer,
    ):
        _refuse_what_is_filled(consumer, wanted)
        _configure(admin, dict.fromkeys(topics, WHILE_FILLED))
        gaps.init_transactions()
        of = sum(one.log.end for one in wanted)
        waiting = sorted(wanted, key=lambda one: one.log.end)
        active: list[Filled] = []
        while waiting or active:
            while waiting and len(active) < AT_ONCE:
                active.append(waiting.pop())
            _round(plain, gaps, consumer, active)
            active = [one for one in active if one.at < one.log.end]
            progress("Kafka", sum(o.at for o in wanted), of)
        begins = {one.tp: one.log.begin for one in wanted if one.log.begin}
        if begins:
            admin.delete_records(begins)
        _compare(consumer, wanted)
        for topic, kept in added:
            _send_to_their_own(plain, topic, kept)
        # As declared again: topic_admin knows them.
        topic_admin.ensure_topics(settings)


def _round(
    plain: KafkaProducer, gaps: KafkaProducer, consumer: KafkaConsumer, active: Sequence[Filled]
) -> None:
    """As many records as follow one another, then the gaps behind them."""
    for one in active:
        _send_records(plain, one)
    plain.flush()
    for one in active:
        _answered(one)
    wide = {one: min(one.gap, ROUND_GAP) for one in _with_gap(active) if one.gap > 1}
    if wide:
        gaps.begin_transaction()
        for one, size in wide.items():
            for _ in range(size - 1):
                one.sent.append((one.at, _filler(gaps, one.tp)))
                one.at += 1
        gaps.flush()
        for one in wide:
            _answered(one)
            one.at += 1
        gaps.abort_transaction()
        _marked(consumer, wide)
    narrow = [one for one in _with_gap(active) if one.gap == 1]
    if narrow:
        gaps.begin_transaction()
        for one in narrow:
            gaps._transaction_manager.maybe_add_partition_to_transaction(one.tp)
            one.at += 1
        gaps.commit_transaction()
        _marked(consumer, narrow)


def _with_gap(active: Sequence[Filled]) -> list[Filled]:
    return [one for one in active if one.at >= one.log.begin and one.gap > 0]


def _marked(consumer: KafkaConsumer, those: Iterable[Filled]) -> None:
    """Wait for the marks of a transaction: Kafka answers before they are written."""
    due = {one.tp: one.at for one in those}
    deadline = time.monotonic() + ANSWER_S
    while (ends := consumer.end_offsets(list(due))) != due:
        if time.monotonic() > deadline or any(ends[tp] > at for tp, at in due.items()):
            tp = next(tp for tp, at in due.items() if ends[tp] != at)
            raise _elsewhere(tp, due[tp], ends[tp])
        time.sleep(0.002)


def _send_records(plain: KafkaProducer, one: Filled) -> None:
    size = 0
    while one.at < one.log.begin and size < ROUND_GAP:  # deleted at the end: no transaction is needed
        one.sent.append((one.at, _filler(plain, one.tp)))
        one.at += 1
        size += 1
    size = 0
    while (r := one.head) is not None and r.offset == one.at and size < ROUND_BYTES:
        sent = plain.send(
            one.tp.topic, r.value, r.key, list(r.headers), partition=one.tp.partition, timestamp_ms=r.at
        )
        one.sent.append((one.at, sent))
        one.at += 1
        size += len(r.value or b"") + len(r.key or b"") + 64
        one.head = next(one.records, None)


def _send_to_their_own(plain: KafkaProducer, topic: str, kept: Iterator[Kept]) -> None:
    """In their order."""
    while some := list(islice(kept, AT_ONCE)):
        sent = [
            plain.send(
                topic, r.value, r.key, list(r.headers),
                partition=kafka.partition_of(r.key or b""), timestamp_ms=r.at,
            )
            for r in some
        ]  # fmt: skip
        kafka.answered(sent, ANSWER_S)


def _filler(producer: KafkaProducer, tp: TopicPartition) -> FutureRecordMetadata:
    return producer.send(tp.topic, b"", FILLER, partition=tp.partition)


def _answered(one: Filled) -> None:
    for due, sent in one.sent:
        lies = sent.get(timeout=ANSWER_S).offset
        if lies != due:
            raise _elsewhere(one.tp, due, lies)
    one.sent.clear()


def _elsewhere(tp: TopicPartition, due: int, found: int) -> ProblemList:
    params = {"topic": tp.topic, "partition": tp.partition, "due": due, "found": found}
    return ProblemList([Problem(OTHER_OFFSET, params=params)])


def _configure(admin: KafkaAdminClient, wanted: Mapping[str, Mapping[str, str]]) -> None:
    resources = [ConfigResource(ConfigResourceType.TOPIC, name, dict(c)) for name, c in wanted.items()]
    if resources:
        admin.alter_configs(resources, incremental=True)


def _refuse_what_is_filled(consumer: KafkaConsumer, wanted: Sequence[Filled]) -> None:
    found = agreement.logs(consumer, [one.tp for one in wanted])
    topics = sorted({tp.topic for tp, log in found.items() if log.end})
    if topics:
        raise ProblemList([Problem(NOT_EMPTY, params={"place": topic}) for topic in topics])


def _compare(consumer: KafkaConsumer, wanted: Sequence[Filled]) -> None:
    found = agreement.logs(consumer, [one.tp for one in wanted])
    for one in wanted:
        if found[one.tp] != one.log:
            raise _elsewhere(one.tp, one.log.end, found[one.tp].end)
