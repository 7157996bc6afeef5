"""Messages are judged and sent in batches, beside the agent that brings them.

Invariant: **an event is acknowledged only after everything that it causes is in Kafka.** In order:

1. take what arrives within ``LINGER_S``, up to ``MAX_BYTES`` or ``MAX_MESSAGES``;
2. judge them together, in a thread, so that the event loop goes on fetching, and goes on sending the batch
   before;
   (what awaits a grant is held, and judged with all of its kind a second later);
3. send verdicts and refusals to their school's partition, dead letters to that of the input, in the order of
   the input, and wait until the broker has every one of them;
4. acknowledge the events. Faust commits up to there within a second.

A crash anywhere repeats from the last commit: the same bytes may come out twice, never not at all.

Nothing that is thrown here reaches Faust, which would acknowledge the event and so lose it: bad data is a
refusal or a dead letter (batch_judge), an unreachable broker is waited for (step 3), and whatever else is
thrown is a fault of ours: its type and place are logged, never a value, and the process ends with exit code 1
before the acknowledgement. The supervisor starts it again; a message that ends it ``in_flight.LIMIT`` times
is put aside.
"""

import asyncio
import logging
import os
import time
import traceback
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, Self

from aiokafka.errors import KafkaError
from faust.exceptions import ProducerSendError
from faust.types import AppT, EventT
from tenacity import AsyncRetrying, retry_if_exception, wait_exponential

from runtime import metrics, reading
from runtime.logs import AGAIN
from schemas.days import kafka_time, vietnam_day
from streams.validation.batch_judge import BatchJudge, Message, Output, Work, under_way
from streams.validation.in_flight import RecordPosition
from streams.validation.verdict.input_messages import InputMessage

log = logging.getLogger("csdl")
again = logging.getLogger(AGAIN)

MAX_BYTES: Final = 8 * 1024 * 1024
"""Judged together: some 10,000 pupils of 115 fields, where a rule costs least …"""

MAX_MESSAGES: Final = 96
"""… or so many messages, of which half are closings."""

LINGER_S: Final = 0.02
"""A push's messages come close behind each other: one batch of them all costs half as much as two."""

MAX_HELD: Final = 2_000
"""Messages that are held for a grant before all of them are judged at once …"""

MAX_HELD_BYTES: Final = 8 * 1024 * 1024
"""… and bytes of them."""


class Batching:
    """Runs while its block runs: ``async with Batching(app, judge) as it: await it.put(event)``."""

    def __init__(self, app: AppT, judge: BatchJudge) -> None:
        self._app = app
        self._judge = judge
        self._waiting: asyncio.Queue[EventT[Any]] = asyncio.Queue(MAX_MESSAGES)
        self._room = asyncio.Event()
        self._room.set()
        self._size = 0
        """Bytes that wait."""
        self._judging = ThreadPoolExecutor(1, "judging")
        self._tasks: list[asyncio.Task[None]] = []
        self._held: list[EventT[Any]] = []
        self._getting: asyncio.Task[EventT[Any]] | None = None

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(self._guard(self._run()))]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Told to stop: what waits is not acknowledged, the next life takes it again."""
        tasks = [*self._tasks, *([self._getting] if self._getting else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._judging.shutdown(wait=False, cancel_futures=True)

    async def put(self, event: EventT[Any]) -> None:
        """Add an event; waits while as many wait, or as many bytes, as a batch holds."""
        await self._room.wait()
        self._has_grown(_size(event))
        await self._waiting.put(event)

    def _has_grown(self, size: int) -> None:
        self._size += size
        if self._size < MAX_BYTES:
            self._room.set()
        else:
            self._room.clear()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        sending: asyncio.Task[None] | None = None
        while True:
            events, hold = await self._next()
            started = time.perf_counter()
            messages = [_message(event.message) for event in events]
            work = await loop.run_in_executor(self._judging, self._judge.work, messages, hold)
            if work.held:
                held = [m.place in work.held for m in messages]
                self._held += [event for event, waits in zip(events, held, strict=True) if waits]
                events = [event for event, waits in zip(events, held, strict=True) if not waits]
                messages = [message for message, waits in zip(messages, held, strict=True) if not waits]
            metrics.BATCH_SECONDS.labels("validation").observe(time.perf_counter() - started)
            if sending is not None:
                await sending
            sending = asyncio.create_task(self._guard(self._finish(events, messages, work)))
            self._tasks[1:] = [sending]

    async def _next(self) -> tuple[list[EventT[Any]], bool]:
        """(events to judge, whether what awaits a grant may be held): new ones, or all that were held."""
        while True:
            size = sum(map(_size, self._held))
            due_in = self._judge.due_in() if self._held else None
            if due_in == 0 or len(self._held) >= MAX_HELD or size >= MAX_HELD_BYTES:
                held, self._held = self._held, []
                return held, False
            # One task that lasts: a get that is given up might take an event with it.
            self._getting = self._getting or asyncio.create_task(self._waiting.get())
            done, _ = await asyncio.wait({self._getting}, timeout=due_in)
            if not done:
                continue
            events = [self._getting.result()]
            self._getting = None
            self._has_grown(-_size(events[0]))
            size = self._take(events, _size(events[0]))
            if len(events) < MAX_MESSAGES and size < MAX_BYTES:
                await asyncio.sleep(LINGER_S)
                self._take(events, size)
            return events, True

    def _take(self, events: list[EventT[Any]], size: int) -> int:
        """Add what waits to so many bytes of events, as far as a batch goes; how many bytes they are then."""
        while len(events) < MAX_MESSAGES and size < MAX_BYTES and not self._waiting.empty():
            events.append(self._waiting.get_nowait())
            size += _size(events[-1])
            self._has_grown(-_size(events[-1]))
        return size

    async def _finish(self, events: list[EventT[Any]], messages: list[Message], work: Work) -> None:
        await _send(self._app, work.outputs)
        _count(messages, work)
        for event in events:
            event.ack()

    async def _guard(self, running: Any) -> None:
        """Await it; end the process if it throws anything but a cancellation."""
        try:
            await running
        except asyncio.CancelledError:
            raise
        except BaseException as exc:
            end(exc)


def end(exc: BaseException) -> None:
    """Log what went wrong and where, without any value, and end the process at once."""
    frames = traceback.extract_tb(exc.__traceback__)
    where = " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames[-4:]))
    log.error("unexpected %s at %s; ending before it is acknowledged", type(exc).__name__, where)
    logging.shutdown()
    os._exit(1)


def _size(event: EventT[Any]) -> int:
    return len(event.message.value or b"")


def _message(raw: Any) -> Message:
    value = b"" if raw.value is None else bytes(raw.value)
    at = round(raw.timestamp * 1000)  # Faust has it in seconds
    place = RecordPosition(raw.topic, raw.partition, raw.offset)
    fault = reading.unread(raw.headers) or reading.fault_of(raw.key, None, at) or ""
    on = vietnam_day(kafka_time(at if fault != reading.NO_TIME else 0))
    return Message(place, raw.key, InputMessage(value, raw.topic, on, fault), at, under_way(raw.headers))


async def _send(app: AppT, outputs: Sequence[Output]) -> None:
    """Send all, in order, and wait for the broker; what it could not take is sent again until it can.

    Repeats and a changed order are allowed after a failure, gaps are not: a push closes by its count of
    chunks.
    """
    left = list(outputs)
    retry = AsyncRetrying(retry=retry_if_exception(_will_pass), wait=wait_exponential(multiplier=0.2, max=5))
    async for attempt in retry:
        with attempt:
            sent = [
                await app.producer.send(o.topic, o.key, o.value, o.partition, None, o.headers) for o in left
            ]
            results = await asyncio.gather(*sent, return_exceptions=True)
            left = [o for o, result in zip(left, results, strict=True) if isinstance(result, BaseException)]
            failure = next((r for r in results if isinstance(r, BaseException)), None)
            if failure is not None:
                again.warning("sending: %s; %d to send again", type(failure).__name__, len(left))
                raise failure


def _will_pass(exc: BaseException) -> bool:
    """Whether Kafka may take it later: a broker away, a time-out; not a record too large or forbidden."""
    cause = exc.__cause__ if isinstance(exc, ProducerSendError) else exc
    return isinstance(cause, KafkaError) and bool(cause.retriable)


def _count(messages: Sequence[Message], work: Work) -> None:
    now = time.time()
    for message in messages:
        metrics.MESSAGES.labels("validation", message.place.topic).inc()
        metrics.VERDICT_SECONDS.observe(max(0.0, now - message.at / 1000))
    metrics.RECORDS.labels("validation", "accepted").inc(work.accepted)
    metrics.RECORDS.labels("validation", "refused").inc(work.refused)
    metrics.RECORDS.labels("validation", "removal").inc(work.removals)
    for rule, n in work.rules.items():
        metrics.RECORDS_REFUSED.labels(rule).inc(n)
    for code, n in work.closings.items():
        metrics.CLOSINGS_REFUSED.labels(code).inc(n)
    for (topic, code), n in work.letters.items():
        metrics.DEAD_LETTERS.labels(topic, code).inc(n)
