"""The grants process, which stops itself (SIGSTOP) when its first decision is written and not committed.

For test_hung_transaction.py: python -m tests.faults.frozen_grants TIMEOUT_MS, in place of `csdl run grants`.
"""

import os
import signal
import sys
from typing import Any

from kafka import KafkaProducer

from runtime import kafka
from runtime.process import run
from runtime.settings import Settings
from schemas.topics import GRANTS_EVENTS
from streams.grants.process import Grants

made = kafka.producer


def producer(settings: Settings, transactional_id: str | None = None, **overrides: Any) -> KafkaProducer:
    """With a transaction that the broker ends soon, and a stop before the first commit of an event."""
    it = made(settings, transactional_id, **overrides, transaction_timeout_ms=int(sys.argv[1]))
    send, commit = it.send, it.commit_transaction
    topics = set()

    def sends(topic: str, *args: Any, **named: Any) -> Any:
        topics.add(topic)
        return send(topic, *args, **named)

    def commits() -> None:
        if GRANTS_EVENTS in topics:
            topics.clear()
            os.kill(os.getpid(), signal.SIGSTOP)
        commit()

    it.send, it.commit_transaction = sends, commits
    return it


if __name__ == "__main__":
    kafka.producer = producer
    sys.exit(run(Grants(Settings())))
