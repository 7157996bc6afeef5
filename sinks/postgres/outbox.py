"""The outbox: what the database must tell Kafka is written with the rows, and a relay sends it.

Invariant: a message leaves the table only after Kafka has acknowledged it, so it is sent at least once. A
message that is sent again is the same byte for byte, and carries a deterministic id: readers drop the repeat.
The relay sends in the order of ``id``, one relay at a time (an advisory lock held by its transaction), so the
messages of a key keep their order. One that its topic does not take is set aside with a code and stays in the
table; what is behind it goes on. Each start tries those once more: the topic's limit may have been mended.
"""

import logging
import time
from collections import Counter
from collections.abc import Sequence
from typing import Final

from psycopg2.extensions import connection, cursor
from psycopg2.extras import execute_values

from runtime import kafka, metrics, postgres
from runtime.process import Process
from runtime.reading import MAX_OUTPUT
from runtime.settings import Settings
from sinks.postgres import listening
from sinks.postgres.listening import Listener

BATCH: Final = 1000
BATCH_BYTES: Final = 32 * 1024 * 1024
"""A batch ends with the message that passes it."""

LOCK: Final = 0x6F757462
WAIT_S: Final = 0.5
"""At most so long between two looks; a NOTIFY ends the wait at once."""

SEND_TIMEOUT_S: Final = 30.0

TOO_LARGE: Final = "OUT-001"
Row = tuple[int, str, memoryview, memoryview]
"""(id, topic, key, value)."""

_NEXT: Final = """
SELECT id, topic, key, CASE WHEN size <= %(most)s THEN value END FROM (
    SELECT *, sum(size) OVER (ORDER BY id) - size AS before FROM (
        SELECT *, octet_length(key) + octet_length(value) AS size FROM outbox
        WHERE code = '' ORDER BY id LIMIT %(batch)s
    ) AS next
) AS sized WHERE before < %(bytes)s ORDER BY id
"""
"""What is larger than any topic takes is not even fetched."""

log = logging.getLogger("csdl")


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
    listening.tell(cur, listening.OUTBOX)


class Sender:
    """A producer that is made anew when Kafka has refused a message: kafka-python's then fails for good, with
    all that it still had to send."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._producer = kafka.producer(settings)

    def send(self, rows: Sequence[Row]) -> int:
        """How many of them Kafka has, in their order: all, or those before the first that is too large.

        That one is found by halves. What was sent on the way is sent again. Raises what else Kafka says.
        """
        try:
            self._send(rows)
            return len(rows)
        except kafka.TOO_LARGE:
            self._anew()
        if len(rows) == 1:
            return 0
        middle = len(rows) // 2
        sent = self.send(rows[:middle])
        return sent if sent < middle else middle + self.send(rows[middle:])

    def close(self) -> None:
        """Leave."""
        self._producer.close()

    def _send(self, rows: Sequence[Row]) -> None:
        sent = [
            self._producer.send(topic, key=bytes(key), value=bytes(value)) for _, topic, key, value in rows
        ]
        kafka.answered(sent, SEND_TIMEOUT_S)

    def _anew(self) -> None:
        self._producer.close()
        self._producer = kafka.producer(self._settings)


def relay(conn: connection, sender: Sender) -> Counter[str]:
    """Send one batch and forget it, in one transaction; messages sent by topic. The first that its topic does
    not take is set aside, what is behind it is the next batch's."""
    with conn, conn.cursor() as cur:
        cur.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        cur.execute(_NEXT, {"most": MAX_OUTPUT, "batch": BATCH, "bytes": BATCH_BYTES})
        rows = cur.fetchall()
        fit = [row for row in rows if row[3] is not None]
        aside = [row for row in rows if row[3] is None]
        sent = sender.send(fit) if fit else 0
        aside += fit[sent : sent + 1]
        cur.execute("DELETE FROM outbox WHERE id = ANY(%s)", ([number for number, *_ in fit[:sent]],))
        cur.execute(
            "UPDATE outbox SET code = %s WHERE id = ANY(%s)", (TOO_LARGE, [number for number, *_ in aside])
        )
    for number, topic, *_ in aside:
        log.error("%s: message %d for %s set aside in the table outbox", TOO_LARGE, number, topic)
    return Counter(topic for _, topic, *_ in fit[:sent])


class Outbox(Process):
    """``csdl run outbox``: sends what stands in the table, in its order."""

    name = "outbox"

    def open(self) -> None:
        """Listen for what is written from now on, and try once more what was set aside."""
        self._conn = self.closes(postgres.connect(self.settings, "csdl-outbox"))
        self._listener = self.closes(Listener(self.settings, "csdl-outbox-listen", listening.OUTBOX))
        with self._conn, self._conn.cursor() as cur:
            # A relay that was stopped in mid-transaction must not hold the lock for ever.
            cur.execute("SET idle_in_transaction_session_timeout = '60s'")
            cur.execute("UPDATE outbox SET code = '' WHERE code <> ''")
        self._sender = self.closes(Sender(self.settings))

    def step(self) -> None:
        """Send a batch, or wait until something is written."""
        started = time.perf_counter()
        sent = relay(self._conn, self._sender)
        if sent:
            metrics.BATCH_SECONDS.labels(self.name).observe(time.perf_counter() - started)
            for topic, n in sent.items():
                metrics.OUTBOX_SENT.labels(topic).inc(n)
        else:
            self._listener.wait(WAIT_S)
