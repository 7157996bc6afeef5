"""The push service sees what waits for validation and load in a real Kafka and a real PostgreSQL."""

from contextlib import closing

import pytest
from kafka.structs import OffsetAndMetadata

from producers.gateway import pressure
from producers.gateway.pressure import BUSY, LEAST_S, MOST_S, SPREAD, Pressure
from runtime import kafka
from runtime.connections import Connections
from schemas.topics import RECORDS_ACCEPTED, VALIDATION_GROUP, in_topic
from tests.support import wait_until

MOST = 5


@pytest.fixture
def watched(settings, monkeypatch):
    monkeypatch.setattr(pressure, "EVERY_S", 0.1)
    bounded = settings.model_copy(update={"push_most_waiting": MOST})
    with (
        closing(Connections(bounded, "csdl-gateway")) as connections,
        closing(Pressure(bounded, connections)) as it,
    ):
        it.start()
        yield it


def write(settings, topic, count):
    with closing(kafka.producer(settings)) as producer:
        for _ in range(count):
            producer.send(topic, key=b"19164999", value=b"x")
        producer.flush()


def commit(settings, topic, offset):
    """As validation does. All lies in one partition."""
    with closing(kafka.consumer(settings, VALIDATION_GROUP)) as reader:
        of = {tp: end for tp, end in reader.end_offsets(kafka.partitions(topic)).items() if end}
        reader.commit({tp: OffsetAndMetadata(min(offset, end), "", -1) for tp, end in of.items()})


def test_pushes_are_refused_while_too_much_waits_for_a_stage_and_no_longer(settings, watched, ask):
    assert watched.refused() is None  # nobody knows yet
    write(settings, in_topic("smas"), MOST)
    write(settings, in_topic("vnedu"), 1)
    wait_until(watched.refused)
    (problem,) = watched.refused().problems
    assert (problem.code, problem.params["waiting"], problem.params["most"]) == (BUSY, MOST + 1, MOST)
    assert LEAST_S <= problem.params["retry_after"] <= MOST_S * (1 + SPREAD)
    commit(settings, in_topic("smas"), 1)
    wait_until(lambda: watched.refused() is None)

    write(settings, RECORDS_ACCEPTED, MOST + 1)
    wait_until(watched.refused)
    ask(
        "INSERT INTO consumer_offset (consumer, topic, partition, next_offset, epoch)"
        " SELECT 'load', %s, n, %s, 1 FROM generate_series(0, 5) AS n",
        RECORDS_ACCEPTED,
        MOST,
    )
    wait_until(lambda: watched.refused() is None)


def test_the_door_is_open_while_nobody_can_say_what_waits(settings, watched, monkeypatch):
    write(settings, in_topic("smas"), MOST + 1)
    wait_until(watched.refused)
    monkeypatch.setattr(pressure, "STALE_S", -1.0)
    assert watched.refused() is None
