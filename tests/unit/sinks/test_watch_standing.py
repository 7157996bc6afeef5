"""Lag and stillness: what waits for a reader, and since when it has not moved."""

import pytest
from kafka import TopicPartition

from sinks.feed import process as feed
from sinks.ministry.export import process as export
from sinks.ministry.receipts import process as receipts
from sinks.projection import process as projection
from sinks.provincial.load import process as load
from sinks.watch.reader_lag import ReaderPosition, Stillness, by_topic
from sinks.watch.readers import IN_POSTGRES, Reader, readers
from streams.confirmation.process import MACHINE as CONFIRMATION
from streams.grants.process import MACHINE as GRANTS
from streams.organisation.machine import MACHINE as ORGANISATION
from streams.validation.positions import GROUP

LOAD = Reader("load", "load", ("t",), IN_POSTGRES)


def place(committed, end, *, begin=0, partition=0, topic="t"):
    return ReaderPosition(LOAD, TopicPartition(topic, partition), committed, begin, end)


@pytest.mark.parametrize(
    ("committed", "begin", "end", "lag"),
    [
        (None, 0, 0, 0),
        (None, 0, 7, 7),
        (None, 5, 7, 2),
        (3, 0, 7, 4),
        (3, 5, 7, 2),
        (7, 0, 7, 0),
        (9, 0, 7, 0),
    ],
)
def test_what_retention_deleted_does_not_wait(committed, begin, end, lag):
    assert place(committed, end, begin=begin).lag == lag


def test_what_an_open_transaction_keeps_from_a_reader_waits_for_it():
    held = ReaderPosition(LOAD, TopicPartition("t", 0), 9, 0, 9, held=3)
    assert held.lag == 3


def test_a_reader_that_does_not_move_while_messages_wait_stands_still():
    stillness = Stillness()
    assert [stillness.seconds(place(3, 9), True, now) for now in (0.0, 5.0, 10.0)] == [0.0, 5.0, 10.0]


def test_a_reader_that_moves_or_has_nothing_to_read_does_not_stand_still():
    stillness = Stillness()
    assert stillness.seconds(place(3, 9), True, 0.0) == 0.0
    assert stillness.seconds(place(4, 9), True, 5.0) == 0.0
    assert stillness.seconds(place(4, 9), True, 10.0) == 5.0
    assert stillness.seconds(place(9, 9), False, 15.0) == 0.0
    assert stillness.seconds(place(9, 9), False, 20.0) == 0.0


def test_what_came_since_the_last_look_waits_at_most_since_then():
    stillness = Stillness()
    assert stillness.seconds(place(9, 9), False, 20.0) == 0.0
    assert stillness.seconds(place(9, 12), True, 25.0) == 5.0


def test_lag_is_summed_over_partitions_and_told_by_topic():
    places = [place(0, 2), place(1, 5, partition=1), place(0, 1, topic="u")]
    lags = {p: p.lag for p in places}
    assert by_topic(places, lags) == {(LOAD, "t"): 6, (LOAD, "u"): 1}


def test_every_reader_of_the_pipeline_is_watched_under_its_own_name():
    assert {r.name for r in readers(["smas"])} == {
        GROUP,
        f"csdl.{GRANTS.name}",
        f"csdl.{CONFIRMATION.name}",
        f"csdl.{ORGANISATION.name}",
        load.CONSUMER,
        projection.CONSUMER,
        export.CONSUMER,
        receipts.CONSUMER,
        feed.CONSUMER,
    }


def test_the_projections_topics_are_watched():
    [reader] = [r for r in readers([]) if r.stage == "projection"]
    assert set(reader.topics) == set(projection.READS)
