"""The race between a seek and the drain loop, played step by step without a broker.

A log of 100 records, all in one fetch; 0 to 2 are committed. While record 7 is in the drain loop's hands, the
consumer is sent back to the committed offset and Faust's queues are cleared, as a rebalance does. Every
record after the committed offset must come out again.
"""

import asyncio
from types import SimpleNamespace

import faust
import pytest
from faust.types import TP

from streams.validation.faust.mended_consumer import App, MendedConsumer

HERE = TP("in", 0)
COMMITTED, LAST = 3, 99


class Log:
    """A partition and the consumer's position in it; what has come out since the queues were last cleared."""

    def __init__(self, consumer, committed):
        self.consumer, self.committed = consumer, committed
        self.position = 0
        self.out = []

    async def getmany(self, active_partitions, timeout):
        await asyncio.sleep(0)
        records = [SimpleNamespace(offset=o, topic="in", partition=0) for o in range(self.position, LAST + 1)]
        self.position = LAST + 1
        if not records:
            await asyncio.sleep(0.01)
        return {HERE: records} if records else {}

    async def seek_to_committed(self):
        """Like aiokafka: a partition without a committed offset keeps its position."""
        await asyncio.sleep(0)
        if self.committed:
            self.position = self.committed
        return {HERE: self.committed}

    async def seek_to_beginning(self, *partitions):
        self.position = 0

    async def rebalance(self):
        self.consumer.stop_flow()
        self.out.clear()
        await self.consumer.perform_seek()
        self.consumer.resume_flow()


def consumer_of(kind, committed):
    app = kind("race", broker="aiokafka://127.0.0.1:1", store="memory://", web_enabled=False)
    consumer = app.transport.create_consumer(
        callback=print, on_partitions_revoked=None, on_partitions_assigned=None
    )
    log = Log(consumer, committed)
    app.topics.acks_enabled_for = lambda topic: True
    consumer._getmany = log.getmany
    consumer.seek_to_committed = log.seek_to_committed
    consumer._thread = SimpleNamespace(seek_to_beginning=log.seek_to_beginning)
    consumer.highwater = lambda tp: LAST + 1
    consumer._to_message = lambda tp, record: record
    consumer._active_partitions = {HERE}
    return consumer, log


async def drained(kind, interrupted_at, committed=COMMITTED):
    """Offsets that came out after the rebalance."""
    consumer, log = consumer_of(kind, committed)
    interrupted = asyncio.Event()
    done = asyncio.Event()

    async def interrupt(*_):
        if not interrupted.is_set():
            interrupted.set()
            await log.rebalance()

    async def callback(message):
        if interrupted_at == "callback" and message.offset == 7:
            await interrupt()
        log.out.append(message.offset)
        if message.offset == LAST:
            done.set()

    consumer.callback = callback
    if interrupted_at == "commit":  # Faust commits between two records once it has enough acknowledgements
        consumer._commit_every = 0
        consumer.commit = lambda: interrupt() if log.out and log.out[-1] == 6 else asyncio.sleep(0)
    fetcher = SimpleNamespace(_stopped=asyncio.Event(), should_stop=False)
    draining = asyncio.ensure_future(consumer._drain_messages(fetcher))
    await asyncio.wait_for(done.wait(), 5)
    draining.cancel()
    await asyncio.gather(draining, return_exceptions=True)
    return sorted(set(log.out))


@pytest.mark.parametrize("interrupted_at", ["callback", "commit"])
def test_the_mended_consumer_hands_out_every_record_after_the_committed_one(interrupted_at):
    assert asyncio.run(drained(App, interrupted_at)) == list(range(COMMITTED, LAST + 1))


def test_it_goes_back_to_the_beginning_when_nothing_was_committed():
    """Where the app says so (earliest, Faust's default)."""
    assert asyncio.run(drained(App, "callback", committed=None)) == list(range(LAST + 1))


@pytest.mark.parametrize("interrupted_at", ["callback", "commit"])
def test_the_plain_consumer_skips_some(interrupted_at):
    """When this fails, Faust is mended: take streams/validation/faust/mended_consumer.py out."""
    assert asyncio.run(drained(faust.App, interrupted_at)) != list(range(COMMITTED, LAST + 1))


def test_the_app_makes_the_mended_consumer():
    app = App("mended", broker="aiokafka://127.0.0.1:1", store="memory://", web_enabled=False)
    assert isinstance(app.consumer, MendedConsumer)
