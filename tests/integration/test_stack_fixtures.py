"""The fixtures that other tests stand on."""

import psycopg2

from runtime import kafka
from runtime.settings import Settings
from schemas.topics import topics as all_topics
from tests.support import ANSWER_S


def _tables(settings: Settings) -> int:
    connection = psycopg2.connect(settings.database_url.get_secret_value())
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'")
        (tables,) = cursor.fetchone() or (0,)
        cursor.execute("CREATE TABLE left_by_a_test ()")
    connection.close()
    return int(tables)


def test_every_test_has_a_database_of_its_own_part_one(database: Settings) -> None:
    assert _tables(database) > 0


def test_every_test_has_a_database_of_its_own_part_two(database: Settings) -> None:
    assert _tables(database) > 0


def test_topics_are_those_of_the_code_and_empty(topics: Settings) -> None:
    names = {topic.name for topic in all_topics(topics.vendors)}
    producer = kafka.producer(topics)
    producer.send(sorted(names)[0], b"value", b"key").get(ANSWER_S)
    producer.close()
    assert names <= set(kafka.admin(topics).list_topics())


def test_topics_are_empty_after_another_test_wrote(topics: Settings) -> None:
    consumer = kafka.consumer(topics)
    for topic in all_topics(topics.vendors):
        partitions = consumer.partitions_for_topic(topic.name) or set()
        assert len(partitions) == topic.partitions
    consumer.close()
