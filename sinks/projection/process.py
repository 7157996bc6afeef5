"""The shell of the projection: the machines' events and refusals, a batch a transaction, with offsets."""

import time
from collections.abc import Iterable
from typing import Final

from kafka.consumer.fetcher import ConsumerRecord

from runtime import metrics, postgres, reading
from runtime.process import Process
from schemas import topics
from schemas.contracts import bounds
from schemas.encoding import codec
from sinks.chains.chains import CONFIRMATION, GRANTS, ORGANISATION
from sinks.chains.reader import ChainReader
from sinks.postgres.inbox import Batch, Inbox
from sinks.projection import store
from sinks.projection.project import Refused, project

CONSUMER: Final = "projection"
CONTRACT: Final = "CommandRefused"
NOT_OURS: Final = "REC-005"
POLL_MS: Final = 200

REFUSALS: Final = {
    topics.CONFIRMATION_REFUSALS: "confirmation",
    topics.GRANTS_REFUSALS: "grants",
    topics.ORGANISATION_REFUSALS: "organisation",
}
"""Topic → machine."""

READS: Final = (CONFIRMATION.topic, GRANTS.topic, ORGANISATION.topic, *REFUSALS)


class Projection(Process):
    """``csdl run projection``."""

    name = "projection"

    def open(self) -> None:
        """Take the partitions from whoever read them before."""
        self._conn = self.closes(postgres.connect(self.settings, "csdl-projection"))
        with self._conn, self._conn.cursor() as cur:
            cur.execute("SET idle_in_transaction_session_timeout = '15s'")
        self._inbox = self.closes(Inbox(self.settings, self._conn, CONSUMER, READS))
        self._chains = ChainReader(CONSUMER, CONFIRMATION, GRANTS, ORGANISATION)

    def step(self) -> None:
        """Project what has come, or wait for it."""
        batch = self._inbox.poll(POLL_MS)
        if not batch.messages:
            return
        started = time.perf_counter()
        self._inbox.deal_with(batch, self._project, self._put_aside)
        metrics.BATCH_SECONDS.labels(CONSUMER).observe(time.perf_counter() - started)
        for message in batch.messages:
            metrics.MESSAGES.labels(CONSUMER, message.topic).inc()

    def _project(self, batch: Batch) -> None:
        refused, misfits = _refused(batch.messages)
        with self._conn, self._conn.cursor() as cur:
            self._inbox.take(cur, batch)
            found = self._chains.verified(cur, batch.messages)
            project(cur, found.events, refused)
            store.mark_broken(cur, {a.subject for a in found.aside} - {""})
            self._inbox.bury(misfits)
        self._chains.tell(found)

    def _put_aside(self, message: ConsumerRecord, code: str) -> None:
        """An event stops its subject, visibly; a refusal goes to the dead letters."""
        if not self._chains.reads(message.topic):
            self._inbox.put_aside(message, code)
            return
        with self._conn, self._conn.cursor() as cur:
            self._inbox.take(cur, Batch.of([message]))
            found = self._chains.put_aside(cur, message)
            store.mark_broken(cur, {a.subject for a in found.aside} - {""})
        self._chains.tell(found)


def _refused(messages: Iterable[ConsumerRecord]) -> tuple[list[Refused], list[tuple[ConsumerRecord, str]]]:
    """The refusals among them, and what is none, with a code."""
    found: list[Refused] = []
    misfits: list[tuple[ConsumerRecord, str]] = []
    for message in messages:
        machine = REFUSALS.get(message.topic)
        if machine is None:
            continue
        try:
            name, record = codec.decode(message.value or b"")
            fault = reading.fault(message) or ("" if name == CONTRACT else NOT_OURS) or bounds.kept(record)
        except codec.Undecodable as undecodable:
            fault = reading.fault(message) or undecodable.code
        if fault:
            misfits.append((message, fault))
        else:
            found.append(Refused(machine, record))
    return found, misfits
