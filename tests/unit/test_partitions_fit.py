"""Where our own clients write, and what a process says of topics with other partitions: without a broker."""

import pytest

from runtime import kafka
from runtime.settings import Settings
from runtime.topic_admin import PartitionsFit
from schemas.topics import PARTITIONS, RECORDS_ACCEPTED
from schemas.topics import topics as declared


class Cluster:
    """So many partitions of any topic."""

    def __init__(self, number: int) -> None:
        self.partitions = set(range(number))

    def topics(self) -> set[str]:
        return {RECORDS_ACCEPTED}

    def partitions_for_topic(self, topic: str) -> set[int]:
        return self.partitions

    available_partitions_for_topic = partitions_for_topic


@pytest.mark.parametrize("number", [PARTITIONS, PARTITIONS + 1, 4 * PARTITIONS])
def test_a_school_stays_in_its_partition_however_many_there_are(number: int) -> None:
    place = kafka._ByKey().partition
    for school in (f"19{n:06d}".encode() for n in range(200)):
        assert place(RECORDS_ACCEPTED, None, school, None, None, Cluster(number)) == kafka.partition_of(
            school
        )


def test_what_has_no_key_and_a_topic_of_fewer_goes_where_kafka_would_put_it() -> None:
    place = kafka._ByKey().partition
    assert {place(RECORDS_ACCEPTED, None, None, None, None, Cluster(3)) for _ in range(200)} == {0, 1, 2}
    schools = [f"19{n:06d}".encode() for n in range(200)]
    assert {place(RECORDS_ACCEPTED, None, s, None, None, Cluster(3)) for s in schools} == {0, 1, 2}


@pytest.mark.parametrize(("number", "code"), [(PARTITIONS, None), (2 * PARTITIONS, "TOPIC-001")])
def test_a_process_waits_while_a_topic_has_other_partitions(
    monkeypatch: pytest.MonkeyPatch, number: int, code: str | None
) -> None:
    settings = Settings(vendors=["smas"])

    class Admin:
        def describe_topics(self) -> list[dict[str, object]]:
            usual = {topic.name: topic.partitions for topic in declared(settings.vendors)}
            found = usual | {RECORDS_ACCEPTED: number, "another-system": 50}
            return [{"name": name, "partitions": [{}] * many} for name, many in found.items()]

        def close(self) -> None:
            pass

    monkeypatch.setattr(kafka, "admin", lambda *_, **__: Admin())
    refused = PartitionsFit(settings).refused()
    assert (refused and refused.code) == code
    if refused:
        assert refused.params == {"topic": RECORDS_ACCEPTED, "found": "12", "declared": "6"}
