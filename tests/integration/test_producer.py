"""A producer that nobody waits for any more."""

from runtime import kafka
from schemas.topics import in_topic


def test_one_that_is_abandoned_with_a_message_in_hand_leaves_no_thread(topics):
    """Its own close fails then, and leaves one that asks the broker for ever: a core, in a long run."""
    producer = kafka.producer(topics, linger_ms=60_000)
    sent = producer.send(in_topic("smas"), b"x", key=b"19164101")
    kafka.abandon(producer)
    assert sent.is_done and not producer._sender.is_alive()
