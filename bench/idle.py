"""What one person waits for on a stack that has nothing else to do, one thing after the other."""

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Final

from kafka import KafkaProducer

from access import confirmation_acts
from access.grant_acts import grant
from bench import ours
from bench.ours import WAIT_S, Push
from bench.records import DISTRICTS, PUPILS_A_SCHOOL, schools
from bench.running import Running, say
from producers.synthetic.shape import department
from runtime import kafka
from runtime.accounts import vendor
from schemas.encoding import codec
from schemas.topics import CONFIRMATION_EVENTS, in_topic
from streams.confirmation import machine as confirmation
from streams.confirmation.events import Fact
from streams.confirmation.state import Stage
from streams.grants import process as grants
from streams.grants.commands import Act
from streams.machines import wire
from streams.machines.commands_client import CommandsClient

PROCESSES: Final = ("check", "outbox", "confirmation", "projection")
UNCOUNTED: Final = 20
"""Steps before those that count: the machines catch up with what the lanes left, and every partition with
them."""

PAUSE_S: Final = 0.5
"""Longer than load waits for a push that comes close behind another: there is none on an idle stack."""

LOOK_S: Final = 0.003


def pupils_needed(number: int) -> int:
    """Of so many steps that count."""
    return (UNCOUNTED + number) * PUPILS_A_SCHOOL


def begin(it: Running) -> None:
    """Start what is needed, and wait until the relay has sent what the lanes left."""
    say("idle")
    it.start(*PROCESSES)
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        with it.db, it.db.cursor() as cur:
            cur.execute("SELECT NOT EXISTS (SELECT FROM outbox)")
            (is_empty,) = cur.fetchone()
        if is_empty:
            return
        time.sleep(0.2)
    raise TimeoutError(f"the outbox is not empty after {WAIT_S} s")


def waits(it: Running, number: int) -> tuple[list[float], list[float]]:
    """Milliseconds, sorted: from a command's sending to its effect in the read model, and from a push's
    sending to the event that its version is checked. So many of each."""
    work = it.pushes(pupils_needed(number), clean=True)
    with closing(kafka.producer(it.settings.acting_as(vendor(ours.VENDOR)))) as producer:
        opened = list(_opened_ms(it, producer, work))
        checked = list(_checked_ms(it, producer, work))
    return sorted(opened[UNCOUNTED:]), sorted(checked[UNCOUNTED:])


def commands_per_s(it: Running, number: int) -> float:
    """So many commands to the grants machine at once, until the last one is answered, its client included."""
    say("commands")
    it.stop(*PROCESSES)
    commands = [
        grant(Act.ALLOW, "vnedu", code, unit=department(), account="bench")
        for code in schools(number * PUPILS_A_SCHOOL)
    ]
    with CommandsClient(grants.MACHINE, it.settings) as client:
        start = time.perf_counter()
        outcomes = client.send_many(commands)
        seconds = time.perf_counter() - start
    ours.refuse_refusals(outcomes)
    return round(number / seconds)


def _opened_ms(it: Running, producer: KafkaProducer, work: Sequence[Push]) -> Iterator[float]:
    """The department opens each push's dataset."""
    machine = confirmation.MACHINE
    for step, one in enumerate(work):
        _pause(step)
        command = confirmation_acts.opening(one.dataset, (DISTRICTS[0], department()), account="bench")
        value = codec.encode(machine.command_contract, wire.to_record(command))
        sent = time.perf_counter()
        producer.send(machine.inputs[0].topic, value, key=machine.key(command).encode())
        while not _is_open(it, one.dataset):
            if time.perf_counter() - sent > WAIT_S:
                raise TimeoutError(f"command {step} has no effect after {WAIT_S} s")
            time.sleep(LOOK_S)
        yield 1000 * (time.perf_counter() - sent)


def _checked_ms(it: Running, producer: KafkaProducer, work: Sequence[Push]) -> Iterator[float]:
    with closing(kafka.consumer(it.settings)) as consumer:
        parts = kafka.partitions(CONFIRMATION_EVENTS)
        consumer.assign(parts)
        for tp, end in consumer.end_offsets(parts).items():
            consumer.seek(tp, end)
        for step, one in enumerate(work):
            _pause(step)
            sent = time.perf_counter()
            for value in one.values:
                producer.send(in_topic(ours.VENDOR), key=one.school.encode(), value=value)
            checked: set[str] = set()
            while one.dataset not in checked:
                if time.perf_counter() - sent > WAIT_S:
                    raise TimeoutError(f"push {step} is not checked after {WAIT_S} s")
                for messages in consumer.poll(timeout_ms=50).values():
                    events = [codec.decode(message.value)[1] for message in messages]
                    checked |= {e["DatasetId"] for e in events if e["Event"] == Fact.VERSION_CHECKED}
            yield 1000 * (time.perf_counter() - sent)


def _is_open(it: Running, dataset: str) -> bool:
    with it.db, it.db.cursor() as cur:
        cur.execute("SELECT state FROM confirmation WHERE dataset_id = %s", (dataset,))
        found = cur.fetchone()
    return bool(found) and found[0] == Stage.COLLECTING


def _pause(step: int) -> None:
    """Never the same twice, so that no process's own rhythm is met at one point of it."""
    time.sleep(PAUSE_S * (1 + step * 0.618 % 1))
