"""The race between a seek and the drain loop, played step by step without a broker.

A log of 100 records, all in one fetch; 0 to 2 are committed. While record 7 is in the drain loop's hands, the
consumer is sent back to the committed offset and Faust's queues are cleared, as a rebalance does. Every
record after the committed offset must come out again.
"""

import asyncio
from contextlib import nullcontext
from functools import partial
from types import SimpleNamespace

import faust
import pytest
from aiokafka.consumer.fetcher import Fetcher
from faust.types import TP

from streams.validation.faust.mended_consumer import POLL_BYTES, App, FetchResult, MendedConsumer, QuickThread

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
        """Like aiokafka: a partition without a committed offset, or with 0, keeps its position."""
        await asyncio.sleep(0)
        if self.committed:
            self.position = self.committed
        return {HERE: self.committed}

    async def seek_to_beginning(self, *partitions):
        self.position = 0

    def seek(self, tp, offset):
        self.position = offset

    async def position_of(self, tp):
        return self.position

    async def commit(self, offsets):
        self.committed = offsets[HERE]

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
    consumer._thread = SimpleNamespace(
        seek=log.seek,
        seek_to_beginning=log.seek_to_beginning,
        position=log.position_of,
        commit=log.commit,
        assignment=lambda: {HERE},
    )
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


@pytest.mark.parametrize("committed", [COMMITTED, 0])
@pytest.mark.parametrize("interrupted_at", ["callback", "commit"])
def test_the_mended_consumer_hands_out_every_record_after_the_committed_one(interrupted_at, committed):
    assert asyncio.run(drained(App, interrupted_at, committed)) == list(range(committed, LAST + 1))


@pytest.mark.parametrize("committed", [COMMITTED, None])
def test_what_could_not_be_fetched_in_three_lives_is_passed_over(committed):
    consumer, _ = consumer_of(App, committed)
    stood, done = committed or 0, []

    async def commit(offsets):
        done.append(("commit", offsets))

    consumer._thread.seek = lambda tp, offset: done.append(("seek", {tp: offset}))
    consumer._thread.commit = commit
    consumer.app.passed_over = {("in", 0): stood, ("in", 1): 99}
    asyncio.run(consumer.perform_seek())
    assert done == [("seek", {HERE: stood + 1}), ("commit", {HERE: stood + 1})]
    assert consumer._read_offset[HERE] == consumer._committed_offset[HERE] == stood + 1


HOLES = [
    ([10, 11, 12], [], 10, 13),
    ([12], [(10, 12)], 10, 13),
    ([10, 12], [(11, 12)], 10, 13),
    ([10, 12], [], 10, 11),
    ([12], [], 10, None),
    ([10], [(11, 12)], 10, 11),  # a hole behind the last acknowledged one waits for the next
    ([2_000_000_010], [(10, 2_000_000_010)], 10, 2_000_000_011),
    ([5, 6], [], None, 7),
    ([], [(5, 6)], 4, None),
]


@pytest.mark.parametrize(("acked", "holes", "committed", "expected"), HOLES)
def test_what_is_committed_is_behind_the_first_run_of_acknowledged_offsets_and_holes(
    acked, holes, committed, expected
):
    """Each as Faust does it, without an integer for each offset of a hole."""
    for kind in (App, faust.App) if sum(end - begin for begin, end in holes) < 100 else (App,):
        consumer, _ = consumer_of(kind, committed)
        consumer._acked[HERE] = list(acked)
        consumer._acked_index[HERE] = set(acked)
        consumer._committed_offset[HERE] = committed
        for begin, end in holes:
            consumer._gap[HERE].addi(begin, end)
        assert consumer._new_offset(HERE) == expected
        left = [offset for offset in acked if expected is None or offset >= expected]
        assert consumer._acked[HERE] == left and consumer._acked_index[HERE] == set(left)


@pytest.mark.parametrize(
    ("handed", "committed", "behind"),
    [(None, 4, 9), (None, None, 9), (8, 9, 12), (8, 8, None), (9, 8, None), (None, 9, None)],
)
def test_a_transactions_markers_are_passed_once_all_before_them_is_committed(handed, committed, behind):
    """Kind 2: a vendor that writes in transactions; the watchdog ended validation every 26 s."""
    consumer, log = consumer_of(App, committed)
    log.position = behind or 9
    consumer._committed_offset[HERE] = committed
    if handed is not None:
        consumer._handed[HERE] = handed
    asyncio.run(consumer._pass_what_holds_nothing(consumer._epoch))
    assert log.committed == (committed if behind is None else behind)


def test_what_was_passed_over_before_is_not_gone_back_to():
    consumer, _ = consumer_of(App, COMMITTED)
    consumer.app.passed_over = {("in", 0): COMMITTED - 1}
    asyncio.run(consumer.perform_seek())
    assert consumer._read_offset[HERE] == COMMITTED


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


def test_partitions_take_turns_however_much_was_fetched_of_one():
    """Kind 6: 200,000 tiny messages of one vendor kept the next waiting until the watchdog ended validation,
    and would have had its innocent message put aside (MSG-009)."""
    flood, other, most = TP("in.flood", 0), TP("in.other", 0), 10
    fetched = {flood: _fetched(flood, 1000), other: _fetched(other, 3)}
    subscriptions = SimpleNamespace(reassignment_in_progress=False, fetch_context=nullcontext)
    fetcher = SimpleNamespace(
        _subscriptions=subscriptions,
        _closed=False,
        _records=fetched,
        _notify=print,
        _wait_consume_future=None,
    )
    fetcher.fetched_records = partial(Fetcher.fetched_records, fetcher)
    consumer = SimpleNamespace(_fetcher=fetcher, _closed=False)
    thread = object.__new__(QuickThread)
    vars(thread)["consumer"] = SimpleNamespace(flow_active=True)

    async def twice():
        return [
            await thread._fetch_records(consumer, {flood, other}, timeout=0, max_records=most) for _ in "12"
        ]

    first, second = asyncio.run(twice())
    assert [(tp, len(records)) for tp, records in first.items()] == [(flood, most)]
    assert [(tp, len(records)) for tp, records in second.items()] == [(other, 3), (flood, most - 3)]


def test_few_large_messages_are_taken_at_once_and_one_that_is_larger():
    """A hundred may be 1.6 GB unpacked, and they are unpacked when they are taken."""
    fetched = _fetched(TP("in.large", 0), 5, bytes(POLL_BYTES // 2))
    assert [len(fetched.getall(100)) for _ in range(3)] == [2, 2, 1]
    assert not fetched.has_more()


def test_what_was_taken_before_a_damaged_message_is_handed_out_and_the_damage_is_met_again():
    class Damaged(Records):
        def __next__(self):
            if self.given == 2:
                raise ValueError("crc")
            return super().__next__()

    fetched = _fetched(TP("in.damaged", 0), 5, records=Damaged)
    assert len(fetched.getall(100)) == 2
    with pytest.raises(ValueError, match="crc"):
        fetched.getall(100)


def _fetched(tp, count, value=b"", records=None):
    """What aiokafka holds of a partition of which so many messages were fetched."""
    state = SimpleNamespace(paused=False, position=0, consumed_to=lambda offset: None)
    assignment = SimpleNamespace(active=True, state_value=lambda _: state)
    messages = (records or Records)(SimpleNamespace(key=None, value=value) for _ in range(count))
    return FetchResult(tp, assignment=assignment, partition_records=messages, backoff=0)


class Records:
    """The messages of a fetch, handed out one by one."""

    next_fetch_offset = 0

    def __init__(self, messages):
        self._left = iter(messages)
        self.given = 0

    def __iter__(self):
        return self

    def __next__(self):
        self.given += 1
        return next(self._left)
