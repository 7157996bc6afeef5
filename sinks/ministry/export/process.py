"""`csdl run export`: forwarded versions to the Ministry's topic.

Two steps, with the table ministry_export between them, so that work survives a crash and can be seen:

1. forwardings are taken from the confirmation's events, once each is verified to follow its chain, into the
   table (state ``opened``), with the offsets;
2. an opened export is packed, its digest compared with the approved one, and sent.

Order kept in step 2: the ids of the records are committed before anything is sent (a receipt must find
them); opened … closed are one Kafka transaction (a reader of committed data never sees half an export), and
it commits after Kafka has taken every message; then the state becomes ``sent``. A crash in between repeats
the whole export with the same bytes: readers go by the ids.

An export that cannot go out is withheld with a code, and the next one goes on. That it was begun is
committed first: one that ends the process again and again is withheld too.

An export whose version load or check have yet to bring (an older copy of PostgreSQL was restored, and we are
ahead of them) is put off, still opened, and the next one goes on. Once a second those are looked for whose
version has come.
"""

import logging
import time
from contextlib import suppress
from typing import Final

import psycopg2
from kafka.consumer.fetcher import ConsumerRecord
from kafka.errors import KafkaError

from runtime import kafka, metrics, postgres
from runtime.logs import one_line
from runtime.process import Fenced, Process
from schemas.topics import CONFIRMATION_EVENTS, MINISTRY_EXPORT
from sinks.chains.chains import CONFIRMATION
from sinks.chains.reader import ChainReader
from sinks.ministry.export import store
from sinks.ministry.export.forwarding import Forwarding
from sinks.ministry.export.package import Package, digest, package
from sinks.postgres.inbox import Batch, Inbox
from sinks.provincial.records import read
from streams.confirmation.events import Event

STAGE: Final = "export"
CONSUMER: Final = "export"
TRANSACTIONAL_ID: Final = "csdl.export"
POLL_MS: Final = 500
LOOK_S: Final = 1.0
"""Between two looks whether what was put off can go on."""

ATTEMPTS: Final = 3
"""An export that was begun so often without an end is not begun again."""

ANSWER_S: Final = 120.0
"""How long Kafka may take for one export."""

SERVERS: Final = (KafkaError, psycopg2.OperationalError, psycopg2.InterfaceError, Fenced)
"""What a server says, and whoever took our place: no fault of the export in hand."""

log = logging.getLogger("csdl")


class Exporter(Process):
    """``step`` takes what was forwarded, then sends one export if one waits."""

    name = STAGE

    def open(self) -> None:
        """Take the partitions and end the transactions of whoever exported before."""
        self._conn = self.closes(postgres.connect(self.settings, "csdl-export"))
        self._inbox = self.closes(
            Inbox(self.settings, self._conn, CONSUMER, [CONFIRMATION_EVENTS], max_poll_records=500)
        )
        self._chain = ChainReader(CONSUMER, CONFIRMATION)
        self._open_producer()
        self._busy = True
        self._looked = time.monotonic() - LOOK_S

    def step(self) -> None:
        """Both steps once. Waits for events only when no export waits."""
        batch = self._inbox.poll(0 if self._busy else POLL_MS)
        if batch.messages:
            self._inbox.deal_with(batch, self._take, self._put_aside)
        waiting = self._next()
        self._busy = waiting is not None
        if waiting is not None:
            began = time.monotonic()
            self._export(waiting)
            metrics.BATCH_SECONDS.labels(STAGE).observe(time.monotonic() - began)

    def _open_producer(self) -> None:
        """Also ends the transaction under way, of ours or of whoever exported before."""
        self._producer = self.closes(
            kafka.producer(self.settings, transactional_id=TRANSACTIONAL_ID), kafka.abandon
        )
        self._producer.init_transactions()

    def _take(self, batch: Batch) -> None:
        with self._conn, self._conn.cursor() as cur:
            self._inbox.take(cur, batch)
            found = self._chain.verified(cur, batch.messages)
            told = (Forwarding.of(e) for e in found.events if isinstance(e, Event))
            forwardings = [f for f in told if f is not None]
            repeated = len(forwardings) - store.open_all(cur, forwardings)
        self._chain.tell(found)
        metrics.MESSAGES.labels(STAGE, CONFIRMATION_EVENTS).inc(len(batch.messages))
        metrics.EXPORTS.labels("repeated").inc(repeated)

    def _put_aside(self, message: ConsumerRecord, code: str) -> None:
        """Its dataset stops for the export, visibly, and no other."""
        with self._conn, self._conn.cursor() as cur:
            self._inbox.take(cur, Batch.of([message]))
            found = self._chain.put_aside(cur, message)
        self._chain.tell(found)

    def _next(self) -> Forwarding | None:
        with self._conn, self._conn.cursor() as cur:
            if time.monotonic() - self._looked >= LOOK_S:
                self._looked = time.monotonic()
                store.take_up(cur)
            return store.waiting(cur)

    def _export(self, forwarding: Forwarding) -> None:
        """Send it, put it off or withhold it. What a server says leaves this and ends the process."""
        begun = self._begin(forwarding)
        if begun is None:
            metrics.EXPORTS.labels("put_off").inc()
            log.warning(
                "%s: %s v%d waits for load and check",
                store.NOT_THERE_YET,
                forwarding.dataset_id,
                forwarding.version,
            )
            return
        if begun > ATTEMPTS:
            self._withhold(forwarding, store.ENDS_THE_PROCESS)
            return
        try:
            self._send(forwarding)
        except kafka.TOO_LARGE:
            self._open_producer()
            self._withhold(forwarding, store.TOO_LARGE)
        except SERVERS:
            with suppress(*SERVERS):
                self._not_its_fault(forwarding)
            raise
        except Exception as fault:
            log.error("%s", one_line(fault))
            self._withhold(forwarding, store.NOT_PACKED)

    def _begin(self, forwarding: Forwarding) -> int | None:
        """How often it was begun, this time included; None if it is put off."""
        with self._conn, self._conn.cursor() as cur:
            self._inbox.offsets.hold(cur)
            return None if store.put_off(cur, forwarding) else store.begin(cur, forwarding)

    def _not_its_fault(self, forwarding: Forwarding) -> None:
        with self._conn, self._conn.cursor() as cur:
            self._inbox.offsets.hold(cur)
            store.take_back_begin(cur, forwarding)

    def _withhold(self, forwarding: Forwarding, code: str, found: str = "") -> None:
        with self._conn, self._conn.cursor() as cur:
            self._inbox.offsets.hold(cur)
            store.withhold(cur, forwarding, code, found)
        metrics.EXPORTS.labels("mismatch").inc()
        log.error("%s: %s v%d withheld", code, forwarding.dataset_id, forwarding.version)

    def _send(self, forwarding: Forwarding) -> None:
        with self._conn, self._conn.cursor() as cur:
            self._inbox.offsets.hold(cur)
            blocking = store.blocking(cur, forwarding)
            rows = read.version(cur, forwarding.dataset_id, forwarding.version)
            rule = read.digest_rule(cur, forwarding.dataset_id, forwarding.version)
        found = digest(forwarding.dataset_id, forwarding.version, rows, rule)
        if found != forwarding.digest:
            self._withhold(forwarding, store.MISMATCH, found)
            return
        if blocking:
            self._withhold(forwarding, store.BLOCKING, found)
            return
        packed = package(forwarding, rows)
        with self._conn, self._conn.cursor() as cur:
            self._inbox.offsets.hold(cur)
            store.keep_ids(cur, forwarding, packed)
        self._commit(forwarding, packed)
        with self._conn, self._conn.cursor() as cur:
            store.mark_sent(cur, forwarding)
        metrics.EXPORTS.labels("sent").inc()
        metrics.RECORDS.labels(STAGE, "sent").inc(sum(packed.records.values()))

    def _commit(self, forwarding: Forwarding, packed: Package) -> None:
        """One transaction, committed only when Kafka has said of each message that it has it."""
        key = forwarding.school.encode()
        self._producer.begin_transaction()
        try:
            sent = [self._producer.send(MINISTRY_EXPORT, key=key, value=value) for value in packed.messages]
            kafka.answered(sent, ANSWER_S)
        except BaseException:
            self._producer.abort_transaction()
            raise
        self._producer.commit_transaction()
