"""A message that no topic takes is set aside in the table, with a code: real Kafka, real PostgreSQL."""

import os
from contextlib import closing

import pytest
from kafka.admin import ConfigResource, ConfigResourceType, NewTopic

from doctor import outbox as examined
from runtime import kafka
from runtime.reading import MAX_OUTPUT
from schemas.topics import PARTITIONS, PUSH_ANSWERS
from sinks.postgres import outbox
from sinks.postgres.outbox import Outbox
from sinks.watch import tables
from tests.support import wait_until

SMALL = "csdl.test.small"
LIMIT = 200_000
LARGE = LIMIT * 2


@pytest.fixture
def small(settings):
    """A topic that takes less than the others, as one that somebody set so."""
    with closing(kafka.admin(settings)) as admin:
        config = {"max.message.bytes": str(LIMIT)}
        admin.create_topics([NewTopic(SMALL, PARTITIONS, 1, topic_configs=config)])
        yield SMALL
        admin.delete_topics([SMALL])


def put(conn, topic, *values):
    with conn, conn.cursor() as cur:
        outbox.put(cur, topic, [(b"19164999", value) for value in values])


def left(conn):
    """(code, bytes of the value) of what stands in the table."""
    with conn, conn.cursor() as cur:
        cur.execute("SELECT code, octet_length(value) FROM outbox ORDER BY id")
        return cur.fetchall()


def noise(size):
    """Bytes that no compression makes fewer."""
    return os.urandom(size)


def test_what_no_topic_takes_is_set_aside_with_a_code_and_the_rest_goes_on(
    settings, conn, sent, small, caplog
):
    put(conn, small, b"1", noise(LARGE), b"2")
    put(conn, PUSH_ANSWERS, b"3", noise(MAX_OUTPUT), b"4")
    aside = [("OUT-001", LARGE), ("OUT-001", MAX_OUTPUT)]
    with Outbox(settings) as relay:
        wait_until(lambda: left(conn) == aside, relay.step)
        put(conn, small, b"5")
        wait_until(lambda: left(conn) == aside, relay.step)
    # What went out before the large one was found is sent again: readers drop the repeat.
    assert list(dict.fromkeys(m.value for m in sent(small))) == [b"1", b"2", b"5"]
    assert list(dict.fromkeys(m.value for m in sent(PUSH_ANSWERS))) == [b"3", b"4"]
    said = [r.getMessage() for r in caplog.records if "OUT-001" in r.getMessage()]
    assert len(said) == 2 and not any("19164999" in one for one in said)

    waiting = tables.look(conn)
    assert (waiting.outbox, waiting.outbox_age, waiting.outbox_aside) == (0, 0.0, 2)
    found = [f.problem for f in examined.section(settings)]
    assert {(p.code, p.params["topic"], p.params["count"]) for p in found} == {
        ("OUT-001", small, 1),
        ("OUT-001", PUSH_ANSWERS, 1),
    }


def test_what_was_set_aside_is_tried_again_by_the_next_start(settings, conn, sent, small):
    put(conn, small, noise(LARGE))
    with Outbox(settings) as relay:
        wait_until(lambda: left(conn) == [("OUT-001", LARGE)], relay.step)
    with closing(kafka.admin(settings)) as admin:
        larger = {"max.message.bytes": str(LARGE * 2)}
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, small, larger)], incremental=True)
    with Outbox(settings) as relay:
        wait_until(lambda: left(conn) == [], relay.step)
    assert [len(m.value) for m in sent(small)] == [LARGE]


def test_a_batch_is_bounded_by_its_bytes(settings, conn, sent, monkeypatch):
    """A thousand answers that name each pupil would be held twice over."""
    monkeypatch.setattr(outbox, "BATCH_BYTES", 1000)
    put(conn, PUSH_ANSWERS, *[noise(600)] * 4, noise(5000), b"last")
    with closing(outbox.Sender(settings)) as sender:
        counts = []
        while n := sum(outbox.relay(conn, sender).values()):
            counts.append(n)
    assert counts == [2, 2, 1, 1]
    assert len(sent(PUSH_ANSWERS)) == 6
