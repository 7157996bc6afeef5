"""A third machine needs its own folder and nothing else: it is killed, and loses and repeats nothing."""

import random
import time
from datetime import date
from threading import Thread
from uuid import UUID

import pytest

from runtime import kafka
from schemas.encoding import codec
from streams.machines import chain, machine_log, topic_log, wire
from streams.machines.commands_client import CommandsClient
from streams.machines.state_cache import StateCache
from tests.integration.third_machine import contracts
from tests.integration.third_machine.machine import COMMANDS, MACHINE, REGISTER, Command, Kind, Seat
from tests.support import run_process

MODULE = ("tests.integration.third_machine",)
SEATS = (Seat("Vĩnh Yên", date(2010, 1, 1)), Seat("Phúc Yên"))


@pytest.fixture
def units(topics, tmp_path, monkeypatch):
    contracts.add(tmp_path / "schemas", monkeypatch)
    with contracts.created(topics):
        yield topics


def asked(code: str, number: int, what: str, sequence: int = -1) -> Command:
    role = "register" if what == "count" else "department_officer"
    return Command(
        str(UUID(int=number)),
        code,
        what,
        "19",
        role,
        Kind.COMMUNE,
        SEATS[number % 2 :],
        {"THCS": number},
        sequence,
    )


def test_its_values_come_back_as_they_were_said(units):
    with run_process("units", units, module=MODULE), CommandsClient(MACHINE, units) as client:
        opened = client.send(asked("08878", 2, "open", 0))
        again = client.send(asked("08878", 2, "open", 0))
    assert opened.code == ""
    assert (again.code, again.refusal and again.refusal["Subject"]) == ("CONF-SEQUENCE", "08878")
    (state,) = topic_log.read_states(MACHINE, units, "08878").values()
    assert (state.kind, state.seats, state.main_seat) == (Kind.COMMUNE, SEATS, SEATS[0])
    cache = StateCache(MACHINE, units)
    cache.start()
    assert cache.catch_up(timeout=60)
    assert (cache.get("08878"), cache.get("08879")) == (state, None)
    cache.stop()


@pytest.mark.slow
@pytest.mark.faults
def test_two_writers_and_a_kill_in_the_middle_lose_and_repeat_nothing(units):
    rng = random.Random(1)
    codes = [f"{8000 + n:05}" for n in range(60)]
    commands = [asked(code, n, "open", 0) for n, code in enumerate(codes, 1)]
    for n in range(2000):
        what = rng.choice(["move", "count", "count", "sink"])
        commands.append(asked(rng.choice(codes), 100 + n, what, rng.randrange(12)))
    commands += [rng.choice(commands) for _ in range(300)]  # the same bytes once more
    writer = Thread(target=write, args=(units, commands))
    writer.start()
    for _ in range(2):
        with run_process("units", units, module=MODULE) as process:
            time.sleep(rng.uniform(0.2, 0.8))
            process.popen.kill()
            process.popen.wait()
    with run_process("units", units, module=MODULE) as process:
        writer.join()
        process.wait_until(lambda: decided(units) == len(commands))
    log = machine_log.read(MACHINE, units)
    again = log.replayed(MACHINE)
    assert (again.differences, again.decided) == ([], len(commands))
    assert {e["CommandTopic"] for e in log.events} == {COMMANDS, REGISTER}
    assert topic_log.read_states(MACHINE, units) == again.states
    for code in codes:
        assert chain.breaks(code, [e for e in log.events if e["UnitCode"] == code]) == []


def write(settings, commands):
    producer = kafka.producer(settings)
    for n, command in enumerate(commands):
        topic = REGISTER if command.role == "register" else COMMANDS
        value = codec.encode("UnitCommand", wire.to_record(command))
        producer.send(topic, value, key=command.unit_code.encode())
        if n % 50 == 0:
            time.sleep(0.05)
    producer.close()


def decided(settings) -> int:
    """Commands whose answers are committed."""
    consumer = kafka.consumer(settings, group_id=f"csdl.{MACHINE.name}")
    try:
        return sum(consumer.committed(tp) or 0 for tp in kafka.partitions(*MACHINE.input_topics()))
    finally:
        consumer.close()
