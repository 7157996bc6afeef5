"""Ends the process when a partition's committed offset has stood still for 20 s while messages wait.

Faust can stop committing, or reading, without an error (faust-streaming #216, #606); a restart mends it. The
watchdog asks Kafka with a client of its own, and only about partitions that this process is assigned; if it
is assigned none, which may be the fault, about all. While Kafka does not answer it waits: that is nobody's
standstill. Nor is it one where nothing but a transaction's markers, or what it took back, lies behind the
committed offset: a vendor may write so, and no offset will ever be committed for those.

Where it stood still is counted (``stalls``): what cannot be fetched must not end the process for good.
"""

import logging
import os
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from threading import Thread
from typing import Any, Final

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from runtime import kafka, metrics
from runtime.logs import AGAIN
from runtime.settings import Settings
from schemas.topics import in_topic
from streams.validation.faust.stalls import Stalls
from streams.validation.in_flight import RecordPosition

log = logging.getLogger("csdl")
again = logging.getLogger(AGAIN)

LIMIT_S: Final = 20.0
EVERY_S: Final = 2.0
LOOK_MS: Final = 500
LOOKS: Final = 10


class Standstill:
    """Since when each partition's committed offset has not moved with messages waiting. Pure but for its
    memory."""

    def __init__(self, limit_s: float = LIMIT_S) -> None:
        self._limit = limit_s
        self._since: dict[Any, tuple[int, float]] = {}

    def observe(
        self, now: float, committed: Mapping[Any, int], begins: Mapping[Any, int], ends: Mapping[Any, int]
    ) -> list[Any]:
        """Partitions that have stood still for too long. ``committed`` lacks those that never committed."""
        before, self._since = self._since, {}
        for tp, end in ends.items():
            at = max(committed.get(tp, 0), begins[tp])
            if at < end:
                known = before.get(tp)
                self._since[tp] = known if known is not None and known[0] == at else (at, now)
        return sorted(tp for tp, (_, since) in self._since.items() if now - since >= self._limit)

    def forget(self) -> None:
        """Nothing could be seen for a while: begin anew."""
        self._since.clear()


class Watchdog:
    """The thread. ``assigned`` gives (topic, partition) of what this process reads, from any thread.

    ``note`` is told what is committed at each look (``positions.Notes``)."""

    def __init__(
        self,
        settings: Settings,
        group: str,
        assigned: Callable[[], Collection[tuple[str, int]]],
        ends: Path,
        note: Callable[[Mapping[TopicPartition, int]], None],
        stalls: Stalls,
    ) -> None:
        self._settings = settings
        self._group = group
        self._assigned = assigned
        self._ends = ends
        self._note = note
        self._standstill = Standstill()
        self._stalls = stalls
        self._empty: dict[TopicPartition, tuple[int, int]] = {}
        """Partition → committed offset and end between which no message lies."""

    def start(self) -> None:
        """Watch from now on. How often it ended a process before is kept in a file, for the metric."""
        metrics.WATCHDOG_ENDS.inc(self._ended())
        Thread(target=self._run, daemon=True, name="watchdog").start()

    def _run(self) -> None:
        while True:
            try:
                self._watch()
            except KafkaError as exc:
                self._standstill.forget()
                again.warning("watchdog: %s; asking again", type(exc).__name__)
                time.sleep(EVERY_S)
            except Exception as exc:
                log.error("watchdog: %s; ending", type(exc).__name__)
                os._exit(1)

    def _watch(self) -> None:
        consumer = kafka.consumer(self._settings, group_id=self._group)
        try:
            while True:
                time.sleep(EVERY_S)
                partitions = [TopicPartition(*tp) for tp in self._assigned()] or self._everything()
                offsets = {tp: consumer.committed(tp) for tp in partitions}
                committed = {tp: offset for tp, offset in offsets.items() if offset is not None}
                self._note(committed)
                begins, ends = kafka.begins(consumer, partitions), kafka.ends(consumer, partitions)
                still = self._standstill.observe(time.monotonic(), committed, begins, ends)
                at = {tp: max(committed.get(tp, 0), begins[tp]) for tp in still}
                still = [tp for tp in still if self._waits(consumer, tp, at[tp], ends[tp])]
                if still:
                    self._end({tp: at[tp] for tp in still})
        finally:
            consumer.close()

    def _everything(self) -> list[TopicPartition]:
        return kafka.partitions(*(in_topic(vendor) for vendor in self._settings.vendors))

    def _waits(self, consumer: KafkaConsumer, tp: TopicPartition, at: int, end: int) -> bool:
        """Whether a message lies from an offset to the end, or what cannot even be looked at."""
        if self._empty.get(tp) == (at, end):
            return False
        consumer.assign([tp])
        consumer.seek(tp, at)
        for _ in range(LOOKS):
            if consumer.poll(timeout_ms=LOOK_MS, max_records=1):
                return True
            if consumer.position(tp) >= end:
                self._empty[tp] = (at, end)
                return False
        return True

    def _end(self, still: Mapping[TopicPartition, int]) -> None:
        self._stalls.add([RecordPosition(tp.topic, tp.partition, at) for tp, at in still.items()])
        self._ends.write_text(str(self._ended() + 1), encoding="ascii")
        where = ", ".join(f"{tp.topic}/{tp.partition}/{at}" for tp, at in still.items())
        log.error("watchdog: nothing committed for %.0f s at %s; ending", LIMIT_S, where)
        os._exit(1)

    def _ended(self) -> int:
        try:
            return int(self._ends.read_text(encoding="ascii"))
        except (OSError, ValueError):
            return 0
