"""Partitions that somebody added to a topic are in a backup; a restore makes the topic as declared, and what
nobody had read in them comes into the partition of its key."""

from contextlib import closing
from datetime import UTC, datetime
from importlib.metadata import version

import pytest
from kafka import TopicPartition
from kafka.structs import OffsetAndMetadata

from backup import manifest, restoring, sealing, shelf, taking
from runtime import agreement, kafka
from runtime.topic_admin import deviations
from schemas.topics import PARTITIONS, VALIDATION_GROUP, in_topic
from sinks.provincial import schema
from tests.conftest import delete_topics, empty_topics
from tests.support import ANSWER_S, wait_until

SMAS = in_topic("smas")
SCHOOL = b"19164999"
OWN = TopicPartition(SMAS, kafka.partition_of(SCHOOL))
ADDED = TopicPartition(SMAS, PARTITIONS + 2)


@pytest.fixture
def added(topics):
    """A school's messages: three in its own partition, five in one that was added, two of which are read."""
    with closing(kafka.admin(topics)) as admin, closing(kafka.producer(topics)) as producer:
        admin.create_partitions({SMAS: 2 * PARTITIONS})
        wait_until(lambda: len(admin.describe_topics([SMAS])[0]["partitions"]) == 2 * PARTITIONS)
        for tp, number in [(OWN, 3), (ADDED, 5)]:
            for n in range(number):
                value = f"{tp.partition} {n}".encode()
                producer.send(SMAS, value, SCHOOL, [("n", b"%d" % n)], tp.partition).get(ANSWER_S)
        with closing(kafka.consumer(topics, group_id=VALIDATION_GROUP)) as reader:
            reader.commit({tp: OffsetAndMetadata(2, "", -1) for tp in (OWN, ADDED)})
        yield topics
        delete_topics(admin, {SMAS})
    empty_topics(topics)


def _of(settings, tp):
    with closing(kafka.consumer(settings)) as consumer:
        return [(m.value, m.key, m.headers, m.timestamp) for m in kafka.to_end(consumer, [tp])]


def test_what_lay_in_added_partitions_is_kept_and_read_after_a_restore(added, tmp_path):
    settings = added
    key = sealing.make(tmp_path / "backup.key")
    folder = tmp_path / shelf.name(datetime.now(UTC))
    folder.mkdir()
    writing = taking.Writing(folder, key)
    copied, stood, cluster = taking._topics(settings, writing, manifest.silent)
    now = datetime.now(UTC).isoformat()
    made = manifest.Manifest(
        id=folder.name, begun=now, ended=now, product=version("csdl"), revision=schema.expected(),
        province="19", cluster=cluster, system="s", postgres="180001", key=key.id, vendors=["smas"],
        settings={}, files=writing.files, topics=copied, groups=stood,
    )  # fmt: skip
    own, foreign = _of(settings, OWN), _of(settings, ADDED)
    assert {each.tp: each.records for each in copied if each.records} == {OWN: 3, ADDED: 5}

    with closing(kafka.admin(settings)) as admin:
        delete_topics(admin, {SMAS})
    empty_topics(settings)
    restoring._kafka(settings, folder, key, made, manifest.silent)

    assert deviations(settings) == []
    assert _of(settings, OWN) == own + foreign[2:]
    with closing(kafka.consumer(settings, group_id=VALIDATION_GROUP)) as reader:
        assert reader.committed(OWN) == 2
        assert agreement.logs(reader, [OWN])[OWN].end == 6
