"""The Faust app: one agent over the topics of all vendors.

Invariant: **an event is acknowledged only after everything that it causes is in Kafka.** In order:

1. take what has arrived, up to ``MAX_CHUNKS`` messages;
2. judge them together, in a thread of its own, so that the event loop goes on fetching;
3. send verdicts, refusals and dead letters to the partition with the input's number, in the order of the
   input, and wait until the broker has every one of them;
4. acknowledge the events. Faust commits up to there within ``COMMIT_S``.

A crash anywhere repeats from the last commit: the same bytes may come out twice, never not at all.

Faust acknowledges an event whose agent raised, and so loses it. Here nothing is raised: bad data is a refusal
or a dead letter (desk), an unreachable broker is waited for (step 3), and whatever else is thrown is a fault
of ours: its type and place are logged, never a value, and the process ends with exit code 1 before the
acknowledgement. The supervisor starts it again; a message that ends it ``hand.LIMIT`` times is put aside
(hand). Acknowledging is manual throughout (``noack``), since ``take`` acknowledges in its ``finally``, also
when the agent is cancelled.
"""

import asyncio
import logging
import os
import time
import traceback
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, Final

from aiokafka.errors import KafkaError
from faust.exceptions import ConsumerNotStarted, ProducerSendError
from tenacity import AsyncRetrying, retry_if_exception, wait_exponential

from runtime import metrics
from runtime.kafka import MAX_MESSAGE
from runtime.settings import Settings
from schemas.topics import in_topic
from streams.validation.desk import Desk, Message, Output, Work
from streams.validation.hand import Place
from streams.validation.incoming import Incoming
from streams.validation.mended_consumer import App

log = logging.getLogger("csdl")

GROUP: Final = "csdl-validation"
MAX_CHUNKS: Final = 16
"""Messages judged together: 4,000 records at 250 a chunk, where one rule costs least a record."""
WITHIN_S: Final = 0.02
COMMIT_S: Final = 1.0
SESSION_S: Final = 6.0
"""A killed worker's partitions wait so long for the next one."""


def build(settings: Settings, desk: Desk) -> App:
    """The app, not started."""
    app = App(
        GROUP,
        broker=[f"aiokafka://{server.strip()}" for server in settings.bootstrap_servers.split(",")],
        datadir=settings.data_dir / "faust",
        store="memory://",
        web_enabled=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        autodiscover=False,
        key_serializer="raw",
        value_serializer="raw",
        consumer_auto_offset_reset="earliest",
        consumer_max_fetch_size=MAX_MESSAGE,
        broker_max_poll_records=100,
        broker_commit_interval=COMMIT_S,
        broker_session_timeout=SESSION_S,
        broker_heartbeat_interval=SESSION_S / 4,
        stream_buffer_maxsize=4 * MAX_CHUNKS,
        stream_wait_empty=False,
        producer_linger_ms=3,
        producer_max_batch_size=1024 * 1024,
        producer_max_request_size=MAX_MESSAGE,
    )
    topics = app.topic(*(in_topic(vendor) for vendor in settings.vendors), value_type=bytes)
    judging = ThreadPoolExecutor(1, "judging")

    @app.agent(topics, concurrency=1)
    async def validate(stream: Any) -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()
        async for events in stream.noack().noack_take(MAX_CHUNKS, within=WITHIN_S):
            try:
                started = time.perf_counter()
                messages = [_message(event.message) for event in events]
                work = await loop.run_in_executor(judging, desk.work, messages)
                await _send(app, work.outputs)
                _count(messages, work, time.perf_counter() - started)
            except (asyncio.CancelledError, GeneratorExit):  # told to stop: the next life takes them again
                raise
            except BaseException as exc:
                end(exc)
            for event in events:
                event.ack()
            yield None

    return app


def assigned(app: App) -> set[tuple[str, int]]:
    """(topic, partition) of what the app reads now; none before its consumer has started."""
    try:
        return set(app.consumer.assignment())
    except ConsumerNotStarted:
        return set()


def end(exc: BaseException) -> None:
    """Log what went wrong and where, without any value, and end the process at once."""
    frames = traceback.extract_tb(exc.__traceback__)
    where = " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames[-4:]))
    log.error("unexpected %s at %s; ending before it is acknowledged", type(exc).__name__, where)
    logging.shutdown()
    os._exit(1)


def _message(raw: Any) -> Message:
    value = b"" if raw.value is None else bytes(raw.value)
    on = datetime.fromtimestamp(raw.timestamp, UTC).date()
    place = Place(raw.topic, raw.partition, raw.offset)
    return Message(place, raw.key, Incoming(value, raw.topic, on), raw.timestamp)


async def _send(app: App, outputs: Sequence[Output]) -> None:
    """Send all, in order, and wait for the broker; what it could not take is sent again until it can.

    Repeats are allowed, gaps are not, so an output that failed is followed by no later one of its partition
    that could be mistaken for complete: a push closes by its count of chunks, not by their order.
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
                log.warning("sending: %s; %d to send again", type(failure).__name__, len(left))
                raise failure


def _will_pass(exc: BaseException) -> bool:
    """Whether Kafka may take it later: a broker away, a time-out; not a record too large or forbidden."""
    cause = exc.__cause__ if isinstance(exc, ProducerSendError) else exc
    return isinstance(cause, KafkaError) and bool(cause.retriable)


def _count(messages: Sequence[Message], work: Work, seconds: float) -> None:
    now = time.time()
    for message in messages:
        metrics.MESSAGES.labels("validation", message.place.topic).inc()
        metrics.VERDICT_SECONDS.observe(max(0.0, now - message.at))
    metrics.RECORDS.labels("validation", "accepted").inc(work.accepted)
    metrics.RECORDS.labels("validation", "refused").inc(work.refused)
    for rule, n in work.rules.items():
        metrics.RECORDS_REFUSED.labels(rule).inc(n)
    for (topic, code), n in work.letters.items():
        metrics.DEAD_LETTERS.labels(topic, code).inc(n)
    metrics.BATCH_SECONDS.labels("validation").observe(seconds)
