"""A Faust worker that copies one topic to another, for test_faust_seek_race.py.

    python -m tests.faults.seek_worker GROUP IN OUT mended|plain

Every record is sent and its acknowledgement awaited before the event is acknowledged: what is missing from
OUT was skipped by the consumer.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator
from typing import Any

import faust

from runtime.settings import Settings
from streams.validation.faust import mended_consumer
from streams.validation.faust.app import login


def app(group: str, source: str, target: str, kind: str) -> Any:
    cls = mended_consumer.App if kind == "mended" else faust.App
    settings = Settings()
    made = cls(
        group,
        broker=f"aiokafka://{settings.brokers}",
        broker_credentials=login(settings),
        store="memory://",
        web_enabled=False,
        datadir=tempfile.mkdtemp(prefix="faust-"),
        topic_allow_declare=False,
        topic_disable_leader=True,
        stream_wait_empty=False,
        broker_commit_interval=0.5,
        broker_commit_every=50,
        broker_session_timeout=6.0,
        broker_heartbeat_interval=1.0,
        broker_max_poll_records=500,
        producer_linger_ms=2,
        producer_max_batch_size=1 << 20,
        consumer_max_fetch_size=1 << 20,
        consumer_auto_offset_reset="earliest",
        key_serializer="raw",
        value_serializer="raw",
    )
    topic = made.topic(source, key_serializer="raw", value_serializer="raw", value_type=bytes)

    @made.agent(topic, concurrency=1)
    async def copy(stream: Any) -> AsyncIterator[None]:
        async for events in stream.noack().noack_take(50, within=0.02):
            sent = [
                await made.producer.send(
                    target, e.message.key, e.message.value, e.message.partition, None, None
                )
                for e in events
            ]
            await asyncio.gather(*sent)
            await asyncio.sleep(0.005)  # the work of a real agent: without it nothing waits in Faust's queues
            for event in events:
                event.ack()
            yield None

    return made


if __name__ == "__main__":
    worker = faust.Worker(app(*sys.argv[1:]), loglevel="WARNING", redirect_stdouts=False)
    worker.execute_from_commandline()
