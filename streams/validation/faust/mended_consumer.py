"""Faust's consumer, mended so that no record is skipped after a rebalance.

``Consumer.perform_seek`` (position and ``_read_offset`` back to the committed offset) runs in one task while
``Consumer._drain_messages``, in another, may still be handing out records that were fetched before the seek,
for instance after a commit that it makes between two records. It then sets ``_read_offset`` past the records
that are about to be fetched again, and drops those as "already read". Their offsets are never acknowledged,
so the committed offset stands still before the gap.

The loss was reproduced step by step, without a broker. On a real one the unmended consumer lost nothing in 12
counted runs (30,000 to 60,000 messages; SIGTERM, kill -9, SIGSTOP, two workers; ten with agents acknowledging
by hand, two with Faust's own acknowledging); earlier measurements by the project's owner (12 of 15 runs) were
not reproduced. docs/upstream/faust-seek-race.md tells it in full.

The cure is an epoch. Everything that moves the position or suspends the flow counts it up; the drain loop
remembers the epoch in which it asked for records, and once it has changed
    1. drops what is left of the batch,
    2. does not advance ``_read_offset``,
    3. seeks to the committed offsets once more, before it fetches again.
The price is that a few records are handed out twice: what an agent does must be repeatable. For apps without
tables only, since a table's recovery seeks to places that are no committed offset.

Two more holes are closed on the way: aiokafka's ``seek_to_committed`` leaves the position of a partition
without a committed offset, or whose committed offset is 0, where it is, so that records dropped before the
first commit were gone; and after a commit that the group refused, Faust's own note of the committed offset
ran ahead of the broker's.

Written against faust-streaming 0.15.3 (pinned). tests/unit/streams/test_mended_consumer.py plays the race
step by step with both consumers, tests/faults/test_faust_seek_race.py has the mended one on a real broker.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import aclosing
from typing import Any, ClassVar, Final, cast

import faust
from aiokafka.consumer import fetcher
from aiokafka.errors import ConsumerStoppedError
from aiokafka.structs import OffsetAndMetadata, TopicPartition
from faust import streams as faust_streams
from faust.transport.consumer import ensure_TP
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from faust.types.transports import ConsumerT
from mode import ServiceT

from runtime import unpacking
from schemas.topics import PARTITIONS

unpacking.bound(fetcher)

POLL_BYTES: Final = 8 * 1024 * 1024
"""Taken of a partition at once: messages are unpacked when they are taken, and a hundred may be 1.6 GB."""


class FetchResult(fetcher.FetchResult):  # type: ignore[misc]
    """What was fetched of a partition, handed out by what it holds, too."""

    def getall(self, max_records: int | None = None) -> list[Any]:
        """The next messages: at most so many, and POLL_BYTES or one."""
        taken: list[Any] = []
        size = 0
        while (max_records is None or len(taken) < max_records) and size < POLL_BYTES:
            try:
                one = super().getall(1)
            except Exception:
                if not taken:
                    raise
                break  # the position is behind these already; what is wrong is met again
            if not one:
                break
            taken += one
            size += len(one[0].key or b"") + len(one[0].value or b"")
        return taken


fetcher.FetchResult = FetchResult

FETCH_WAIT_MS: Final = 50
RETRY_SEEK_S: Final = 0.1
PASS_EVERY_S: Final = 1.0
YIELD_EVERY: Final = 100  # records handed out before other tasks get the event loop


class MendedConsumer(driver.Consumer):
    """Faust's consumer, with the epoch of positions that the module's text explains."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._epoch = 0
        self._must_seek = False
        self._handed: dict[TP, int] = {}
        """The last offset handed out of a partition, since its position was set."""
        self._passed_at = 0.0
        super().__init__(*args, **kwargs)

    def _new_consumer_thread(self) -> driver.AIOKafkaConsumerThread:
        return QuickThread(self, loop=self.loop, beacon=self.beacon)

    def on_buffer_full(self, tp: TP) -> None:
        """Keep reading the partition: a full queue blocks the drain loop, and that is back-pressure enough.

        Faust leaves partitions with a full queue out of the next fetch, which then waits a whole second for
        the others, or for nothing: the rate was halved.
        """

    async def read_also(self, topics: Iterable[str]) -> None:
        """These topics from the next rebalance on, which is asked for; until then as before.

        ``subscribe`` takes all partitions away at once, beside a commit and a fetch under way: either
        ends Faust's worker."""
        await cast(QuickThread, self._thread).read_also(frozenset(topics))

    # What starts a new epoch.

    def stop_flow(self) -> None:
        self._epoch += 1
        super().stop_flow()

    async def seek(self, partition: TP, offset: int) -> None:
        self._epoch += 1
        try:
            await super().seek(partition, offset)
        finally:
            self._epoch += 1

    async def perform_seek(self) -> None:
        """Set position, ``_read_offset`` and ``_committed_offset`` to what the broker has committed.

        The epoch is counted up on both sides of the seek: a fetch that began before its end may have read
        from the old position.
        """
        self._epoch += 1
        try:
            committed: dict[Any, int | None] = dict(await self.seek_to_committed())
            for tp, behind in self._passed_over(committed):
                self._thread.seek(tp, behind)
                await self._thread.commit({tp: behind})
                committed[tp] = behind
            for tp in {tp for tp, offset in committed.items() if offset == 0} & set(self.assignment()):
                self._thread.seek(tp, 0)
            never = [tp for tp, offset in committed.items() if offset is None]
            if never:
                await self._never_committed(never)
            for partition, offset in committed.items():
                tp = ensure_TP(partition)
                self._handed.pop(tp, None)
                # Acknowledgements are rebuilt from here on: everything after the committed offset is read
                # again.
                for notes in (self._acked, self._acked_index, self._gap, self._committed_offset):
                    notes.pop(tp, None)
                self._read_offset[tp] = offset or None
                if offset:
                    self._committed_offset[tp] = offset
        finally:
            self._epoch += 1

    async def _never_committed(self, partitions: list[TP]) -> None:
        """Without a default, an offset that is not there was lost: end, so that the next start says so."""
        if self.app.conf.consumer_auto_offset_reset == "earliest":
            await self._thread.seek_to_beginning(*partitions)
            return
        self.log.error("Kafka has no committed offset for %d partitions; ending", len(partitions))
        logging.shutdown()
        os._exit(1)

    def _passed_over(self, committed: Mapping[Any, int | None]) -> list[tuple[Any, int]]:
        """Partitions that stand at a place that is not tried any more, and the offset behind it."""
        passed: Mapping[tuple[str, int], int] = getattr(self.app, "passed_over", {})
        return [
            (tp, place + 1)
            for tp, offset in committed.items()
            if (place := passed.get((tp.topic, tp.partition))) is not None and (offset or 0) <= place
        ]

    async def _seek_again(self) -> None:
        """Seek to the committed offsets when the flow allows it; leave ``_must_seek`` set if that fails."""
        if not self.flow_active:
            await self.wait(self.can_resume_flow.wait())
        if self.should_stop:
            return
        try:
            await self.perform_seek()
        except Exception as exc:  # a rebalance under way: no assignment, unknown member, time-out
            self.log.info("Seeking to the committed offsets again after %s", type(exc).__name__)
            await self.sleep(RETRY_SEEK_S)
        else:
            self._must_seek = False

    # The drain loop.

    async def _drain_messages(self, fetcher: ServiceT) -> None:
        """Hand out records until the consumer or the fetcher stops."""
        try:
            while not (self.should_stop or fetcher.should_stop):
                if self._must_seek:
                    await self._seek_again()
                    continue
                epoch = self._epoch
                await self.sleep(0)
                async with aclosing(cast("AsyncGenerator[Any, None]", self.getmany(timeout=1.0))) as records:
                    await self._hand_out(records, epoch)
                self._must_seek = self._must_seek or self._epoch != epoch
                if self._epoch == epoch:
                    await self._pass_what_holds_nothing(epoch)
        except (ConsumerStoppedError, asyncio.CancelledError):
            # A cancelled drain may have dropped the record in its hands; the next one must fetch it again.
            self._must_seek = True
            if not self.transport.app.should_stop:
                raise

    async def _hand_out(self, records: AsyncGenerator[Any, None], epoch: int) -> None:
        """Give the records of one fetch to the streams, up to the end of the epoch."""
        handed = 0
        async for tp, message in records:
            handed += 1
            if handed % YIELD_EVERY == 0:
                await asyncio.sleep(0)
            if self._epoch != epoch:
                return
            read = self._read_offset[tp]
            if read is not None and message.offset < read:
                continue
            if (
                read is not None
                and message.offset - read > 1
                and self.app.topics.acks_enabled_for(message.topic)
            ):
                # Compaction and transaction markers leave holes that no acknowledgement will ever fill.
                await self._add_gap(tp, read + 1, message.offset - 1)
            if self._commit_every is not None and self._n_acked >= self._commit_every:
                self._n_acked = 0
                await self.commit()
            self._handed[tp] = message.offset
            await self.wait_first(self.callback(message), self.suspend_flow.wait())
            if self._epoch != epoch:
                return
            self._read_offset[tp] = message.offset

    # Offsets that hold no message.

    async def _pass_what_holds_nothing(self, epoch: int) -> None:
        """Commit behind a transaction's markers, and behind what it took back, where all before is committed.

        Nobody acknowledges those: the committed offset would stand before them until another message comes.
        """
        if time.monotonic() - self._passed_at < PASS_EVERY_S:
            return
        self._passed_at = time.monotonic()
        for tp in set(self._active_partitions or ()):
            committed, handed = self._committed_offset[tp], self._handed.get(tp)
            if handed is not None and handed + 1 != committed:
                continue  # in somebody's hands
            position = await self._thread.position(tp)
            if self._epoch != epoch or position is None or position <= (committed or 0):
                continue
            await self._thread.commit({tp: position})
            self._committed_offset[tp] = position
            self._read_offset[tp] = position - 1

    def _new_offset(self, tp: TP) -> int | None:
        """The offset to commit: behind the first run of acknowledged offsets and holes.

        Faust writes down each offset of a hole. A batch that is not unpacked leaves one as long as it says.
        """
        acked = self._acked[tp]
        if not acked:
            return None
        acked.sort()
        holes = self._gap[tp]
        runs = [(offset, offset + 1) for offset in acked]
        runs = sorted([*runs, *((hole.begin, hole.end) for hole in holes if hole.begin <= acked[-1])])
        end, committed = runs[0][0], self._committed_offset[tp]
        if committed and end - committed > 1:
            return None
        for begin, stop in runs:
            if begin > end:
                break
            end = max(end, stop)
        self._acked_index[tp].difference_update(offset for offset in acked if offset < end)
        acked[:] = [offset for offset in acked if offset >= end]
        holes.chop(0, end)
        return int(end)


class QuickThread(driver.AIOKafkaConsumerThread):
    """Asks the broker again soon, and for committed messages only.

    A vendor that writes in transactions, against the rule, takes back what it aborts.

    aiokafka has one fetch request under way at a broker, for those partitions of which nothing is buffered.
    If only empty ones are in it, the broker holds it for the longest wait, and partitions that run out
    meanwhile are not asked for: Faust's 1.5 s halved the rate and stood in every p99.
    """

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS
        consumer._isolation_level = "read_committed"
        return consumer

    async def read_also(self, topics: frozenset[str]) -> None:
        """In the thread's own loop."""
        await self.call_thread(self._read_also, topics)

    async def _read_also(self, topics: frozenset[str]) -> None:
        consumer: Any = self._ensure_consumer()
        subscription = consumer._subscription.subscription
        new = [TopicPartition(topic, n) for topic in topics - subscription.topics for n in range(PARTITIONS)]
        never = [tp for tp in new if await consumer.committed(tp) is None]
        # Whole: it was made while we ran. Whoever is overtaken by another worker's rebalance is refused.
        begins = {tp: OffsetAndMetadata(0, "") for tp in never}
        await consumer._coordinator._do_commit_offsets(subscription.assignment, begins)
        subscription._topics = topics
        await consumer._client.set_topics(topics)
        consumer._coordinator.request_rejoin()

    async def _fetch_records(self, consumer: Any, *args: Any, **kwargs: Any) -> Any:
        """Partitions take turns. aiokafka hands out all that it has fetched of one before the next: a flood
        of tiny messages in one vendor's topic would keep every other vendor waiting for minutes, until the
        watchdog took that for a standstill of theirs."""
        records = await super()._fetch_records(consumer, *args, **kwargs)
        fetched = consumer._fetcher._records
        for tp in records:
            if tp in fetched:
                fetched[tp] = fetched.pop(tp)  # behind the others
        return records


class MendedTransport(driver.Transport):
    """Makes the mended consumer."""

    Consumer: ClassVar[type[ConsumerT]] = MendedConsumer


class App(faust.App):
    """A Faust app whose consumer is the mended one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if getattr(faust_streams, "_CStreamIterator", None) is None:
            # The pure-Python stream acknowledges events that it skips during a rebalance: they would be lost.
            raise RuntimeError(
                "faust's compiled stream iterator is missing; install the wheel and unset NO_CYTHON"
            )
        super().__init__(*args, **kwargs)
        self.passed_over: Mapping[tuple[str, int], int] = {}
        """(topic, partition) → a place at which fetching stood still too often: read on behind it."""

    def _new_transport(self) -> MendedTransport:
        return MendedTransport(self.conf.broker_consumer, self)
