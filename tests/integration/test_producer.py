"""A producer that nobody waits for any more."""

import pytest

from runtime import kafka
from runtime.process import Fenced
from schemas.topics import CONFIRMATION_EVENTS, in_topic
from streams.confirmation.process import Confirmation


def test_one_that_is_abandoned_with_a_message_in_hand_leaves_no_thread(topics):
    """Its own close fails then, and leaves one that asks the broker for ever: a core, in a long run."""
    producer = kafka.producer(topics, linger_ms=60_000)
    sent = producer.send(in_topic("smas"), b"x", key=b"19164101")
    kafka.abandon(producer)
    assert sent.is_done and not producer._sender.is_alive()


def test_a_machine_that_ends_with_messages_in_hand_says_what_ended_it(topics):
    """Its producer's close failed then: one that was fenced told a time-out and was started again at once."""
    with pytest.raises(Fenced), Confirmation(topics) as machine:
        machine._producer.begin_transaction()
        for _ in range(100):
            machine._producer.send(CONFIRMATION_EVENTS, b"x", key=b"19164101")
        raise Fenced
