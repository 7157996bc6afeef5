"""The database's disk is full and then freed: what each writer had in hand is done once.

PostgreSQL says that its disk is full with SQLSTATE 53100, as it does here by a trigger on the rows that a
stage writes; the process ends, and is started again as the supervisor would.
"""

from contextlib import closing, contextmanager

import psycopg2
import pytest

from runtime import kafka
from schemas.encoding import codec
from schemas.topics import CONFIRMATION_EVENTS, MINISTRY_EXPORT, RECORDS_ACCEPTED
from sinks.ministry.export.process import Exporter
from sinks.ministry.receipts.process import Receiver
from sinks.ministry.simulator.process import StandIn
from sinks.provincial.check.process import Check
from sinks.provincial.load.process import Load
from streams.machines import topic_log
from tests.chained import chained
from tests.pushed import SCHOOL, pupil, whole
from tests.support import wait_until

pytestmark = pytest.mark.faults

DATASET = f"{SCHOOL}.2019.start"
PUPILS = [pupil(n) for n in range(3)]


@contextmanager
def disk_full(ask, table):
    """No row of the table can be written for as long as the block runs."""
    ask(
        "CREATE OR REPLACE FUNCTION disk_is_full() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'No space left on device' USING ERRCODE = 'disk_full'; END $$"
    )
    ask(f"CREATE TRIGGER disk_is_full BEFORE INSERT OR UPDATE ON {table} EXECUTE FUNCTION disk_is_full()")
    yield
    ask(f"DROP TRIGGER disk_is_full ON {table}")


def send(settings, topic, *values):
    with closing(kafka.producer(settings)) as producer:
        for value in values:
            producer.send(topic, value, SCHOOL.encode())
        producer.flush()


def endures(ask, process, settings, table, done):
    """It ends while the disk is full, twice; once it is freed it does its work, and no work twice."""
    with disk_full(ask, table):
        for _ in range(2):
            with pytest.raises(psycopg2.errors.DiskFull), process(settings) as it:
                wait_until(lambda: False, it.step)
            assert not done()
    with process(settings) as it:
        wait_until(done, it.step)


def test_a_disk_that_was_full_and_is_freed_costs_no_stage_its_work(settings, ask):
    send(settings, RECORDS_ACCEPTED, *whole("HocSinh", PUPILS))
    endures(ask, Load, settings, "hoc_sinh", lambda: ask("SELECT 1 FROM version"))
    endures(
        ask, Check, settings, "version", lambda: ask("SELECT 1 FROM version WHERE checked_at IS NOT NULL")
    )
    ask("UPDATE version SET blocking = 0")
    ask("DELETE FROM finding")
    [(digest,)] = ask("SELECT digest FROM version")
    event = chained(None, DatasetId=DATASET, MaTruongHoc=SCHOOL, Event="forwarded", Digest=digest)
    send(settings, CONFIRMATION_EVENTS, codec.encode("ConfirmationEvent", event))
    endures(
        ask, Exporter, settings, "ministry_export_record",
        lambda: ask("SELECT 1 FROM ministry_export WHERE state = 'sent'"),
    )  # fmt: skip
    with StandIn(settings, refuse_percent=0, seed=0) as ministry:
        while ministry.step(timeout_ms=2000):
            pass
    endures(
        ask, Receiver, settings, "ministry_receipt",
        lambda: ask("SELECT 1 FROM ministry_export WHERE state = 'answered'"),
    )  # fmt: skip
    assert ask("SELECT outcome, version FROM push") == [("version", 1)]
    assert ask("SELECT count(*) FROM hoc_sinh") == [(len(PUPILS),)]
    assert ask("SELECT accepted, refused FROM ministry_export") == [(len(PUPILS), 0)]
    assert len(list(topic_log.read(settings, kafka.partitions(MINISTRY_EXPORT)))) == 3
