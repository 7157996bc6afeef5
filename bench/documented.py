"""The documented way: one JSON record an event, a Faust agent with a table, a kafka-python sink with
``execute_values``. Settings as the libraries' documentation shows them.

``python -m bench.documented agent|sink`` runs one of its two processes.
"""

import json
import sys
import time
from typing import Any, Final

import faust
import polars as pl
from kafka import KafkaConsumer
from kafka.admin import NewTopic
from psycopg2.extensions import connection
from psycopg2.extras import execute_values

from bench.table import columns_sql
from runtime import credentials, kafka, postgres
from runtime.settings import Settings
from streams.validation.faust.app import login

TABLE: Final = "bench_documented"
SOURCE: Final = "bench.documented.in"
CHECKED: Final = "bench.documented.checked"
APP: Final = "bench-documented"
WAIT_S: Final = 300.0


def prepare(settings: Settings, db: connection, records: pl.DataFrame) -> None:
    """Its topics and its empty table."""
    admin = kafka.admin(settings)
    names = [SOURCE, CHECKED, f"{APP}-schools-changelog", f"{APP}-__assignor-__leader"]
    have = set(admin.list_topics())
    missing = [
        NewTopic(name=n, num_partitions=1 if "leader" in n else 6, replication_factor=1)
        for n in names
        if n not in have
    ]
    if missing:
        admin.create_topics(missing)
    admin.close()
    with db.cursor() as cur:
        cur.execute(f"DROP TABLE IF EXISTS {TABLE}")
        cur.execute(f"CREATE TABLE {TABLE} ({columns_sql(records)}, PRIMARY KEY (school, client_id))")
    db.commit()


def events(records: pl.DataFrame) -> list[tuple[bytes, bytes]]:
    """(key, value) of each record, encoded before the clock starts as in our lane."""
    return [
        (row["school"].encode(), json.dumps(row, default=str).encode())
        for row in records.iter_rows(named=True)
    ]


def produce(settings: Settings, work: list[tuple[bytes, bytes]]) -> None:
    """One event a record."""
    producer = kafka.producer(settings)
    for key, value in work:
        producer.send(SOURCE, key=key, value=value)
    producer.flush()
    producer.close()


def agent(settings: Settings) -> None:
    """The Faust worker: counts records a school in a table, passes a record on if it has what it must."""
    app = faust.App(
        APP,
        broker=f"kafka://{settings.bootstrap_servers}",
        broker_credentials=login(settings),
        store="memory://",
        topic_partitions=6,
        topic_disable_leader=True,
        web_enabled=False,
    )
    source = app.topic(SOURCE, key_type=str, key_serializer="raw", value_serializer="json")
    checked = app.topic(CHECKED, key_type=str, key_serializer="raw", value_serializer="json")
    schools = app.Table("schools", default=int, partitions=6)

    @app.agent(source)
    async def check(stream: Any) -> None:
        async for key, record in stream.items():
            schools[record["school"]] += 1
            if record.get("ho_ten") and record.get("ngay_sinh") and record.get("ma_dan_toc"):
                await checked.send(key=key, value=record)

    faust.Worker(app, loglevel="error").execute_from_commandline()


def sink(settings: Settings) -> None:
    """The sink: up to 500 records a poll, one ``execute_values`` and one commit each."""
    consumer = KafkaConsumer(
        CHECKED,
        bootstrap_servers=settings.bootstrap_servers,
        **credentials.client(settings),
        group_id="bench-documented-sink",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    db = postgres.connect(settings)
    while True:
        polled = consumer.poll(timeout_ms=500)
        rows = [json.loads(m.value) for messages in polled.values() for m in messages]
        if not rows:
            continue
        names = list(rows[0])
        updates = ", ".join(f"{n} = excluded.{n}" for n in names if n not in ("school", "client_id"))
        with db.cursor() as cur:
            execute_values(
                cur,
                f"INSERT INTO {TABLE} ({', '.join(names)}) VALUES %s "
                f"ON CONFLICT (school, client_id) DO UPDATE SET {updates}",
                [tuple(row[n] for n in names) for row in rows],
                page_size=len(rows),
            )
        db.commit()
        consumer.commit()


def wait_for_rows(db: connection, rows: int) -> None:
    """Wait until the table holds so many rows. Raises TimeoutError."""
    deadline = time.monotonic() + WAIT_S
    while True:
        with db.cursor() as cur:
            cur.execute(f"SELECT count(*) FROM {TABLE}")
            (count,) = cur.fetchone()
        db.commit()
        if count >= rows:
            return
        if time.monotonic() > deadline:
            raise TimeoutError(f"{count} of {rows} rows after {WAIT_S} s")
        time.sleep(0.2)


if __name__ == "__main__":
    part = sys.argv.pop(1)  # the rest is Faust's own command line
    {"agent": agent, "sink": sink}[part](Settings())
