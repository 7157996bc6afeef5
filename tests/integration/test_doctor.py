"""`csdl doctor` on a real Kafka and PostgreSQL."""

import time
from contextlib import closing
from pathlib import Path

import pytest

from doctor import chains, exports
from runtime import kafka
from schemas.encoding import codec
from schemas.topics import CLOCK, CONFIRMATION_EVENTS, CONFIRMATION_STATE
from streams.confirmation.machine import MACHINE
from streams.machines import wire
from tests.accounts import superuser
from tests.conftest import empty_topics
from tests.integration.command_line import csdl
from tests.integration.test_projection import AT, DATASET, EVENTS, SCHOOL, STATE, take
from tests.support import wait_until
from tests.unit.cli.conftest import REGISTER


@pytest.fixture
def province(settings, tmp_path: Path):
    (tmp_path / "register.csv").write_text(REGISTER, encoding="utf-8")
    return settings.model_copy(update={"register_file": tmp_path / "register.csv"})


def examined(settings):
    code, said = csdl(settings, "doctor")
    return code, {line["name"]: (line["ok"], line["code"]) for line in said["checks"]}


def test_all_is_well_on_a_stack_that_was_just_made(province):
    code, said = examined(province)
    assert said.pop("brokers") == (True, "FIT-005"), "one broker alone is in order, and told"
    assert (code, set(said.values())) == (0, {(True, "")})


def test_a_wrong_clock_needs_a_hand(province, monkeypatch):
    true_time = time.time
    monkeypatch.setattr(time, "time", lambda: true_time() + 1800)
    code, said = examined(province)
    assert (code, said["clock"]) == (1, (False, "CLOCK-001"))


def test_a_topic_that_is_missing_needs_a_hand(province):
    admin = kafka.admin(province)
    admin.delete_topics([CLOCK])
    wait_until(lambda: CLOCK not in admin.list_topics())
    admin.close()
    code, said = examined(province)
    assert (code, said["topics"], said["clock"]) == (1, (False, "TOPIC-004"), (None, ""))
    empty_topics(province)


def test_a_standby_that_is_away_needs_a_hand(province):
    with superuser(province) as conn, conn.cursor() as cur:
        cur.execute("SELECT pg_create_physical_replication_slot('csdl_db2', true)")
        try:
            code, said = examined(province)
        finally:
            cur.execute("SELECT pg_drop_replication_slot('csdl_db2')")
    assert (code, said["pg-standby"]) == (1, (False, "SYS-021"))


def test_a_province_whose_key_is_not_the_ledgers_needs_a_hand(province, tmp_path):
    lost = province.model_copy(update={"identity_key_file": tmp_path / "lost.key"})
    code, said = examined(lost)
    assert (code, said["identity"]) == (1, (False, "IDN-003"))
    (tmp_path / "lost.key").write_text("ab" * 32)
    code, said = examined(lost)
    assert (code, said["identity"]) == (1, (False, "IDN-003"))


def chains_found(settings):
    return [(f.problem.code, f.since) for f in chains.chains(settings)]


def change(conn, statement, *values):
    with conn, conn.cursor() as cur:
        cur.execute(statement, values)


def test_the_chains_in_kafka_are_held_against_the_read_model(settings, conn):
    with closing(kafka.producer(settings)) as producer:
        key = SCHOOL.encode()
        for event in EVENTS:
            producer.send(CONFIRMATION_EVENTS, codec.encode("ConfirmationEvent", event), key=key)
        state = codec.encode(MACHINE.state_contract, wire.to_record(STATE))
        partition = kafka.partition_of(key)
        producer.send(CONFIRMATION_STATE, state, key=DATASET.encode(), partition=partition)
        producer.flush()
    take(conn, *EVENTS)
    assert chains_found(settings) == []

    change(conn, "UPDATE chain_position SET sequence = sequence + 1")
    assert chains_found(settings) == [("DOC-001", None)]

    change(conn, "UPDATE chain_position SET sequence = sequence - 2")
    assert chains_found(settings) == [], "events wait for it"
    change(
        conn,
        "INSERT INTO consumer_offset (consumer, topic, partition, next_offset, epoch) "
        "VALUES ('projection', %s, %s, %s, 1)",
        CONFIRMATION_EVENTS,
        partition,
        len(EVENTS),
    )
    assert chains_found(settings) == [("DOC-003", None)]

    change(conn, "UPDATE chain_position SET sequence = sequence + 1, hash = 'another'")
    assert chains_found(settings) == [("DOC-002", None)]

    change(conn, "UPDATE chain_position SET hash = %s", STATE.hash)
    change(
        conn,
        "INSERT INTO chain_fault "
        "(reader, topic, partition, source_offset, subject, sequence, fault, first_seen) "
        "VALUES ('projection', %s, 0, 7, %s, 9, 'gap', %s)",
        CONFIRMATION_EVENTS,
        DATASET,
        AT,
    )
    assert chains_found(settings) == [("DOC-004", AT)]


def test_an_export_that_does_not_go_out_is_said(settings, conn):
    """Formerly `doctor` said that all is well, though a forwarded version did not go out."""
    change(
        conn,
        "INSERT INTO ministry_export (export_id, dataset_id, school, school_year, period, version, digest, "
        "state, code, opened_at) VALUES ('X-1', %s, %s, 2019, 'start', 1, 'd', 'mismatch', 'EXP-001', %s)",
        DATASET,
        SCHOOL,
        AT,
    )
    (found,) = exports.section(settings)
    assert found.problem.code == "DOC-008"
    assert [("EXP-001" in text, DATASET in text) for text in found.problem.messages()] == [(True, True)] * 2
    change(conn, "UPDATE ministry_export SET state = 'opened', code = 'EXP-008'")
    (waits,) = exports.section(settings)
    assert (waits.problem.code, waits.problem.params["reason"]) == ("DOC-008", "EXP-008")
    change(conn, "UPDATE ministry_export SET state = 'sent'")
    assert list(exports.section(settings)) == []
