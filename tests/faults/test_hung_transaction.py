"""A transaction that nobody ends, of a vendor and of our own: it holds up its partition's readers, no others,
is said, and is passed over when the broker has ended it.
"""

import os
import signal
from contextlib import closing, contextmanager

import psutil
import pytest

from access import grant_acts as grants
from doctor import transactions
from runtime import kafka
from schemas.encoding import codec, columnar
from schemas.topics import (
    GRANTS_COMMANDS,
    GRANTS_EVENTS,
    RECORDS_ACCEPTED,
    in_topic,
)
from sinks.watch.process import Watch
from streams.grants.commands import Act
from streams.machines import shards, topic_log, wire
from tests.integration.test_validation import REGISTER, grant, row
from tests.integration.test_watch import lag, value
from tests.organisation import put_units
from tests.pushed import chunk, pupil
from tests.support import run_process, wait_until

pytestmark = [pytest.mark.faults, pytest.mark.slow]

TIMEOUT_MS = 60_000
"""The broker's bound: what is held up is not read meanwhile, however slow the machine. What the broker does
after it, a new writer of the same id has it do at once."""

HELD, FREE = "19164501", "19164502"
"""Schools of two partitions."""


def send(settings, topic, school, *values):
    producer = kafka.producer(settings)
    for each in values:
        producer.send(topic, each, school.encode())
    producer.flush()
    producer.close()


@contextmanager
def hung(settings, topic, school, *values):
    """A transaction that was begun and written; its writer does nothing more. Taken back at the end."""
    producer = kafka.producer(settings, "hangs", transaction_timeout_ms=TIMEOUT_MS)
    producer.init_transactions()
    producer.begin_transaction()
    for each in values:
        producer.send(topic, each, school.encode())
    producer.flush()
    yield
    with closing(kafka.producer(settings, "hangs")) as another:
        another.init_transactions()
    producer.close(timeout=0)


def is_held(settings, topic):
    return topic in {found.problem.params["topic"] for found in transactions.section(settings, long_s=0)}


def of(school, number, vendor="smas"):
    return chunk("HocSinh", [pupil(number)], push=f"{school}-{number}", school=school, vendor=vendor)


def test_a_vendors_hung_transaction_holds_up_its_partition_alone_and_is_passed_over(settings):
    settings = register(settings)
    topic = in_topic("smas")
    for school in (HELD, FREE):
        grant(settings, "smas", school)
    grant(settings, "vnedu", HELD)
    with run_process("validation", settings) as validation, Watch(settings) as watch:
        with hung(settings, topic, HELD, of(HELD, 1)):
            send(settings, topic, HELD, of(HELD, 2))
            assert is_held(settings, topic)
            wait_until(lambda: watch.measure() and lag("csdl-validation", topic, "validation") == 2)
            assert value("csdl_oldest_waiting_seconds", stage="validation") > 0
            send(settings, topic, FREE, of(FREE, 3))
            send(settings, in_topic("vnedu"), HELD, of(HELD, 4, "vnedu"))
            validation.wait_until(lambda: judged(settings) == [f"{HELD}-4", f"{FREE}-3"])
            validation.wait_until(validation.is_ready)
        validation.wait_until(lambda: f"{HELD}-2" in judged(settings))
        assert judged(settings) == [f"{HELD}-2", f"{HELD}-4", f"{FREE}-3"]
        assert not is_held(settings, topic)
        wait_until(lambda: watch.measure() and lag("csdl-validation", topic, "validation") == 0)


def register(settings):
    path = settings.data_dir / "register.csv"
    path.write_text(REGISTER + row(HELD) + row(FREE), encoding="utf-8")
    return put_units(settings.model_copy(update={"register_file": path}))


def judged(settings):
    messages = topic_log.read(settings, kafka.partitions(RECORDS_ACCEPTED))
    return sorted(columnar.decode_chunk(message.value).header["PushId"] for message in messages)


def test_a_machine_that_is_frozen_before_its_commit_decides_once(settings):
    """What it had written is taken back by the broker; woken, it cannot commit that any more."""
    asked = grants.grant(Act.ALLOW, "smas", HELD, unit="19", account="test")
    frozen = ("tests.faults.frozen_grants", str(TIMEOUT_MS))
    with run_process("grants", settings, module=frozen) as first, Watch(settings) as watch:
        send(settings, GRANTS_COMMANDS, HELD, codec.encode("GrantCommand", wire.to_record(asked)))
        wait_until(lambda: psutil.Process(first.pid).status() == psutil.STATUS_STOPPED, seen=first.tail)
        assert is_held(settings, GRANTS_EVENTS)
        wait_until(lambda: watch.measure() and lag("projection", GRANTS_EVENTS, "projection") == 1)
        assert decided(settings) == []
        shards.fence_others(settings, "grants", {0})
        wait_until(lambda: not is_held(settings, GRANTS_EVENTS))
        os.kill(first.pid, signal.SIGCONT)
        first.wait_until(lambda: "SYS-009" in first.tail())
        first.popen.kill()
    assert decided(settings) == []
    with run_process("grants", settings) as second:
        second.wait_until(lambda: decided(settings) == [asked.command_id])


def decided(settings):
    messages = topic_log.read(settings, kafka.partitions(GRANTS_EVENTS))
    return [codec.decode(message.value)[1]["CommandId"] for message in messages]
