"""The shell of the projection: the machines' events and refusals, a batch a transaction, with offsets."""

import time
from collections.abc import Iterable
from typing import Final

from kafka.consumer.fetcher import ConsumerRecord

from runtime import metrics, postgres
from runtime.process import Process
from schemas import topics
from schemas.encoding import codec
from sinks.chains.chains import CONFIRMATION, GRANTS
from sinks.chains.reader import ChainReader
from sinks.postgres.inbox import Inbox
from sinks.projection import store
from sinks.projection.project import Refused, project

CONSUMER: Final = "projection"
POLL_MS: Final = 200

REFUSALS: Final = {topics.CONFIRMATION_REFUSALS: "confirmation", topics.GRANTS_REFUSALS: "grants"}
"""Topic → machine."""

READS: Final = (CONFIRMATION.topic, GRANTS.topic, *REFUSALS)


class Projection(Process):
    """``csdl run projection``."""

    name = "projection"

    def open(self) -> None:
        """Take the partitions from whoever read them before."""
        self._conn = self.closes(postgres.connect(self.settings, "csdl-projection"))
        with self._conn, self._conn.cursor() as cur:
            cur.execute("SET idle_in_transaction_session_timeout = '15s'")
        self._inbox = self.closes(Inbox(self.settings, self._conn, CONSUMER, READS))
        self._chains = ChainReader(CONSUMER, CONFIRMATION, GRANTS)

    def step(self) -> None:
        """Project what has come, or wait for it."""
        batch = self._inbox.poll(POLL_MS)
        if not batch.messages:
            return
        started = time.perf_counter()
        refused = _refused(batch.messages)
        with self._conn, self._conn.cursor() as cur:
            self._inbox.take(cur, batch)
            found = self._chains.verified(cur, batch.messages)
            project(cur, found.events, refused)
            store.mark_broken(cur, {a.subject for a in found.aside} - {""})
        self._chains.tell(found)
        metrics.BATCH_SECONDS.labels(CONSUMER).observe(time.perf_counter() - started)
        for message in batch.messages:
            metrics.MESSAGES.labels(CONSUMER, message.topic).inc()


def _refused(messages: Iterable[ConsumerRecord]) -> list[Refused]:
    """The refusals among them. What is none is a fault of ours: counted."""
    found = []
    for message in messages:
        machine = REFUSALS.get(message.topic)
        if machine is None:
            continue
        try:
            name, record = codec.decode(message.value or b"")
        except codec.Undecodable as fault:
            metrics.DEAD_LETTERS.labels(message.topic, fault.code).inc()
            continue
        if name == "CommandRefused":
            found.append(Refused(machine, record))
        else:
            metrics.DEAD_LETTERS.labels(message.topic, "REC-005").inc()
    return found
