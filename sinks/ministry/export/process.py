"""`csdl run export`: forwarded versions to the Ministry's topic.

Two steps, with the table ministry_export between them, so that work survives a crash and can be seen:

1. forwardings are taken from the confirmation's events into the table (state ``opened``), with the offsets;
2. an opened export is packed, its digest compared with the approved one, and sent.

Order kept in step 2: the ids of the records are committed before anything is sent (a receipt must find
them); opened … closed are one Kafka transaction (a reader of committed data never sees half an export); then
the state becomes ``sent``. A crash in between repeats the whole export with the same bytes: readers go by the
ids.
"""

import logging
import time
from collections.abc import Sequence
from typing import Final

import polars as pl
from psycopg2.extensions import cursor
from psycopg2.extras import Json, execute_values

from runtime import kafka, metrics, postgres
from runtime.process import Process
from schemas.encoding import codec
from schemas.topics import CONFIRMATION_EVENTS, MINISTRY_EXPORT
from sinks.ministry.export.forwarding import Forwarding
from sinks.ministry.export.package import Package, digest, package
from sinks.postgres import copying
from sinks.postgres.inbox import Batch, Inbox
from sinks.provincial.records import read

STAGE: Final = "export"
CONSUMER: Final = "export"
TRANSACTIONAL_ID: Final = "csdl.export"
MISMATCH: Final = "EXP-001"
POLL_MS: Final = 500

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
        self._producer = self.closes(kafka.producer(self.settings, transactional_id=TRANSACTIONAL_ID))
        self._producer.init_transactions()
        self._busy = True

    def step(self) -> None:
        """Both steps once. Waits for events only when no export waits."""
        batch = self._inbox.poll(0 if self._busy else POLL_MS)
        if batch.messages:
            self._take(batch)
        waiting = self._next()
        self._busy = waiting is not None
        if waiting is not None:
            began = time.monotonic()
            self._export(waiting)
            metrics.BATCH_SECONDS.labels(STAGE).observe(time.monotonic() - began)

    def _take(self, batch: Batch) -> None:
        events = [codec.decode(message.value)[1] for message in batch.messages]
        forwardings = [f for f in map(Forwarding.of, events) if f is not None]
        with self._conn, self._conn.cursor() as cur:
            self._inbox.take(cur, batch)
            repeated = len(forwardings) - _insert(cur, forwardings)
        metrics.MESSAGES.labels(STAGE, CONFIRMATION_EVENTS).inc(len(events))
        metrics.EXPORTS.labels("repeated").inc(repeated)

    def _next(self) -> Forwarding | None:
        with self._conn, self._conn.cursor() as cur:
            cur.execute(
                "SELECT export_id, dataset_id, school, school_year, period, version, digest, opened_at "
                "FROM ministry_export WHERE state = 'opened' ORDER BY opened_at, export_id LIMIT 1"
            )
            row = cur.fetchone()
        return None if row is None else Forwarding(*row)

    def _export(self, forwarding: Forwarding) -> None:
        with self._conn, self._conn.cursor() as cur:
            self._inbox.offsets.hold(cur)
            rows = read.version(cur, forwarding.dataset_id, forwarding.version)
            rule = read.digest_rule(cur, forwarding.dataset_id, forwarding.version)
            found = digest(forwarding.dataset_id, forwarding.version, rows, rule)
            if found != forwarding.digest:
                _withhold(cur, forwarding, found)
                return
            packed = package(forwarding, rows)
            _keep_ids(cur, forwarding, packed)
        self._send(forwarding, packed)
        with self._conn, self._conn.cursor() as cur:
            cur.execute(
                # The Ministry may have answered already.
                "UPDATE ministry_export SET sent_at = now(), "
                "state = CASE state WHEN 'opened' THEN 'sent' ELSE state END WHERE export_id = %s",
                (forwarding.export_id,),
            )
        metrics.EXPORTS.labels("sent").inc()
        metrics.RECORDS.labels(STAGE, "sent").inc(sum(packed.records.values()))

    def _send(self, forwarding: Forwarding, packed: Package) -> None:
        key = forwarding.school.encode()
        self._producer.begin_transaction()
        sent = [self._producer.send(MINISTRY_EXPORT, key=key, value=value) for value in packed.messages]
        self._producer.commit_transaction()
        for future in sent:
            future.get(timeout=0)


def _insert(cur: cursor, forwardings: Sequence[Forwarding]) -> int:
    """Open exports; returns how many are new."""
    if not forwardings:
        return 0
    execute_values(
        cur,
        "INSERT INTO ministry_export "
        "(export_id, dataset_id, school, school_year, period, version, digest, state, opened_at) "
        "VALUES %s ON CONFLICT (export_id) DO NOTHING",
        [
            (
                f.export_id,
                f.dataset_id,
                f.school,
                f.school_year,
                f.period,
                f.version,
                f.digest,
                "opened",
                f.at,
            )
            for f in forwardings
        ],
        page_size=len(forwardings),
    )
    inserted: int = cur.rowcount
    return inserted


def _withhold(cur: cursor, forwarding: Forwarding, found: str) -> None:
    """What was approved is not what we hold: nothing goes out, somebody must look (csdl ministry exports)."""
    cur.execute(
        "UPDATE ministry_export SET state = 'mismatch', code = %s, digest_found = %s WHERE export_id = %s",
        (MISMATCH, found, forwarding.export_id),
    )
    metrics.EXPORTS.labels("mismatch").inc()
    log.error("%s: %s version %d is withheld", MISMATCH, forwarding.dataset_id, forwarding.version)


def _keep_ids(cur: cursor, forwarding: Forwarding, packed: Package) -> None:
    """Which record each id stands for, once: a repeated export has them already."""
    cur.execute("SELECT 1 FROM ministry_export_record WHERE export_id = %s LIMIT 1", (forwarding.export_id,))
    if cur.fetchone() is not None:
        return
    columns = ["export_id", "record_id", "record_type", "identity"]
    ids = packed.ids.select(pl.lit(forwarding.export_id), *columns[1:])
    copying.copy_in(cur, "ministry_export_record", columns, ids)
    cur.execute(
        "UPDATE ministry_export SET records = %s, chunks = %s, digest_found = digest WHERE export_id = %s",
        (Json(packed.records), packed.chunks, forwarding.export_id),
    )
