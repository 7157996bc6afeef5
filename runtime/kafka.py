"""The one place that makes Kafka clients and topics.

kafka-python's consumer defaults commit by themselves and read uncommitted data; ours never do.
"""

import os
from typing import Any, Final

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.admin import NewTopic
from kafka.errors import TopicAlreadyExistsError

from runtime.settings import Settings
from schemas.topics import topics

MAX_MESSAGE: Final = 8 * 1024 * 1024
"""Bytes. 500 records of 157 fields stay below 2 MiB; the rest is head-room."""

BOOTSTRAP_TIMEOUT_MS: Final = 30_000

RECONNECT_BACKOFF_MAX_MS: Final = 1_000
"""kafka-python as it comes waits up to 30 s between tries, for a broker that is back in 6."""


def producer(settings: Settings, transactional_id: str | None = None, **overrides: Any) -> KafkaProducer:
    """Idempotent, acks=all producer of bytes; transactional with an id.

    Only our own processors may be transactional: vendors' topics must have no offset gaps (Faust).
    """
    config: dict[str, Any] = {
        "bootstrap_servers": settings.bootstrap_servers,
        "client_id": f"csdl-{os.getpid()}",
        "acks": "all",
        "enable_idempotence": True,
        "transactional_id": transactional_id,
        "max_request_size": MAX_MESSAGE,
        "batch_size": 1024 * 1024,
        "linger_ms": 2,
        "bootstrap_timeout_ms": BOOTSTRAP_TIMEOUT_MS,
        "reconnect_backoff_max_ms": RECONNECT_BACKOFF_MAX_MS,
    }
    return KafkaProducer(**(config | overrides))


def consumer(settings: Settings, group_id: str | None = None, **overrides: Any) -> KafkaConsumer:
    """Consumer of bytes for ``assign`` + ``seek``: reads committed data only, never commits by itself."""
    config: dict[str, Any] = {
        "bootstrap_servers": settings.bootstrap_servers,
        "client_id": f"csdl-{os.getpid()}",
        "group_id": group_id,
        "enable_auto_commit": False,
        "isolation_level": "read_committed",
        "auto_offset_reset": "earliest",
        "fetch_max_bytes": 32 * 1024 * 1024,
        "max_partition_fetch_bytes": MAX_MESSAGE,
        "max_poll_records": 2000,
        "bootstrap_timeout_ms": BOOTSTRAP_TIMEOUT_MS,
        "reconnect_backoff_max_ms": RECONNECT_BACKOFF_MAX_MS,
    }
    return KafkaConsumer(**(config | overrides))


def admin(settings: Settings, **overrides: Any) -> KafkaAdminClient:
    """Admin client."""
    config: dict[str, Any] = {
        "bootstrap_servers": settings.bootstrap_servers,
        "client_id": f"csdl-admin-{os.getpid()}",
        "bootstrap_timeout_ms": BOOTSTRAP_TIMEOUT_MS,
        "reconnect_backoff_max_ms": RECONNECT_BACKOFF_MAX_MS,
    }
    return KafkaAdminClient(**(config | overrides))


def ensure_topics(settings: Settings) -> None:
    """Create the topics that are missing. Topics are code: nothing else makes one."""
    client = admin(settings)
    try:
        have = set(client.list_topics())
        missing = [t for t in topics(settings.vendors) if t.name not in have]
        new = [
            NewTopic(name=t.name, num_partitions=t.partitions, replication_factor=1, topic_configs=t.config())
            for t in missing
        ]
        if new:
            client.create_topics(new)
    except TopicAlreadyExistsError:
        pass
    finally:
        client.close()
