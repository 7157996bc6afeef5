"""The outbox: what the database must tell Kafka is written with the rows, and a relay sends it.

Invariant: a message leaves the table only after Kafka has acknowledged it, so it is sent at least once. A
message that is sent again is the same byte for byte, and carries a deterministic id: readers drop the repeat.
The relay sends in the order of ``id``, one relay at a time (an advisory lock held by its transaction), so the
messages of a key keep their order. One that no topic takes stays in the table, where its age is seen.
"""

import select
import time
from collections import Counter
from collections.abc import Sequence
from typing import Final

from kafka import KafkaProducer
from psycopg2.extensions import connection, cursor
from psycopg2.extras import execute_values

from runtime import kafka, metrics, postgres
from runtime.process import Process
from runtime.reading import MAX_OUTPUT

CHANNEL: Final = "outbox"
BATCH: Final = 1000
LOCK: Final = 0x6F757462
WAIT_S: Final = 0.5
"""At most so long between two looks; a NOTIFY ends the wait at once."""

SEND_TIMEOUT_S: Final = 30.0


def put(cur: cursor, topic: str, messages: Sequence[tuple[bytes, bytes]]) -> None:
    """Write (key, value) messages to be sent when the transaction commits."""
    if not messages:
        return
    execute_values(
        cur,
        "INSERT INTO outbox (topic, key, value) VALUES %s",
        [(topic, key, value) for key, value in messages],
        page_size=1000,
    )
    cur.execute(f"NOTIFY {CHANNEL}")


def relay(conn: connection, producer: KafkaProducer) -> Counter[str]:
    """Send one batch and forget it, in one transaction; messages sent by topic."""
    with conn, conn.cursor() as cur:
        cur.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        cur.execute(
            "SELECT id, topic, key, value FROM outbox WHERE octet_length(key) + octet_length(value) <= %s "
            "ORDER BY id LIMIT %s",
            (MAX_OUTPUT, BATCH),
        )
        rows = cur.fetchall()
        if not rows:
            return Counter()
        sent = [producer.send(topic, key=bytes(key), value=bytes(value)) for _, topic, key, value in rows]
        producer.flush(timeout=SEND_TIMEOUT_S)
        for future in sent:
            future.get(timeout=0)  # raises what Kafka said; nothing is deleted then
        cur.execute("DELETE FROM outbox WHERE id = ANY(%s)", ([r[0] for r in rows],))
    return Counter(topic for _, topic, _, _ in rows)


class Outbox(Process):
    """``csdl run outbox``: sends what stands in the table, in its order."""

    name = "outbox"

    def open(self) -> None:
        """Listen for what is written from now on."""
        self._conn = self.closes(postgres.connect(self.settings, "csdl-outbox"))
        self._listener = self.closes(postgres.connect(self.settings, "csdl-outbox-listen"))
        self._listener.autocommit = True
        with self._conn, self._conn.cursor() as cur:
            # A relay that was stopped in mid-transaction must not hold the lock for ever.
            cur.execute("SET idle_in_transaction_session_timeout = '60s'")
        with self._listener.cursor() as cur:
            cur.execute(f"LISTEN {CHANNEL}")
        self._producer = self.closes(kafka.producer(self.settings))

    def step(self) -> None:
        """Send a batch, or wait until something is written."""
        started = time.perf_counter()
        sent = relay(self._conn, self._producer)
        if sent:
            metrics.BATCH_SECONDS.labels(self.name).observe(time.perf_counter() - started)
            for topic, n in sent.items():
                metrics.OUTBOX_SENT.labels(topic).inc(n)
        else:
            select.select([self._listener], [], [], WAIT_S)
            self._listener.poll()
            self._listener.notifies.clear()
