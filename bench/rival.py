"""The rival: the quickest sink in Python that we know of, from a topic of the same Avro chunks.

confluent-kafka fetches, pyruhvro decodes whole batches of chunks column by column, polars writes the text,
COPY into a temporary table and one merge; Kafka's offsets move in the same transaction. The next batch is
fetched and decoded while PostgreSQL stores this one. No validation, no rules, no identity, no history, no
answers; a key that comes twice in a batch would stop it.

``python -m bench.rival`` runs it, until it is killed.
"""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from io import BytesIO
from typing import Final

import polars as pl
import pyarrow as pa
import pyruhvro
from confluent_kafka import Consumer, Message, TopicPartition
from kafka.admin import NewTopic
from psycopg2.extensions import connection

from bench.table import create, csv, merge, receive
from runtime import credentials, kafka, postgres
from runtime.settings import Settings
from schemas.contracts import versions
from schemas.contracts.contracts import record
from schemas.topics import MAX_MESSAGE, PARTITIONS

TABLE: Final = "bench_rival"
OFFSETS: Final = "bench_rival_offset"
TOPIC: Final = "bench.rival.in"
CHUNKS: Final = 40
"""Chunks a commit: some 9,000 rows."""

WAIT_S: Final = 300.0
FRAME: Final = 5
"""Bytes before the Avro body."""

Prepared = tuple[BytesIO, dict[int, int]]
"""Rows as text, and partition → the offset after them."""


def prepare(settings: Settings, db: connection, records: pl.DataFrame) -> None:
    """Its topic, its empty table, and where it starts: behind all that is in the topic."""
    with closing(kafka.admin(settings)) as admin:
        if TOPIC not in admin.list_topics():
            config = {"max.message.bytes": str(MAX_MESSAGE)}
            admin.create_topics([NewTopic(TOPIC, PARTITIONS, 1, topic_configs=config)])
    with closing(kafka.consumer(settings)) as consumer:
        ends = consumer.end_offsets(kafka.partitions(TOPIC))
    create(db, TABLE, records)
    with db, db.cursor() as cur:
        cur.execute(f"DROP TABLE IF EXISTS {OFFSETS}")
        cur.execute(f"CREATE TABLE {OFFSETS} (partition integer PRIMARY KEY, first bigint, next bigint)")
        for tp, end in ends.items():
            cur.execute(f"INSERT INTO {OFFSETS} VALUES (%s, %s, %s)", (tp.partition, end, end))


def produce(settings: Settings, work: Sequence[tuple[bytes, bytes]]) -> None:
    """(key, chunk) of every message, by the producer of our own lane."""
    with closing(kafka.producer(settings)) as producer:
        for key, value in work:
            producer.send(TOPIC, key=key, value=value)
        producer.flush()


def wait_for(db: connection, messages: int) -> None:
    """Wait until so many messages have been committed since ``prepare``. Raises TimeoutError."""
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        with db, db.cursor() as cur:
            cur.execute(f"SELECT sum(next - first) FROM {OFFSETS}")
            (taken,) = cur.fetchone()
        if taken >= messages:
            return
        time.sleep(0.02)
    raise TimeoutError(f"{taken} of {messages} messages after {WAIT_S} s")


def run(settings: Settings) -> None:
    """Take the topic, batch by batch."""
    consumer = Consumer(
        {
            "bootstrap.servers": settings.brokers,
            **_login(settings),
            "group.id": "bench-rival",
            "enable.auto.commit": False,
            "auto.offset.reset": "error",
            "fetch.max.bytes": 32 * 1024 * 1024,
            "max.partition.fetch.bytes": MAX_MESSAGE,
        }
    )
    with closing(postgres.connect(settings)) as db, ThreadPoolExecutor(1) as ahead:
        with db, db.cursor() as cur:
            receive(cur, TABLE)
            cur.execute(f"SELECT partition, next FROM {OFFSETS}")
            consumer.assign([TopicPartition(TOPIC, *at) for at in cur.fetchall()])
        coming = ahead.submit(_prepared, consumer)
        while True:
            prepared, coming = coming.result(), ahead.submit(_prepared, consumer)
            if prepared:
                _store(db, *prepared)


def _login(settings: Settings) -> dict[str, str]:
    """The same way in as ours."""
    if not settings.kafka_user:
        return {}
    return {
        "security.protocol": "SASL_SSL",
        "ssl.ca.location": str(settings.kafka_ca_file),
        "sasl.mechanism": credentials.MECHANISM,
        "sasl.username": settings.kafka_user,
        "sasl.password": credentials.password(settings),
    }


def _prepared(consumer: Consumer) -> Prepared | None:
    messages: list[Message] = consumer.consume(CHUNKS, timeout=0.1)
    if not messages:
        return None
    values = [message.value() or b"" for message in messages]
    batch = pyruhvro.deserialize_array([v[FRAME:] for v in values], versions.newest("HocSinhReported").text)
    chunks = batch.column("Records")
    rows = pl.DataFrame(pl.from_arrow(pa.RecordBatch.from_struct_array(chunks.flatten())))
    of_chunk = pl.DataFrame({"school": batch.column("MaTruongHoc"), "rows": chunks.value_lengths()})
    schools = of_chunk.select(pl.col("school").repeat_by("rows").explode()).to_series()
    return csv(rows.insert_column(0, schools)), {m.partition() or 0: (m.offset() or 0) + 1 for m in messages}


def _store(db: connection, text: BytesIO, after: dict[int, int]) -> None:
    columns = ["school", *(field.column for field in record("HocSinh").fields)]
    with db, db.cursor() as cur:
        merge(cur, TABLE, columns, text)
        for partition, offset in after.items():
            cur.execute(f"UPDATE {OFFSETS} SET next = %s WHERE partition = %s", (offset, partition))


if __name__ == "__main__":
    run(Settings())
