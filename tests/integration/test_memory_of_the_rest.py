"""Readers stay within their stated memory, whatever lies before them.

A thousand messages of 15 MB of zeros lie in 1 MB of a topic, and each of them may be unpacked.
"""

from contextlib import closing

import pytest

from runtime import kafka
from schemas.topics import CONFIRMATION_EVENTS, GRANTS_COMMANDS, MINISTRY_RECEIPTS, dlq, in_topic
from tests.integration.test_memory import within_bound
from tests.pushed import SCHOOL
from tests.support import ANSWER_S

LARGE = 15 * 1024 * 1024
"""Bytes; one that unpacks to more than 16 MiB is not unpacked."""

MANY = 150
"""Of them: more than any process may take."""


def dead_letters(settings, topic):
    with closing(kafka.consumer(settings)) as consumer:
        return sum(consumer.end_offsets(kafka.partitions(dlq(topic))).values())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "topic"),
    [
        ("grants", GRANTS_COMMANDS),
        ("projection", CONFIRMATION_EVENTS),
        ("receipts", MINISTRY_RECEIPTS),
        ("validation", in_topic("smas")),
    ],
)
def test_many_messages_that_are_large_only_unpacked_are_dealt_with_in_the_stated_memory(
    name, topic, settings, ask, run_process
):
    """Formerly a poll held as many of them as it may hold messages: a thousand, 15 GB."""
    with closing(kafka.producer(settings, max_request_size=2 * LARGE, linger_ms=0, batch_size=0)) as producer:
        for _ in range(MANY):
            producer.send(topic, bytes(LARGE), SCHOOL.encode()).get(ANSWER_S)

    def is_done():
        if name in ("grants", "validation"):
            return dead_letters(settings, topic) >= MANY
        [(moved,)] = ask(
            "SELECT coalesce(sum(next_offset), 0) FROM consumer_offset WHERE consumer = %s", name
        )
        return moved >= MANY

    with run_process(name, settings) as process:
        process.wait_until(is_done)
        assert within_bound(process), process.tail()
