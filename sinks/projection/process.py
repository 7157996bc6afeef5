"""The shell of the projection: the machines' events and refusals, a batch a transaction, with offsets."""

import logging
import time
from typing import Any, Final

from runtime import metrics, postgres
from runtime.process import Process
from schemas import topics
from schemas.encoding import codec
from sinks.postgres.inbox import Inbox
from sinks.projection.project import project

log = logging.getLogger("csdl")

CONSUMER: Final = "projection"
POLL_MS: Final = 200

MACHINE_OF: Final = {
    topics.CONFIRMATION_EVENTS: "confirmation",
    topics.CONFIRMATION_REFUSALS: "confirmation",
    topics.GRANTS_EVENTS: "grants",
    topics.GRANTS_REFUSALS: "grants",
}
EXPECTED: Final = ("ConfirmationEvent", "GrantEvent", "CommandRefused")


class Projection(Process):
    """``csdl run projection``."""

    name = "projection"

    def open(self) -> None:
        """Take the partitions from whoever read them before."""
        self._conn = self.closes(postgres.connect(self.settings, "csdl-projection"))
        with self._conn, self._conn.cursor() as cur:
            cur.execute("SET idle_in_transaction_session_timeout = '15s'")
        self._inbox = self.closes(Inbox(self.settings, self._conn, CONSUMER, list(MACHINE_OF)))

    def step(self) -> None:
        """Project what has come, or wait for it."""
        batch = self._inbox.poll(POLL_MS)
        if not batch.messages:
            return
        started = time.perf_counter()
        events = [e for m in batch.messages if (e := _read(m.topic, m.value)) is not None]
        with self._conn, self._conn.cursor() as cur:
            self._inbox.take(cur, batch)
            done = project(cur, events)
        metrics.BATCH_SECONDS.labels(CONSUMER).observe(time.perf_counter() - started)
        for message in batch.messages:
            metrics.MESSAGES.labels(CONSUMER, message.topic).inc()
        if done.breaks:
            metrics.CHAIN_BREAKS.labels(CONSUMER).inc(done.breaks)
            log.error("%d events do not follow the one before them", done.breaks)


def _read(topic: str, value: bytes | None) -> tuple[str, str, dict[str, Any]] | None:
    """(machine, contract name, event); None for what is neither event nor refusal: a fault of ours."""
    try:
        name, event = codec.decode(value or b"")
    except codec.Undecodable as fault:
        metrics.DEAD_LETTERS.labels(topic, fault.code).inc()
        return None
    if name not in EXPECTED:
        metrics.DEAD_LETTERS.labels(topic, "REC-005").inc()
        return None
    return MACHINE_OF[topic], name, event
