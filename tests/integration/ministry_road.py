"""The road to the Ministry step by step: a version stored, forwarded, exported, answered."""

import polars as pl

from readings import exports
from runtime import kafka
from schemas.encoding import codec, columnar
from schemas.topics import CONFIRMATION_EVENTS
from sinks.ministry.export.package import digest
from sinks.ministry.export.process import Exporter
from sinks.ministry.receipts.process import Receiver
from sinks.ministry.simulator.process import StandIn
from sinks.postgres.copying import Records
from sinks.provincial.records import read, rows
from sinks.provincial.records.tables import table
from tests.chained import chained
from tests.support import wait_until


def store(conn, school, record_type, count, version=1, checked=True):
    """Rows of a version, straight into the typed table, and the version as load and check write it down.

    ``checked`` False: check has yet to look at it. None: load has yet to bring the version.
    """
    t = table(record_type)
    schema = columnar.frame_schema(record_type)
    frame = pl.DataFrame({name: pl.Series([None] * count, dtype=dtype) for name, dtype in schema.items()})
    frame = frame.with_columns(ClientId=pl.Series([f"CL-{n:04}" for n in range(count)]))
    records = Records.of(frame)
    place = pl.DataFrame(
        {
            "dataset_id": f"{school}.2019.start",
            "identity": [f"{record_type}-{n:04}" for n in range(count)],
            "valid_from": version,
            "row_hash": records.hashes,
            "vendor": "smas",
        }
    )
    with conn, conn.cursor() as cur:
        rows.insert(cur, t, place, records)
    if checked is not None:
        version_row(conn, school, version, checked=checked)


def version_row(conn, school, version=1, *, checked=True, blocking=0, rule=None):
    """What load and check say of the version, anew if it stands there."""
    dataset = f"{school}.2019.start"
    with conn, conn.cursor() as cur:
        cur.execute(
            "INSERT INTO dataset VALUES (%s, %s, 2019, 'start', 1, now()) ON CONFLICT DO NOTHING",
            (dataset, school),
        )
        cur.execute(
            "INSERT INTO version (dataset_id, version, vendor, push_id, reference_day, records, received, "
            "written, refused, checked_at, blocking, digest_rule) VALUES (%s, %s, 'smas', 'p', '2019-09-30', "
            "'{}', '{}', 1, 0, CASE WHEN %s THEN now() END, %s, %s) ON CONFLICT (dataset_id, version) "
            "DO UPDATE SET checked_at = EXCLUDED.checked_at, blocking = EXCLUDED.blocking, "
            "digest_rule = EXCLUDED.digest_rule",
            (dataset, version, checked, blocking, rule),
        )


def event(conn, school, *, after=None, approved=None):
    """A forwarding of version 1, first of its chain or ``after`` an event, with the digest of its rows unless
    another was approved."""
    dataset_id = f"{school}.2019.start"
    with conn, conn.cursor() as cur:
        found = digest(dataset_id, 1, read.version(cur, dataset_id, 1))
    return chained(
        after, DatasetId=dataset_id, MaTruongHoc=school, Event="forwarded", Digest=approved or found
    )


def write(settings, topic, *values, key=b"19164999"):
    """Written and acknowledged."""
    producer = kafka.producer(settings)
    futures = [producer.send(topic, key=key, value=value) for value in values]
    producer.flush()
    for future in futures:
        future.get(timeout=0)
    producer.close()


def forward(settings, *events):
    """As the confirmation machine says it."""
    for one in events:
        key = one["MaTruongHoc"].encode()
        write(settings, CONFIRMATION_EVENTS, codec.encode("ConfirmationEvent", one), key=key)


def forward_two(settings, conn):
    """A pupil each of two schools, stored and forwarded."""
    for school in ("19164998", "19164999"):
        store(conn, school, "HocSinh", 1)
        forward(settings, event(conn, school))


def states(conn):
    """dataset id → state of its newest export."""
    return {e.dataset_id: e.state for e in exports.listed(conn)}


def export_all(settings, conn, count=1):
    """Until so many datasets have an export and none is left open."""
    with Exporter(settings) as exporter:
        wait_until(
            lambda: len(states(conn)) >= count and "opened" not in states(conn).values(), exporter.step
        )


def answer_all(settings, conn, refuse_percent=0.0):
    """The stand-in answers, until every export that was sent is answered."""
    with StandIn(settings, refuse_percent=refuse_percent, seed=0) as stand_in:
        while stand_in.step(timeout_ms=2000):
            pass
    with Receiver(settings) as receiver:
        wait_until(lambda: "sent" not in states(conn).values(), receiver.step)


def commands(conn):
    """What the confirmation machine is told, oldest first."""
    with conn, conn.cursor() as cur:
        cur.execute("SELECT value FROM outbox ORDER BY id")
        return [codec.decode(bytes(value))[1] for (value,) in cur.fetchall()]
