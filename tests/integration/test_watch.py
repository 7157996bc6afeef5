"""What the watch says of a real Kafka and a real PostgreSQL, against what was put there."""

import time
from contextlib import closing
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from kafka.structs import OffsetAndMetadata
from prometheus_client import REGISTRY

from runtime import kafka, positions, postgres
from runtime.positions import Position
from schemas import days
from schemas.topics import (
    CONFIRMATION_COMMANDS,
    CONFIRMATION_EVENTS,
    CONFIRMATION_STATE,
    RECORDS_ACCEPTED,
    dlq,
    in_topic,
)
from sinks.postgres.inbox import Inbox
from sinks.watch.process import Watch
from sinks.watch.surroundings import Certificates
from tests.support import ANSWER_S, wait_until

KEY = b"19164999"


@pytest.fixture
def watch(settings):
    with Watch(settings) as it:
        wait_until(it.measure)  # a broker that has just started has no coordinator yet
        yield it


def value(name, **labels):
    return REGISTRY.get_sample_value(name, labels)


def lag(consumer, topic, stage):
    return value("csdl_lag_messages", consumer=consumer, topic=topic, stage=stage)


def write(settings, topic, count, transactional_id=None):
    producer = kafka.producer(settings, transactional_id=transactional_id)
    if transactional_id:
        producer.init_transactions()
        producer.begin_transaction()
    for n in range(count):
        producer.send(topic, key=KEY, value=b"%d" % n)
    if transactional_id:
        producer.commit_transaction()
    producer.flush()
    producer.close()


def execute(settings, statement):
    with closing(postgres.connect(settings, "test")) as conn, conn, conn.cursor() as cur:
        cur.execute(statement)


def test_nothing_waits_when_nothing_came(watch):
    assert watch.measure()
    assert lag("load", RECORDS_ACCEPTED, "load") == 0
    assert value("csdl_oldest_waiting_seconds", stage="validation") == 0
    assert value("csdl_datasets", state="collecting") == 0
    assert value("csdl_exports_kept", state="mismatch") == 0


def test_messages_that_nobody_read_wait_since_they_came(settings, watch):
    write(settings, in_topic("smas"), 7)
    written = time.time()
    time.sleep(1)
    waited = time.time() - written
    assert watch.measure()
    assert lag("csdl-validation", in_topic("smas"), "validation") == 7
    assert lag("csdl-validation", in_topic("vnedu"), "validation") == 0
    assert waited <= value("csdl_oldest_waiting_seconds", stage="validation") < 300


def test_a_group_that_commits_waits_for_the_rest_only(settings, watch):
    write(settings, CONFIRMATION_COMMANDS, 5)
    partitions = kafka.partitions(CONFIRMATION_COMMANDS)
    consumer = kafka.consumer(settings, group_id="csdl.confirmation")
    ends = consumer.end_offsets(partitions)
    consumer.assign(partitions)
    consumer.commit({tp: OffsetAndMetadata(end - 2, "", -1) for tp, end in ends.items() if end})
    consumer.close()
    assert watch.measure()
    assert lag("csdl.confirmation", CONFIRMATION_COMMANDS, "confirmation") == 2


def test_a_group_that_kafka_forgot_is_known_by_what_was_kept(settings, watch):
    """Formerly the whole log waited again, in the metrics and the alerts."""
    write(settings, CONFIRMATION_COMMANDS, 5)
    tp = kafka.partitions(CONFIRMATION_COMMANDS)[kafka.partition_of(KEY)]
    with closing(kafka.producer(settings)) as producer:
        value = positions.encode("csdl.confirmation", tp, Position(4))
        key = positions.key(tp.topic)
        producer.send(CONFIRMATION_STATE, value, key=key, partition=tp.partition).get(ANSWER_S)
    assert watch.measure()
    assert lag("csdl.confirmation", CONFIRMATION_COMMANDS, "confirmation") == 1


def test_offsets_in_postgres_are_read_from_their_table(settings, watch):
    write(settings, RECORDS_ACCEPTED, 4)
    with (
        closing(postgres.connect(settings, "test")) as conn,
        closing(Inbox(settings, conn, "load", [RECORDS_ACCEPTED], max_poll_records=3)) as inbox,
    ):
        batch = inbox.poll(5000)
        with conn, conn.cursor() as cur:
            inbox.take(cur, batch)
    assert len(batch.messages) == 3
    assert watch.measure()
    assert lag("load", RECORDS_ACCEPTED, "load") == 1


def test_the_mark_at_the_end_of_a_transaction_does_not_wait(settings, watch):
    write(settings, CONFIRMATION_EVENTS, 3, transactional_id="test")
    with (
        closing(postgres.connect(settings, "test")) as conn,
        closing(Inbox(settings, conn, "export", [CONFIRMATION_EVENTS])) as inbox,
    ):
        batch = inbox.poll(5000)
        with conn, conn.cursor() as cur:
            inbox.take(cur, batch)
    assert len(batch.messages) == 3
    assert watch.measure()
    assert lag("export", CONFIRMATION_EVENTS, "export") == 0
    assert value("csdl_oldest_waiting_seconds", stage="export") == 0
    assert lag("projection", CONFIRMATION_EVENTS, "projection") == 4


def test_a_reader_that_does_not_move_is_told(settings, watch):
    write(settings, RECORDS_ACCEPTED, 1)
    still = {"consumer": "load", "topic": RECORDS_ACCEPTED, "stage": "load"}
    assert watch.measure()
    before = value("csdl_offset_still_seconds", **still)
    time.sleep(0.5)
    assert watch.measure()
    assert value("csdl_offset_still_seconds", **still) >= before + 0.5


def test_dead_letters_are_counted_by_topic(settings, watch):
    write(settings, dlq(in_topic("smas")), 3)
    assert watch.measure()
    assert value("csdl_dead_letters_kept", topic=dlq(in_topic("smas"))) == 3
    assert value("csdl_dead_letters_kept", topic=dlq(in_topic("vnedu"))) == 0


def test_what_waits_in_tables_is_counted_with_its_age(settings, watch):
    execute(
        settings,
        """
        INSERT INTO push (vendor, push_id, dataset_id, kind, first_seen, opened_at)
            VALUES ('smas', 'p', 'd', '1', now() - interval '1 hour', now());
        INSERT INTO dataset VALUES ('d', '19164999', 2019, 'start', 1, now());
        INSERT INTO version
            (dataset_id, version, vendor, push_id, loaded_at, reference_day, records, received,
                written, refused)
            VALUES ('d', 1, 'smas', 'p', now() - interval '5 minutes', '2019-09-30', '{}', '{}', 0, 0);
        INSERT INTO outbox (topic, key, value, created_at, code)
            VALUES ('t', '', '', now() - interval '2 minutes', ''),
                ('t', '', '', now() - interval '1 day', 'OUT-001');
        INSERT INTO grant_state (vendor, school, sequence, hash, state, changed_at, chain_broken)
            VALUES ('smas', '19164999', 3, 'h', 'allowed', now(), true);
        INSERT INTO confirmation (dataset_id, school, school_year, period, sequence, hash, state, level,
            route, version, digest, counts, held_version, held_digest, held_counts, changed_at)
            VALUES ('d', '19164999', 2019, 'start', 3, 'h', 'submitted', 0,
                '{}', 1, 'x', '{}', 0, '', '{}', now());
        INSERT INTO chain_fault (reader, topic, partition, source_offset, subject, sequence, fault)
            VALUES ('export', 'e', 0, 7, 'd', 4, 'gap'), ('projection', 'e', 0, 7, 'd', 4, 'gap'),
                ('projection', 'g', 0, 9, 'smas/19164999', 4, 'hash');
        INSERT INTO ministry_export (export_id, dataset_id, school, school_year, period, version, digest,
            state, records, accepted, refused, opened_at)
            VALUES ('e', 'd', '19164999', 2019, 'start', 1, 'x', 'sent', '{"HocSinh": 10}', 3, 1, now());
        """,
    )
    assert watch.measure()
    assert value("csdl_pushes_open") == 1
    assert value("csdl_push_oldest_open_seconds") == pytest.approx(3600, abs=30)
    assert value("csdl_versions_unchecked") == 1
    assert value("csdl_oldest_waiting_seconds", stage="check") == pytest.approx(300, abs=30)
    assert value("csdl_outbox_waiting") == 1
    assert value("csdl_outbox_aside") == 1
    assert value("csdl_oldest_waiting_seconds", stage="outbox") == pytest.approx(120, abs=30)
    assert value("csdl_datasets", state="submitted") == 1
    assert value("csdl_chains_broken") == 2
    assert value("csdl_exports_kept", state="sent") == 1
    assert value("csdl_receipts_awaited") == 6


def test_grants_that_end_are_counted_until_they_have(settings, watch):
    today = days.today()

    def grant(vendor, state, valid_until, contract_ends):
        execute(
            settings,
            "INSERT INTO grant_state (vendor, school, sequence, hash, state, changed_at, valid_until, "
            f"contract_ends) VALUES ('{vendor}', '19164999', 1, 'h', '{state}', now(), {valid_until}, "
            f"{contract_ends})",
        )

    def day(after):
        return f"'{today + timedelta(days=after)}'"

    for n, row in enumerate(
        [
            ("in_use", day(14), "NULL"),
            ("allowed", day(0), "NULL"),
            ("handed_over", day(300), day(3)),  # its contract
            ("in_use", day(15), "NULL"),
            ("in_use", "NULL", "NULL"),
            ("in_use", day(-1), "NULL"),
            ("expired", day(3), "NULL"),
        ]
    ):
        grant(f"v{n}", *row)
    assert watch.measure()
    assert value("csdl_grants_ending") == 3


def test_the_clocks_and_the_disk_of_the_data_are_measured(settings, watch, monkeypatch):
    assert watch.measure()
    assert value("csdl_clock_offset_seconds") == 0
    assert value("csdl_disk_size_bytes", disk="data") > value("csdl_disk_free_bytes", disk="data") > 0
    true_time = time.time
    monkeypatch.setattr(time, "time", lambda: true_time() + 1800)
    assert watch.measure()
    assert value("csdl_clock_offset_seconds") == pytest.approx(1800, abs=30)


def test_looking_at_the_brokers_certificates_is_no_refused_login(local_stack, settings, watch):
    """A handshake that goes no further is nothing that Kafka counts."""
    ends = Certificates(settings).ends()
    assert ends.keys() == {"authority", "broker"} and ends["broker"] < ends["authority"]
    assert watch.measure()
    before = value("csdl_kafka_refused_total", outcome="login")
    assert Certificates(settings).ends() == ends
    assert watch.measure()
    assert value("csdl_kafka_refused_total", outcome="login") == before


def test_no_label_of_what_is_measured_holds_a_school(settings, watch):
    write(settings, RECORDS_ACCEPTED, 1)
    assert watch.measure()
    labels = [v for family in REGISTRY.collect() for s in family.samples for v in s.labels.values()]
    assert not [v for v in labels if KEY.decode() in v]


def test_a_database_that_is_away_is_waited_for(settings, watch, superuser):
    assert watch.measure()
    name = urlsplit(settings.database).path[1:]
    with superuser() as conn, conn.cursor() as cur:
        cur.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
    assert not watch.measure()
    assert watch.measure()
