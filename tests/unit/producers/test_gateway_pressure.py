"""What waits for the pipeline, and when whoever is refused for it is told to come again."""

import pytest
from kafka import TopicPartition

from producers.gateway.pressure import LEAST_S, MOST_S, Look, retry_after, waiting

ONE, OTHER = TopicPartition("t", 0), TopicPartition("t", 1)


@pytest.mark.parametrize(
    ("committed", "begins", "ends", "due"),
    [
        ({}, {ONE: 0, OTHER: 0}, {ONE: 0, OTHER: 0}, 0),
        ({}, {ONE: 0, OTHER: 0}, {ONE: 7, OTHER: 2}, 9),
        ({ONE: 7, OTHER: 1}, {ONE: 0, OTHER: 0}, {ONE: 7, OTHER: 3}, 2),
        ({ONE: 2}, {ONE: 5, OTHER: 0}, {ONE: 7, OTHER: 0}, 2),  # what retention has deleted waits no more
        ({ONE: 9}, {ONE: 0, OTHER: 0}, {ONE: 7, OTHER: 0}, 0),  # of a topic that was made anew
    ],
)
def test_what_waits_is_what_lies_behind_the_readers(committed, begins, ends, due):
    assert waiting(committed, begins, ends) == due


def look(at, most, read):
    return Look(at, {"validation": 0, "load": most}, read)


@pytest.mark.parametrize(
    ("before", "last", "due"),
    [
        (look(0, 72_000, 0), look(2, 70_000, 2_000), 60),  # 60,000 too many at 1,000 a second
        (look(0, 70_000, 0), look(2, 70_000, 0), MOST_S),  # nobody reads
        (look(0, 20_000, 0), look(2, 10_001, 9_000), LEAST_S),
        (look(0, 900_000, 0), look(2, 900_000, 2), MOST_S),
        (look(5, 20_000, 7), look(5, 20_000, 7), MOST_S),  # one look alone
    ],
)
def test_who_is_refused_is_told_when_at_this_pace_it_is_over(before, last, due):
    assert retry_after(before, last, 10_000) == due
