"""The Faust app: one agent over the topics of all vendors, which hands what comes to the batching.

Acknowledging is manual throughout (``noack``): Faust acknowledges an event whose agent raised or was
cancelled, and so loses it.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any, Final

import faust
from aiokafka.errors import KafkaError
from faust.exceptions import ConsumerNotStarted

from runtime import credentials
from runtime.kafka import COMPRESSION
from runtime.logs import AGAIN
from runtime.settings import Settings
from schemas.topics import MAX_MESSAGE, VALIDATION_GROUP, in_topic
from streams.validation.batch_judge import BatchJudge
from streams.validation.faust.batching import Batching
from streams.validation.faust.mended_consumer import App

log = logging.getLogger("csdl")
again = logging.getLogger(AGAIN)

GROUP: Final = VALIDATION_GROUP
SESSION_S: Final = 6.0
"""A killed worker's partitions wait so long for the next one."""


LOOK_S: Final = 1.0
HEARD_S: Final = 2.0

FEW: Final = 8
"""Messages between Faust's consumer and the batching, each as large as one may be."""


def build(settings: Settings, judge: BatchJudge) -> App:
    """The app, not started."""
    app = App(
        GROUP,
        broker=[f"aiokafka://{server.strip()}" for server in settings.brokers.split(",")],
        broker_credentials=login(settings),
        datadir=settings.data_dir / "faust",
        store="memory://",
        web_enabled=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        autodiscover=False,
        key_serializer="raw",
        value_serializer="raw",
        consumer_auto_offset_reset="none",  # committed for every partition before (positions.agree)
        consumer_max_fetch_size=MAX_MESSAGE,
        broker_max_poll_records=100,
        broker_commit_interval=1.0,
        broker_session_timeout=SESSION_S,
        broker_heartbeat_interval=SESSION_S / 4,
        stream_buffer_maxsize=FEW,
        stream_wait_empty=False,
        producer_compression_type=COMPRESSION,
        producer_linger_ms=3,
        producer_max_batch_size=1024 * 1024,
        producer_max_request_size=MAX_MESSAGE,
    )
    topics = app.topic(*(in_topic(vendor) for vendor in settings.vendors), value_type=bytes)

    @app.agent(topics, concurrency=1)
    async def validate(stream: Any) -> None:
        async with Batching(app, judge) as batching:
            async for event in stream.noack().events():
                await batching.put(event)

    @app.timer(interval=LOOK_S)  # type: ignore[untyped-decorator]
    async def take_new_vendors() -> None:
        await follow(app, [in_topic(vendor) for vendor in settings.vendors])

    return app


async def follow(app: App, named: Sequence[str]) -> None:
    """Read these topics, too: those of vendors that were added since the start (ADR 68).

    Several workers hear of a vendor within a second of each other. A worker that is given partitions of a
    topic which it does not read yet fails, so the change waits until all have heard.
    """
    read = {topic for channel in app.topics for topic in channel.topics}
    new = [topic for topic in named if topic not in read]
    if not new or app.rebalancing:
        return
    await asyncio.sleep(HEARD_S)
    topics: Any = app.topics
    consumer: Any = app.consumer
    before = [(channel, channel.topics) for channel in app.topics]
    for channel, named_before in before:
        channel.topics = [*named_before, *new]
    try:
        await consumer.read_also(await topics._update_indices())
    except KafkaError as fault:  # a rebalance under way, a broker away: the next look tries again
        for channel, named_before in before:
            channel.topics = named_before
        again.warning("reading %s, too: %s; asking again", ", ".join(new), type(fault).__name__)
        return
    log.info("reading %s, too", ", ".join(new))


def login(settings: Settings) -> faust.types.auth.CredentialsT | None:
    """As kafka-python's clients have them."""
    tls = credentials.context(settings)
    if not settings.kafka_user:
        return faust.SSLCredentials(tls) if tls else None
    return faust.SASLCredentials(
        username=settings.kafka_user,
        password=credentials.password(settings),
        mechanism=credentials.MECHANISM,
        ssl_context=tls,
    )


def assigned(app: App) -> set[tuple[str, int]]:
    """(topic, partition) of what the app reads now; none before its consumer has started."""
    try:
        return set(app.consumer.assignment())
    except ConsumerNotStarted:
        return set()
