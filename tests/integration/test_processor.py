"""The machines on a real Kafka: every command is answered once and in order, whatever is killed meanwhile."""

import random
import signal
import threading
import time
from collections import defaultdict
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from kafka.errors import InvalidProducerEpochError

from runtime import kafka
from schemas.encoding import codec
from schemas.errors import ProblemList
from schemas.topics import (
    CONFIRMATION_CHECKS,
    CONFIRMATION_COMMANDS,
    CONFIRMATION_REFUSALS,
    PARTITIONS,
    dlq,
)
from streams.confirmation.commands import Command
from streams.confirmation.machine import MACHINE
from streams.machines import chain, machine_log, topic_log, wire
from streams.machines.commands_client import CommandsClient
from streams.machines.refusal import Refusal
from streams.machines.wire import replace
from tests.support import wait_until

START = datetime(2020, 3, 1, tzinfo=UTC)
CLEAN = {"records": 10, "refused": 0, "blocking": 0, "warnings": 0}
LIFE = [
    ("open", "19", "department_officer", -1),
    ("version_checked", "system", "system", -1),
    ("submit", "school", "school_head", 2),
    ("claim", "164", "district_officer", 3),
    ("claim", "165", "district_officer", 3),
    ("confirm", "164", "district_officer", 4),
    ("unconfirm", "164", "district_officer", 5),
    ("confirm", "164", "district_officer", 4),  # the bytes of before
    ("confirm", "164", "district_officer", 6),
    ("approve", "19", "department_officer", 7),
    ("claim", "19", "department_officer", 7),
    ("approve", "19", "department_officer", 8),
    ("forward", "19", "department_officer", 9),
]
"""Who asks what, having seen which sequence. The check has a topic of its own: it may come at any time."""


ACTS = [name for name, _, role, _ in LIFE if name != "open" and role != "system"]


def command(school: str, step: int, number: int) -> Command:
    name, unit, role, seen = LIFE[step]
    return Command(
        command_id=str(UUID(int=number)),
        dataset_id=f"{school}.2019.start",
        ma_truong_hoc=school,
        nam_hoc=2019,
        period="start",
        command=name,
        issued_at=START + timedelta(days=number),  # any clock: it decides nothing
        unit=school if unit == "school" else unit,
        role=role,
        version=1,
        digest="d1",
        route=("164", "19"),
        counts=CLEAN,
        sequence=seen,
    )


def lives(schools: int, seed: int) -> list[Command]:
    """All steps of all schools, each school's in order, the schools mixed."""
    codes = [str(19164000 + n) for n in range(schools)]
    turns = [code for code in codes for _ in LIFE]
    random.Random(seed).shuffle(turns)
    step: dict[str, int] = defaultdict(int)
    made = []
    for number, code in enumerate(turns, start=1):
        made.append(command(code, step[code], number))
        step[code] += 1
    return made


def read_all(settings, topic):
    """All committed messages by partition."""
    found = defaultdict(list)
    for message in topic_log.read(settings, kafka.partitions(topic)):
        found[message.partition].append(message)
    return found


def assert_equals_the_replay(
    settings, commands, topics=frozenset({CONFIRMATION_COMMANDS, CONFIRMATION_CHECKS})
):
    """Each command answered once, each answer what a replay of the topics comes to, states the folds."""
    log = machine_log.read(MACHINE, settings)
    again = log.replayed(MACHINE)
    assert again.differences == []
    assert again.decided == commands
    assert {e["CommandTopic"] for e in log.events} == topics
    states = {name: state for name, state in again.states.items() if state.sequence}
    assert topic_log.read_states(MACHINE, settings) == states


def write(settings, commands, pause=0.0):
    producer = kafka.producer(settings)
    for n, asked in enumerate(commands):
        value = codec.encode("ConfirmationCommand", wire.to_record(asked))
        topic = next(i.topic for i in MACHINE.inputs if asked.role in i.roles)
        producer.send(topic, value, key=asked.ma_truong_hoc.encode())
        if pause and n % 100 == 0:
            time.sleep(pause)
    producer.flush()
    producer.close()


def wait_until_answered(process, settings, commands):
    """Until the last command of every partition is committed; fails if the process ends before."""
    consumer = kafka.consumer(settings, group_id="csdl.confirmation")
    partitions = kafka.partitions(*MACHINE.input_topics())
    try:
        ends = consumer.end_offsets(partitions)
        assert sum(ends.values()) == len(commands)
        process.wait_until(lambda: all((consumer.committed(tp) or 0) >= end for tp, end in ends.items()))
    finally:
        consumer.close()


def test_commands_are_answered_in_order_and_the_chain_holds(topics, run_process):
    commands = lives(schools=20, seed=1)
    opening, checks, acts = (
        [c for c in commands if c.command in names] for names in (["open"], ["version_checked"], ACTS)
    )
    with run_process("confirmation", topics) as process, CommandsClient(MACHINE, topics) as client:
        client.send_many(opening)
        write(topics, checks)
        wait_until_answered(process, topics, [*opening, *checks])
        outcomes = client.send_many(acts)
    assert {o.code for o in outcomes} == {"", "CONF-UNIT", "CONF-STATE", "CONF-SEQUENCE"}
    assert all(o.messages()[0] for o in outcomes if o.code)
    records = list(topic_log.read_events(MACHINE, topics, "19164000"))
    assert records[-1]["State"] == "forwarding"
    assert chain.breaks("19164000", records) == []
    assert_equals_the_replay(topics, len(commands))


def test_a_caller_is_told_that_the_machine_does_not_run(topics):
    with CommandsClient(MACHINE, topics) as client, pytest.raises(ProblemList) as raised:
        client.send(command("19164000", 0, 1), silence_s=1)
    assert [p.code for p in raised.value.problems] == ["CMD-SILENT"]
    assert all(raised.value.problems[0].messages())


@pytest.mark.parametrize("days", [-3, 3])
def test_a_clock_that_is_days_off_dates_nothing(topics, run_process, days):
    """Neither an act in the chain nor how long its command is kept: both times are the broker's."""
    began = datetime.now(UTC) - timedelta(minutes=1)
    off = datetime.now(UTC) + timedelta(days=days)
    asked = replace(command("19164000", 0, 1), issued_at=off)
    with run_process("confirmation", topics), CommandsClient(MACHINE, topics) as client:
        producer = kafka.producer(topics)
        value = codec.encode("ConfirmationCommand", wire.to_record(asked))
        stamp = int(off.timestamp() * 1000)
        producer.send(CONFIRMATION_COMMANDS, value, key=b"19164000", timestamp_ms=stamp)
        producer.close()
        outcome = client.send(replace(asked, command_id="another"))
    (event,) = topic_log.read_events(MACHINE, topics)
    assert outcome.refusal is not None and outcome.code == "CONF-ALREADY"
    for at in (event["At"], outcome.refusal["At"]):
        assert began < at < datetime.now(UTC) + timedelta(minutes=1)


POISON: list[tuple[dict[str, Any], bytes]] = [
    ({"CommandId": "a\0b"}, b"MSG-005"),
    ({"CommandId": "x" * 10_000}, b"MSG-005"),
    ({"CommandId": "[/x]"}, b"MSG-005"),
    ({"CommandId": ""}, b"MSG-005"),
    ({"ReasonText": "why\0"}, b"MSG-005"),
    ({"DatasetId": "d" * 3000}, b"MSG-005"),
    ({"Unit": "\x1b[2J"}, b"MSG-005"),
    ({"Route": ["164"] * 101}, b"MSG-006"),
    ({"Counts": CLEAN | {"refused": -1}}, b"MSG-006"),
    ({"Version": -1}, b"MSG-006"),
    ({"NamHoc": 2_000_000_000}, b"MSG-006"),
    ({"IssuedAt": datetime(1, 1, 1, tzinfo=UTC)}, b"MSG-006"),
    ({"Window": {"Opens": date(1, 1, 1), "Closes": None}}, b"MSG-006"),
]
"""Commands that Avro can hold and nobody else: each ended the machine, for all schools."""


def test_what_is_no_command_is_set_aside_untouched_and_stops_nothing(topics, run_process):
    record = wire.to_record(command("19164001", 0, 1))
    good = codec.encode("ConfirmationCommand", record)
    other = codec.encode(
        "CommandRefused",
        wire.to_record(Refusal("c", "s", "19164001", "open", "CONF-ROLE", START, "19", "system", "absent")),
    )
    partition = kafka.partition_of(b"19164001")
    cases = [
        (b"\xff\xfe rubbish", b"19164001", partition, b"AVRO-001"),
        (b"", b"19164001", partition, b"AVRO-001"),
        (good[:-1], b"19164001", partition, b"AVRO-003"),
        (other, b"19164001", partition, b"CMD-CONTRACT"),
        (good, b"19164002", partition, b"CMD-KEY"),
        (good, b"19164001", (partition + 1) % PARTITIONS, b"CMD-KEY"),
        (good, bytes(9 << 20), partition, b"MSG-003"),
        (bytes(2 << 20), b"19164001", partition, b"MSG-003"),
        *(
            (codec.encode("ConfirmationCommand", record | odd), b"19164001", partition, code)
            for odd, code in POISON
        ),
    ]
    with run_process("confirmation", topics) as process, CommandsClient(MACHINE, topics) as client:
        producer = kafka.producer(topics, max_request_size=64 << 20)
        for value, key, number, _ in cases:
            producer.send(CONFIRMATION_COMMANDS, value, key=key, partition=number)
        producer.flush()
        # Small on its way, and no reader must unpack it.
        producer.send(CONFIRMATION_COMMANDS, bytes(20 << 20), key=b"19164001", partition=partition)
        producer.flush()
        producer.close()
        assert client.send(command("19164001", 0, 1)).state == "collecting"
        wait_until_answered(process, topics, [*cases, "zeros", good])
    letters = [m for messages in read_all(topics, dlq(CONFIRMATION_COMMANDS)).values() for m in messages]
    found = {(m.value, m.key, dict(m.headers)["error-code"]) for m in letters}
    expected = {(value, None, code) for value, _, _, code in cases}
    assert found == expected | {(b"", None, b"MSG-001")}
    assert all(dict(m.headers)["source-topic"] == CONFIRMATION_COMMANDS.encode() for m in letters)
    assert_equals_the_replay(topics, 1, {CONFIRMATION_COMMANDS})


def test_garbage_for_a_state_is_made_anew_from_the_events_or_stops_its_dataset_alone(topics, run_process):
    """A tombstone is garbage too: no machine writes one. What is asked of the stopped dataset is put aside,
    to be sent again once it is mended."""
    first, second, third, never = "19164001", "19164003", "19164007", "19164005"
    opened = [command(school, 0, n) for n, school in enumerate((first, second, third))]
    with run_process("confirmation", topics), CommandsClient(MACHINE, topics) as client:
        assert [o.state for o in client.send_many(opened)] == ["collecting"] * 3
    with closing(kafka.producer(topics)) as producer:
        for key in (f"{first}.2019.start".encode(), f"{never}.2019.start".encode(), b"\xff"):
            partition = kafka.partition_of((never if never.encode() in key else first).encode())
            producer.send(MACHINE.state_topic, b"garbage", key=key, partition=partition)
        partition = kafka.partition_of(third.encode())
        producer.send(MACHINE.state_topic, None, key=f"{third}.2019.start".encode(), partition=partition)
        producer.send(MACHINE.events_topic, b"garbage", key=first.encode(), partition=partition)
        producer.send(MACHINE.refusals_topic, b"garbage", key=first.encode(), partition=partition)
    asked = [command(first, 1, 10), command(second, 1, 11), command(third, 1, 13), command(never, 0, 12)]
    with run_process("confirmation", topics) as process:
        write(topics, asked)
        wait_until_answered(process, topics, [*opened, *asked])
    letters = [m for messages in read_all(topics, dlq(CONFIRMATION_COMMANDS)).values() for m in messages]
    assert [dict(m.headers)["error-code"] for m in letters] == [b"MSG-010"]
    states = {name: state.state for name, state in topic_log.read_states(MACHINE, topics).items()}
    assert states == {f"{school}.2019.start": "checked" for school in (first, second, third)}
    assert machine_log.read(MACHINE, topics).replayed(MACHINE).differences == []


def test_a_restart_goes_on_where_it_stood(topics, run_process):
    commands = lives(schools=10, seed=2)
    for start, end in ((0, 60), (60, len(commands))):
        with run_process("confirmation", topics) as process:
            write(topics, commands[start:end])
            wait_until_answered(process, topics, commands[:end])
    assert_equals_the_replay(topics, len(commands))
    assert not any(read_all(topics, CONFIRMATION_REFUSALS).keys() - set(range(PARTITIONS)))


def test_a_restart_after_kafka_forgot_the_group_asks_nothing_again(topics, run_process):
    """It drops a group's offsets after seven idle days."""
    commands, more = lives(schools=10, seed=2), lives(schools=1, seed=3)
    with run_process("confirmation", topics) as process:
        write(topics, commands)
        wait_until_answered(process, topics, commands)
    with closing(kafka.admin(topics)) as admin:
        admin.delete_groups(["csdl.confirmation"])
    with run_process("confirmation", topics) as process:
        write(topics, more)
        wait_until_answered(process, topics, [*commands, *more])
    assert_equals_the_replay(topics, len(commands) + len(more))


@pytest.mark.slow
@pytest.mark.faults
@pytest.mark.parametrize("seed", [1])
def test_killed_again_and_again_under_load_it_loses_and_repeats_nothing(topics, run_process, seed):
    commands = lives(schools=400, seed=seed)
    writer = threading.Thread(target=write, args=(topics, commands, 0.08), daemon=True)
    rng = random.Random(seed)
    writer.start()
    for _ in range(4):
        with run_process("confirmation", topics) as process:
            time.sleep(rng.uniform(0.2, 1.2))
            process.popen.kill()
            process.popen.wait()
    with run_process("confirmation", topics) as process:
        writer.join()
        wait_until_answered(process, topics, commands)
    assert_equals_the_replay(topics, len(commands))


def test_a_producer_that_was_fenced_cannot_end_its_successors_transaction(topics):
    def begun():
        producer = kafka.producer(topics, transactional_id="test")
        producer.init_transactions()
        producer.begin_transaction()
        producer.send(CONFIRMATION_COMMANDS, b"", partition=0).get()
        return producer

    fenced, successor = begun(), begun()
    with pytest.raises(InvalidProducerEpochError):
        fenced.send(CONFIRMATION_COMMANDS, b"", partition=0).get()
    wait_until(fenced._transaction_manager.has_error)  # whatever it asks of the broker before it gives up
    fenced.close()
    successor.commit_transaction()
    successor.close()
    assert [len(messages) for messages in read_all(topics, CONFIRMATION_COMMANDS).values()] == [1]


@pytest.mark.slow
@pytest.mark.faults
@pytest.mark.parametrize("seed", [1, 2])
def test_a_paused_process_that_wakes_beside_its_successor_writes_nothing(topics, run_process, seed):
    commands = lives(schools=400, seed=seed)
    writer = threading.Thread(target=write, args=(topics, commands, 0.08), daemon=True)
    rng = random.Random(seed)
    elsewhere = topics.model_copy(update={"data_dir": topics.data_dir / "another-machine"})
    with run_process("confirmation", topics) as paused:
        writer.start()
        time.sleep(rng.uniform(0.5, 1.5))
        paused.popen.send_signal(signal.SIGSTOP)
        with run_process("confirmation", elsewhere) as successor:
            time.sleep(rng.uniform(0.2, 1.0))
            paused.popen.send_signal(signal.SIGCONT)
            writer.join()
            wait_until_answered(successor, topics, commands)
            wait_until(lambda: paused.popen.poll() is not None, seen=paused.tail)
            assert paused.popen.returncode == 1
    assert_equals_the_replay(topics, len(commands))
