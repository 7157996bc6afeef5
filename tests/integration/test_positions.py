"""Offsets that are gone, logs that are others: a reader goes on where it stood, or says why not and waits."""

from contextlib import closing
from datetime import UTC, datetime

import psycopg2
import pytest
from kafka.errors import KafkaError

from doctor import transactions
from runtime import agreement, kafka, positions, postgres
from runtime.positions import Position
from runtime.topic_admin import ensure_topics
from schemas.encoding import codec
from schemas.topics import (
    CONFIRMATION_COMMANDS,
    CONFIRMATION_EVENTS,
    CONFIRMATION_STATE,
    RECORDS_ACCEPTED,
    VALIDATION_POSITIONS,
    dlq,
    in_topic,
)
from sinks.postgres.inbox import Inbox
from sinks.postgres.offsets import Offsets
from streams.confirmation.machine import MACHINE
from streams.confirmation.process import Confirmation
from streams.machines import machine_log, topic_log, wire
from streams.machines.commands_client import CommandsClient
from streams.validation.positions import standing
from tests.integration.command_line import csdl
from tests.integration.test_processor import command
from tests.support import ANSWER_S, wait_until

SCHOOL = "19164000"
PLACE = kafka.partition_of(SCHOOL.encode())


def forget(settings, group):
    """As Kafka does after a week without a commit."""
    with closing(kafka.admin(settings)) as admin:
        admin.delete_groups([group])


def made_anew(settings, topic):
    with closing(kafka.admin(settings)) as admin:
        admin.delete_topics([topic])
        wait_until(lambda: topic not in admin.list_topics())
        ensure_topics(settings)
        wait_until(lambda: topic in admin.list_topics())


def delete_before(settings, tp, offset):
    """As retention does."""
    with closing(kafka.admin(settings)) as admin:
        admin.delete_records({tp: offset})


def put(settings, topic, *values, partition=PLACE):
    with closing(kafka.producer(settings)) as producer:
        for value in values:
            producer.send(topic, value, key=SCHOOL.encode(), partition=partition).get(ANSWER_S)


def says(process, code):
    """It runs, is not ready, and its log names the code."""
    process.wait_until(lambda: code in process.tail())
    assert not process.is_ready()


def test_a_machine_whose_group_is_forgotten_decides_nothing_again(topics, run_process):
    """A command that only repeats what is known leaves no answer: nothing but a kept position passes it."""
    life = [command(SCHOOL, 0, 1), command(SCHOOL, 1, 2), command(SCHOOL, 1, 3), command(SCHOOL, 2, 4)]
    with run_process("confirmation", topics), CommandsClient(MACHINE, topics) as client:
        client.send(life[0])
        checks = [codec.encode("ConfirmationCommand", wire.to_record(c)) for c in life[1:3]]
        put(topics, "csdl.confirmation.checks.v1", *checks)
        wait_until(lambda: len(list(topic_log.read_events(MACHINE, topics))) == 2)
        client.send(life[3])
    forget(topics, "csdl.confirmation")
    log = machine_log.read(MACHINE, topics)
    assert (len(log.commands), log.later, log.replayed(MACHINE).differences) == (4, [], [])
    before = list(topic_log.read_events(MACHINE, topics))
    with run_process("confirmation", topics), CommandsClient(MACHINE, topics) as client:
        client.send(command("19164001", 0, 9))
        assert list(topic_log.read_events(MACHINE, topics, SCHOOL)) == before


def test_a_machine_of_the_landed_release_takes_its_groups_offsets_over(topics, run_process):
    with run_process("confirmation", topics), CommandsClient(MACHINE, topics) as client:
        client.send(command(SCHOOL, 0, 1))
    states = topic_log.read_states(MACHINE, topics)
    made_anew(topics, CONFIRMATION_STATE)
    (state,) = states.values()
    with closing(kafka.producer(topics)) as producer:
        value = codec.encode("ConfirmationState", wire.to_record(state))
        producer.send(CONFIRMATION_STATE, value, key=state.dataset_id.encode(), partition=PLACE)
    with run_process("confirmation", topics), CommandsClient(MACHINE, topics) as client:
        assert client.send(command(SCHOOL, 0, 2)).code == "CONF-ALREADY"
    forget(topics, "csdl.confirmation")
    with run_process("confirmation", topics):
        assert len(list(topic_log.read_events(MACHINE, topics))) == 1


def test_states_that_are_gone_are_no_new_beginning(topics, run_process):
    with run_process("confirmation", topics), CommandsClient(MACHINE, topics) as client:
        client.send(command(SCHOOL, 0, 1))
    made_anew(topics, CONFIRMATION_STATE)
    with run_process("confirmation", topics, wait=False) as process:
        says(process, "CMD-STATE")


@pytest.mark.parametrize("topic", [CONFIRMATION_COMMANDS, CONFIRMATION_EVENTS])
def test_a_machine_does_not_run_over_another_log(settings, run_process, topic):
    with run_process("confirmation", settings), CommandsClient(MACHINE, settings) as client:
        for n in (1, 2, 3):
            client.send(command(SCHOOL, 0, n))
            client.send(command("19164001", 0, 10 + n))
        client.send(command(SCHOOL, 1, 8))
    made_anew(settings, topic)
    with run_process("confirmation", settings, wait=False) as process:
        says(process, "POS-003")
    put(settings, topic, *[b"x"] * 20)
    with run_process("confirmation", settings, wait=False) as process:
        says(process, "POS-004")
        wrong = [one for one in csdl(settings, "positions", "show")[1] if one["code"]]
        for one in wrong:
            place = (one["reader"], one["topic"], str(one["partition"]))
            if one["reader"] == "csdl.confirmation":
                code, _ = csdl(settings, "positions", "accept", *place, "--to", "end", "--reason", "a test")
                assert code == 0
        process.wait_until(process.is_ready)


def test_validation_whose_group_is_forgotten_goes_on_where_it_stood(settings, run_process, monkeypatch):
    """Formerly from the earliest message on, in silence."""
    topic = in_topic("smas")
    tp = kafka.partitions(topic)[PLACE]
    with run_process("validation", settings) as process:
        put(settings, topic, b"1", b"2", b"3")

        def noted():
            return positions.decode(topic_log.read(settings, kafka.partitions(VALIDATION_POSITIONS)))

        process.wait_until(lambda: noted().get(tp, Position()).next == 3)
    letters = len(list(topic_log.read(settings, kafka.partitions(dlq(topic)))))
    wait_until(lambda: is_forgotten(settings, "csdl-validation"))
    with closing(kafka.consumer(settings, group_id="csdl-validation")) as consumer:
        found, problems, lacking = standing(settings, consumer)
        assert (found[tp].next, problems, tp in lacking) == (3, [], True)
        made_anew(settings, topic)
        assert [p.code for p in agreement.compare(settings, "csdl-validation", found)] == ["POS-003"]
        made_anew(settings, VALIDATION_POSITIONS)
        put(settings, RECORDS_ACCEPTED, b"a verdict")
        put(settings, topic, b"4")
        assert [p.code for p in standing(settings, consumer)[1]] == ["POS-001"]
    assert letters == 3


def is_forgotten(settings, group):
    """A killed worker stays a member for some seconds."""
    try:
        forget(settings, group)
    except KafkaError:
        return False
    return True


def read_three(settings, conn):
    put(settings, RECORDS_ACCEPTED, b"1", b"2", b"3")
    with closing(Inbox(settings, conn, "load", [RECORDS_ACCEPTED])) as inbox:
        batch = inbox.poll(5000)
        with conn, conn.cursor() as cur:
            inbox.take(cur, batch)
    assert len(batch.messages) == 3


def test_what_retention_deleted_unread_is_said(settings, conn, run_process):
    """Formerly passed over in silence: the push's fate unknown, the lag 0."""
    read_three(settings, conn)
    put(settings, RECORDS_ACCEPTED, b"4", b"5", b"6")
    tp = kafka.partitions(RECORDS_ACCEPTED)[PLACE]
    delete_before(settings, tp, 5)
    with run_process("load", settings, wait=False) as process:
        says(process, "POS-002")
        code, found = csdl(settings, "positions", "show")
        (wrong,) = [one for one in found if one["code"]]
        assert (code, wrong["code"], wrong["next"], wrong["begin"]) == (1, "POS-002", 3, 5)
        place = (wrong["reader"], wrong["topic"], str(wrong["partition"]))
        code, refused = csdl(
            settings, "positions", "accept", *place, "--to", "2", "--reason", "the vendor knows"
        )
        assert (code, refused["problems"][0]["code"]) == (1, "POS-006")
        code, _ = csdl(
            settings, "positions", "accept", *place, "--to", "begin", "--reason", "the vendor knows"
        )
        assert code == 0
        process.wait_until(process.is_ready)
    with conn, conn.cursor() as cur:
        cur.execute("SELECT code, was, next_offset, reason FROM position_accepted")
        assert cur.fetchall() == [("POS-002", 3, 5, "the vendor knows")]
    code, again = csdl(settings, "positions", "accept", *place, "--to", "end", "--reason", "once more")
    assert (code, again["problems"][0]["code"]) == (1, "POS-005")


def test_a_log_that_ends_before_what_was_read_is_said(settings, conn):
    read_three(settings, conn)
    made_anew(settings, RECORDS_ACCEPTED)
    offsets = Offsets.claim(conn, "load", kafka.partitions(RECORDS_ACCEPTED))
    (problem,) = agreement.compare(settings, "load", offsets.positions(conn))
    assert problem.code == "POS-003"
    put(settings, RECORDS_ACCEPTED, *[b"another"] * 5)
    (problem,) = agreement.compare(settings, "load", offsets.positions(conn))
    assert problem.code == "POS-004"


def test_an_idle_reader_notices_that_its_database_was_replaced(settings, superuser, monkeypatch):
    """Formerly it sat on the dead connection until the next message."""
    monkeypatch.setattr("sinks.postgres.inbox.REST_S", 0.0)
    own = postgres.connect(settings, "reader")
    with closing(Inbox(settings, own, "receipts", [RECORDS_ACCEPTED])) as inbox:
        assert inbox.poll(10).messages == []
        with superuser() as conn, conn.cursor() as cur:
            cur.execute("SELECT pg_terminate_backend(%s)", (own.info.backend_pid,))
        with pytest.raises(psycopg2.Error):
            wait_until(lambda: inbox.poll(10).messages)


def test_the_end_of_a_transaction_is_not_something_unread(settings, conn, monkeypatch):
    """Retention deletes the messages and the mark behind them: a reader of all of them has lost nothing."""
    monkeypatch.setattr("sinks.postgres.inbox.REST_S", 0.0)
    tp = kafka.partitions(RECORDS_ACCEPTED)[PLACE]
    with closing(kafka.producer(settings, transactional_id=f"test-{datetime.now(UTC)}")) as producer:
        producer.init_transactions()
        producer.begin_transaction()
        producer.send(RECORDS_ACCEPTED, b"1", partition=PLACE)
        producer.commit_transaction()
    with closing(Inbox(settings, conn, "load", [RECORDS_ACCEPTED])) as inbox:
        batch = inbox.poll(5000)
        with conn, conn.cursor() as cur:
            inbox.take(cur, batch)
        wait_until(lambda: inbox.poll(10).messages == [] and inbox.offsets.positions(conn)[tp].next == 2)
    delete_before(settings, tp, 2)
    assert agreement.compare(settings, "load", {tp: inbox.offsets.positions(conn)[tp]}) == []


def test_verify_sees_what_postgres_knows_and_kafka_does_not(settings, conn, run_process):
    """Formerly "the chain holds", while acts were gone and another number 2 was written."""
    with run_process("confirmation", settings), CommandsClient(MACHINE, settings) as client:
        client.send(command(SCHOOL, 0, 1))
    dataset = f"{SCHOOL}.2019.start"
    (event,) = topic_log.read_events(MACHINE, settings)
    rows = [("projection", 1, event["Hash"]), ("export", 2, "of an event that is gone")]
    with conn, conn.cursor() as cur:
        for reader, sequence, seal in rows:
            cur.execute(
                "INSERT INTO chain_position (reader, subject, sequence, hash) VALUES (%s, %s, %s, %s)",
                (reader, dataset, sequence, seal),
            )
    code, said = csdl(settings, "confirmation", "verify")
    lost = [{"dataset": dataset, "sequence": 2, "fault": "lost", "reader": "export"}]
    assert (code, said["breaks"], said["unlike_read"]) == (1, [], lost)
    with conn, conn.cursor() as cur:
        cur.execute("UPDATE chain_position SET sequence = 1 WHERE reader = 'export'")
    code, said = csdl(settings, "confirmation", "verify")
    assert (code, [one["fault"] for one in said["unlike_read"]]) == (1, ["another"])
    with conn, conn.cursor() as cur:
        cur.execute("DELETE FROM chain_position WHERE reader = 'export'")
    assert csdl(settings, "confirmation", "verify")[0] == 0


def test_a_transaction_that_nobody_ends_is_said(settings):
    """It holds up every reader of committed data, and no lag shows it."""
    with closing(kafka.producer(settings, transactional_id="test-hung")) as producer:
        producer.init_transactions()
        producer.begin_transaction()
        producer.send(RECORDS_ACCEPTED, b"1", partition=PLACE).get(ANSWER_S)
        (found,) = transactions.section(settings, long_s=0)
        assert (found.problem.code, found.problem.params["partition"]) == ("POS-007", PLACE)
        assert found.since is not None
        assert list(transactions.section(settings, long_s=3600)) == []
        producer.abort_transaction()
    wait_until(lambda: list(transactions.section(settings, long_s=0)) == [])


def test_an_idle_machine_writes_its_positions_again(topics, monkeypatch):
    """Its group has no members: Kafka forgets its offsets, and its transactional id, while it runs."""
    monkeypatch.setattr("streams.machines.processor.IDLE_S", 0.0)
    (tp, *_) = kafka.partitions(CONFIRMATION_COMMANDS)
    with (
        Confirmation(topics) as machine,
        closing(kafka.consumer(topics, group_id="csdl.confirmation")) as consumer,
    ):
        forget(topics, "csdl.confirmation")
        assert consumer.committed(tp) is None
        machine.step()
        assert consumer.committed(tp) == 0
