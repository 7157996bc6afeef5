"""Topics on a real Kafka are as schemas/topics.py declares them, also those that an earlier release made."""

import time
from contextlib import closing
from typing import Any

import pytest
from kafka.admin import ConfigResource, ConfigResourceType, NewTopic

from runtime import kafka
from runtime.topic_admin import PartitionsFit, deviations, ensure_topics, kept_longer, shorten
from schemas.errors import ProblemList
from schemas.topics import CONFIRMATION_STATE, MINISTRY_EXPORT, PARTITIONS, RECORDS_ACCEPTED, in_topic
from schemas.topics import topics as all_topics
from tests.conftest import delete_topics, empty_topics
from tests.support import ANSWER_S, wait_until

SMAS = in_topic("smas")
YEAR_MS = 365 * 24 * 3600 * 1000
LANDED = {"cleanup.policy": "delete", "max.message.bytes": "8388608", "retention.ms": "2592000000"}
"""Settings that the first release gave a vendor's topic."""


@pytest.fixture
def remade(topics):
    """Make a topic anew with other settings; all are as declared again at the end."""

    with closing(kafka.admin(topics)) as admin:
        names = set()

        def remake(name, partitions=6, config=LANDED):
            delete_topics(admin, {name})
            admin.create_topics([NewTopic(name, partitions, 1, topic_configs=config)])
            wait_until(lambda: name in admin.list_topics())
            names.add(name)

        yield remake
        delete_topics(admin, names)
    empty_topics(topics)


def config(settings, name):
    admin = kafka.admin(settings)
    resource = ConfigResource(ConfigResourceType.TOPIC, name)
    found = admin.describe_configs([resource], config_filter="all")["topic"][name]
    admin.close()
    return {key: value["value"] for key, value in found.items()}


def write(settings, topic, **message):
    """The time of the one message that is written, as readers see it."""
    producer = kafka.producer(settings)
    producer.send(topic, key=b"k", value=b"v", **message).get(ANSWER_S)
    producer.close()
    consumer = kafka.consumer(settings)
    (*_, last) = kafka.to_end(consumer, kafka.partitions(topic))
    consumer.close()
    return last.timestamp


def test_every_topic_is_as_declared(topics):
    assert deviations(topics) == []
    assert ensure_topics(topics) == []


def test_a_backdated_message_does_not_let_retention_delete_it(topics):
    before = int(time.time() * 1000) - 60_000
    for at in (before - YEAR_MS, before + YEAR_MS):
        assert before < write(topics, SMAS, timestamp_ms=at) < before + 600_000


def test_topics_of_the_landed_state_get_todays_settings(topics, remade):
    remade(SMAS, config=LANDED | {"segment.bytes": "104857600", "flush.messages": "10000"})
    kept = write(topics, SMAS)

    changes = [str(change) for change in ensure_topics(topics)]

    assert changes == [
        f"{SMAS}: message.timestamp.type CreateTime → LogAppendTime",
        f"{SMAS}: flush.messages 10000 → 1",
    ]
    wait_until(lambda: config(topics, SMAS)["message.timestamp.type"] == "LogAppendTime")
    assert config(topics, SMAS)["segment.bytes"] == "104857600"
    assert write(topics, SMAS, timestamp_ms=1) >= kept
    assert deviations(topics) == []


@pytest.mark.parametrize(
    ("kept_ms", "after_ms"), [("86400000", "2592000000"), ("7776000000", "7776000000"), ("-1", "-1")]
)
def test_a_retention_is_made_longer_and_never_shorter(topics, remade, kept_ms, after_ms):
    remade(SMAS, config=LANDED | {"retention.ms": kept_ms})
    ensure_topics(topics)
    wait_until(lambda: config(topics, SMAS)["message.timestamp.type"] == "LogAppendTime")
    assert config(topics, SMAS)["retention.ms"] == after_ms
    assert deviations(topics) == []


def test_what_is_kept_for_longer_is_said_and_shortened_where_somebody_asks(topics, remade):
    remade(SMAS, config=LANDED | {"retention.ms": "-1"})
    wait_until(lambda: [c.topic for c in kept_longer(topics)] == [SMAS])
    assert shorten(topics, {MINISTRY_EXPORT}) == []
    (change,) = shorten(topics, {SMAS})
    assert str(change) == f"{SMAS}: retention.ms -1 → 2592000000"
    wait_until(lambda: config(topics, SMAS)["retention.ms"] == change.now)


def test_what_differs_is_said_with_what_to_do(topics, remade):
    remade(CONFIRMATION_STATE)
    found = deviations(topics)
    assert {p.code for p in found} == {"TOPIC-003"}
    assert {p.params["setting"] for p in found} == {"cleanup.policy", "message.timestamp.type"}


def test_another_number_of_partitions_is_refused_before_anything_is_changed(topics, remade):
    remade(SMAS, partitions=3)
    with pytest.raises(ProblemList) as refused:
        ensure_topics(topics)
    (problem,) = refused.value.problems
    assert problem.code == "TOPIC-001" and problem.params["found"] == 3
    assert config(topics, SMAS)["message.timestamp.type"] == "CreateTime"


@pytest.mark.parametrize(
    ("asked", "codes"),
    [
        ({"replication_factor": 3, "min_insync_replicas": 2}, {"TOPIC-002", "TOPIC-005"}),
        ({"min_insync_replicas": 2}, {"TOPIC-006"}),
    ],
)
def test_replicas_that_cannot_be_had_are_said_at_start(topics, asked, codes):
    with pytest.raises(ProblemList) as refused:
        ensure_topics(topics.model_copy(update=asked))
    assert {p.code for p in refused.value.problems} == codes
    assert config(topics, SMAS)["min.insync.replicas"] == "1"


def test_every_topic_takes_kafkas_time():
    assert {t.config()["message.timestamp.type"] for t in all_topics(["smas"])} == {"LogAppendTime"}


def test_partitions_that_somebody_added_keep_a_process_waiting_and_move_no_school(topics, remade):
    remade(RECORDS_ACCEPTED, partitions=PARTITIONS)
    gate = PartitionsFit(topics)
    often: dict[str, Any] = {"metadata_max_age_ms": 500}
    assert gate.refused() is None
    with (
        closing(kafka.admin(topics)) as admin,
        closing(kafka.producer(topics, **often)) as ours,
    ):
        schools = [f"19{n:06d}".encode() for n in range(40)]

        def written():
            return [ours.send(RECORDS_ACCEPTED, b"v", key=s).get(ANSWER_S).partition for s in schools]

        before = written()
        admin.create_partitions({RECORDS_ACCEPTED: 2 * PARTITIONS})
        wait_until(lambda: len(ours.partitions_for(RECORDS_ACCEPTED)) == 2 * PARTITIONS)
        assert written() == before == [kafka.partition_of(s) for s in schools]
    refused = gate.refused()
    assert refused is not None
    assert refused.code == "TOPIC-001"
    assert refused.params == {"topic": RECORDS_ACCEPTED, "found": "12", "declared": "6"}
    assert "TOPIC-001" in {p.code for p in deviations(topics)}
