"""`csdl run receipts`: the Ministry's answers into the database, and their sum to the confirmation machine.

Invariant: receipts, the sums in ministry_export, the command in the outbox and the consumed offsets are one
transaction. The first receipt of a record counts; what fits no export is put aside with a code, and counts
as soon as its export is there: after an older database was restored, the Ministry's answers stand in the
topic before the exporter has opened the export once more. An id with a character that no id of ours has, or
longer than any, fits none.
"""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID, uuid5

import polars as pl
from kafka.consumer.fetcher import ConsumerRecord
from psycopg2.extensions import cursor

from runtime import metrics, postgres, reading
from runtime.process import Process
from schemas.contracts.bounds import carried
from schemas.encoding import codec
from schemas.topics import CONFIRMATION_RECEIPTS, MINISTRY_RECEIPTS
from sinks.ministry.receipt_codes import ACCEPTED
from sinks.postgres import copying, outbox, rows
from sinks.postgres.inbox import Batch, Inbox
from streams.confirmation.commands import Act, Role

STAGE: Final = "receipts"
CONSUMER: Final = "receipts"
UNIT: Final = "ministry"
UNKNOWN_EXPORT: Final = "RCP-001"
UNKNOWN_RECORD: Final = "RCP-002"
NO_CODE: Final = "RCP-003"
WRONG_CONTRACT: Final = "RCP-004"
POLL_MS: Final = 500
LOOK_S: Final = 1.0
"""How often to look whether an export has come for what was put aside."""

TAKEN_UP: Final = 10_000
"""Receipts put aside that are taken up at once."""

_ARRIVED: Final = {
    "partition": pl.Int32(),
    "source_offset": pl.Int64(),
    "position": pl.Int32(),
    "export_id": pl.String(),
    "record_id": pl.String(),
    "code": pl.String(),
    "received_at": pl.Datetime("ms"),
}


class Receiver(Process):
    """``step`` deals with one batch of receipts."""

    name = STAGE

    def open(self) -> None:
        """Take the partitions from whoever read them before."""
        self._conn = self.closes(postgres.connect(self.settings, "csdl-receipts"))
        self._inbox = self.closes(
            Inbox(self.settings, self._conn, CONSUMER, [MINISTRY_RECEIPTS], max_poll_records=100)
        )
        self._looked = time.monotonic() - LOOK_S

    def step(self) -> None:
        """Wait for receipts and take them in; take up what was put aside and fits an export by now."""
        batch = self._inbox.poll(POLL_MS)
        if batch.messages:
            self._deal_with(batch)
        if time.monotonic() - self._looked >= LOOK_S:
            self._looked = time.monotonic()
            self._take_up()

    def _deal_with(self, batch: Batch) -> None:
        began = time.monotonic()
        self._inbox.deal_with(batch, self._take)
        metrics.MESSAGES.labels(STAGE, MINISTRY_RECEIPTS).inc(len(batch.messages))
        metrics.BATCH_SECONDS.labels(STAGE).observe(time.monotonic() - began)

    def _take(self, batch: Batch) -> None:
        arrived, misfits = read(batch.messages)
        with self._conn, self._conn.cursor() as cur:
            self._inbox.take(cur, batch)
            _put_arrived(cur, arrived)
            counts, aside = _store(cur)
            _answer(cur)
            self._inbox.bury(misfits)
        _count(counts)
        for code, count in aside.items():
            metrics.RECEIPTS_ASIDE.labels(code).inc(count)

    def _take_up(self) -> None:
        with self._conn, self._conn.cursor() as cur:
            self._inbox.offsets.hold(cur)
            if not _fits_by_now(cur):
                return
            counts, _ = _store(cur)
            _answer(cur)
        _count(counts)


def read(messages: Sequence[ConsumerRecord]) -> tuple[pl.DataFrame, list[tuple[ConsumerRecord, str]]]:
    """(one row a receipt, messages that are no receipts with a code). Pure."""
    arrived: list[tuple[Any, ...]] = []
    misfits: list[tuple[ConsumerRecord, str]] = []
    for message in messages:
        if unfit := reading.fault(message, reading.MAX_SMALL):
            misfits.append((message, unfit))
            continue
        try:
            name, record = codec.decode(message.value or b"")
        except codec.Undecodable as error:
            misfits.append((message, error.code))
            continue
        if name != "MinistryReceipts":
            misfits.append((message, WRONG_CONTRACT))
            continue
        at = datetime.fromtimestamp(message.timestamp / 1000, UTC).replace(tzinfo=None)
        export = carried(record["ExportId"])
        arrived += [
            (message.partition, message.offset, n, export, carried(r["Id"]), carried(r["Code"].strip()), at)
            for n, r in enumerate(record["Receipts"])
        ]
    return pl.DataFrame(arrived, schema=_ARRIVED, orient="row"), misfits


def command_id(export_id: str) -> str:
    """Id of the command that tells the machine of an answered export: the same however often it is told."""
    return str(uuid5(UUID(export_id), Act.RECORD_RECEIPTS))


def _count(receipts: dict[str, int]) -> None:
    for outcome, count in receipts.items():
        metrics.RECORDS.labels(STAGE, outcome).inc(count)


def _put_arrived(cur: cursor, arrived: pl.DataFrame) -> None:
    cur.execute(_CREATE_ARRIVED)
    copying.copy_in(cur, "arrived", list(_ARRIVED), arrived)


def _fits_by_now(cur: cursor) -> int:
    """Move what was put aside and has its export now to the receipts that arrive; how many."""
    cur.execute(_CREATE_ARRIVED)
    cur.execute(_TAKE_UP, {"limit": TAKEN_UP})
    return int(cur.rowcount)


_CREATE_ARRIVED: Final = (
    "CREATE TEMPORARY TABLE arrived (partition int, source_offset bigint, position int, export_id text, "
    "record_id text, code text, received_at timestamp) ON COMMIT DROP"
)

_TAKE_UP: Final = """
WITH found AS (
    SELECT a.partition, a.source_offset, a.position
    FROM ministry_export e
    JOIN ministry_receipt_aside a USING (export_id)
    JOIN ministry_export_record r USING (export_id, record_id)
    WHERE e.state IN ('opened', 'sent') AND a.ministry_code <> ''
    LIMIT %(limit)s
), taken AS (
    DELETE FROM ministry_receipt_aside a USING found f
    WHERE (a.partition, a.source_offset, a.position) = (f.partition, f.source_offset, f.position)
    RETURNING a.*
)
INSERT INTO arrived
SELECT partition, source_offset, position, export_id, record_id, ministry_code, received_at AT TIME ZONE 'UTC'
FROM taken
"""


def _store(cur: cursor) -> tuple[dict[str, int], dict[str, int]]:
    """Receipts and sums of what arrived; new receipts by outcome, and receipts put aside by code."""
    cur.execute(_INSERT_KNOWN, {"accepted": ACCEPTED})
    accepted, refused = cur.fetchone()
    cur.execute(_INSERT_ASIDE, {"export": UNKNOWN_EXPORT, "record": UNKNOWN_RECORD, "code": NO_CODE})
    return {"accepted": accepted, "refused": refused}, dict(cur.fetchall())


_INSERT_KNOWN: Final = """
WITH stored AS (
    INSERT INTO ministry_receipt (export_id, record_id, code, received_at)
    SELECT DISTINCT ON (a.export_id, a.record_id)
        a.export_id, a.record_id, a.code, a.received_at AT TIME ZONE 'UTC'
    FROM arrived a JOIN ministry_export_record r USING (export_id, record_id)
    WHERE a.code <> ''
    ORDER BY a.export_id, a.record_id, a.partition, a.source_offset, a.position
    ON CONFLICT (export_id, record_id) DO NOTHING
    RETURNING export_id, code = %(accepted)s AS accepted
), sums AS (
    SELECT export_id,
        count(*) FILTER (WHERE accepted) AS accepted, count(*) FILTER (WHERE NOT accepted) AS refused
    FROM stored GROUP BY export_id
), added AS (
    UPDATE ministry_export e SET accepted = e.accepted + s.accepted, refused = e.refused + s.refused
    FROM sums s WHERE e.export_id = s.export_id
)
SELECT coalesce(sum(accepted), 0)::int, coalesce(sum(refused), 0)::int FROM sums
"""

_INSERT_ASIDE: Final = """
WITH aside AS (
    INSERT INTO ministry_receipt_aside
        (partition, source_offset, position, code, export_id, record_id, ministry_code, received_at)
    SELECT a.partition, a.source_offset, a.position,
        CASE
            WHEN e.export_id IS NULL THEN %(export)s
            WHEN r.record_id IS NULL THEN %(record)s
            ELSE %(code)s
        END,
        a.export_id, a.record_id, a.code, a.received_at AT TIME ZONE 'UTC'
    FROM arrived a
    LEFT JOIN ministry_export e USING (export_id)
    LEFT JOIN ministry_export_record r USING (export_id, record_id)
    WHERE r.record_id IS NULL OR a.code = ''
    ON CONFLICT DO NOTHING
    RETURNING code
)
SELECT code, count(*)::int FROM aside GROUP BY code
"""

_ANSWERED: Final = """
UPDATE ministry_export e SET state = 'answered', answered_at = now()
WHERE e.export_id IN (SELECT export_id FROM arrived) AND e.state IN ('opened', 'sent') AND e.chunks > 0
    AND e.accepted + e.refused = (SELECT sum(value::int) FROM jsonb_each_text(e.records))
RETURNING export_id, dataset_id, school, school_year, period, version, digest, sequence, accepted, refused
"""


def _answer(cur: cursor) -> None:
    """Tell the machine of every export whose last record was answered just now."""
    cur.execute(_ANSWERED)
    now = datetime.now(UTC)
    messages = [
        (row["school"].encode(), codec.encode("ConfirmationCommand", command(row, now)))
        for row in rows.fetch(cur)
    ]
    outbox.put(cur, CONFIRMATION_RECEIPTS, messages)


def command(export: rows.Row, now: datetime) -> dict[str, Any]:
    """The command that says that an export is answered. It names its forwarding, so that it closes no other.

    ``export`` is a row of ministry_export.
    """
    return {
        "CommandId": command_id(export["export_id"]),
        "DatasetId": export["dataset_id"],
        "MaTruongHoc": export["school"],
        "NamHoc": export["school_year"],
        "Period": export["period"],
        "Command": Act.RECORD_RECEIPTS.value,
        "IssuedAt": now,
        "Unit": UNIT,
        "Role": Role.MINISTRY_ADAPTER.value,
        "Account": "",
        "Version": export["version"],
        "Digest": export["digest"],
        "ReasonCode": "",
        "ReasonText": "",
        "Route": [],
        "Counts": {"accepted": export["accepted"], "refused": export["refused"]},
        "Sequence": export["sequence"],
        "ExportId": export["export_id"],
    }
