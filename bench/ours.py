"""Our lane: from the first chunk produced to the last row committed; and a verdict's time at half load."""

import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from threading import Thread
from typing import Final

import polars as pl
from psycopg2.extensions import connection

from access.grant_acts import grant
from bench.records import PUPILS_A_SCHOOL, YEAR, schools
from producers.client import CHUNK, PushReceipt, chunks_of, closing, totals
from producers.model import ROW, SourceTable, Target
from runtime import kafka
from runtime.settings import Settings
from schemas.encoding import codec
from schemas.topics import RECORDS_ACCEPTED, in_topic
from streams.grants.commands import Act
from streams.grants.process import MACHINE
from streams.machines.commands_client import CommandsClient

VENDOR: Final = "smas"
PROCESSES: Final = ("grants", "validation", "load")
WAIT_S: Final = 900.0


def register(settings: Settings, pupils: int) -> None:
    """A register with the schools of so many pupils; written before the processes start."""
    lines = [f"{code},Trường Mẫu,lower_secondary,164,164,2010-01-01,,1" for code in schools(pupils)]
    header = "code,name,level,district,managing_unit,valid_from,valid_to,active"
    settings.register_file.parent.mkdir(parents=True, exist_ok=True)
    settings.register_file.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")


def allow(settings: Settings, pupils: int) -> None:
    """Grant the vendor every school."""
    commands = [grant(Act.ALLOW, VENDOR, code, account="bench") for code in schools(pupils)]
    with CommandsClient(MACHINE, settings) as client:
        client.send_many(commands)


def pushes(records: pl.DataFrame) -> Iterator[tuple[str, list[bytes], bytes]]:
    """(school, chunks, closing) of each school's push, encoded as the client does.

    Vendors encode on their own machines, so this is done before a lane's clock starts.
    """
    for i, school in enumerate(schools(records.height)):
        part = records.slice(i * PUPILS_A_SCHOOL, PUPILS_A_SCHOOL)
        table = SourceTable("HocSinh", "bench", "", part.with_row_index(ROW, 1))
        target = Target(VENDOR, school, YEAR, "1")
        push_id, opened = str(uuid.uuid4()), datetime.now(UTC)
        chunks = [value for _, value in chunks_of([table], target, push_id, CHUNK)]
        receipt = PushReceipt(push_id, target, len(chunks), opened, datetime.now(UTC), totals([table]))
        yield school, chunks, codec.encode("PushClosed", closing(receipt))


def run(settings: Settings, db: connection, work: list[tuple[str, list[bytes], bytes]], rows: int) -> None:
    """Push everything as fast as it goes and wait until ``rows`` rows more are committed."""
    before = count(db)
    producer = kafka.producer(settings)
    for school, chunks, closed in work:
        for value in (*chunks, closed):
            producer.send(in_topic(VENDOR), key=school.encode(), value=value)
    producer.flush()
    producer.close()
    wait_for_rows(db, before + rows)


def wait_for_rows(db: connection, rows: int) -> None:
    """Wait until the pupils' table holds so many rows. Raises TimeoutError."""
    deadline = time.monotonic() + WAIT_S
    while count(db) < rows:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{count(db)} of {rows} rows after {WAIT_S} s")
        time.sleep(0.05)


def count(db: connection) -> int:
    """Rows in the pupils' table, by the pushes' own totals: cheaper than counting rows."""
    with db.cursor() as cur:
        cur.execute("SELECT coalesce(sum(accepted), 0) FROM push WHERE outcome IS NOT NULL")
        (rows,) = cur.fetchone()
    db.commit()
    return int(rows)


def verdict_ms(settings: Settings, records: pl.DataFrame, records_a_second: float) -> list[float]:
    """Milliseconds from a chunk's sending to its verdict being readable, at a paced load; sorted."""
    consumer = kafka.consumer(settings)
    parts = kafka.partitions(RECORDS_ACCEPTED)
    consumer.assign(parts)
    for tp, end in consumer.end_offsets(parts).items():
        consumer.seek(tp, end)
    sent: dict[tuple[bytes, int], float] = {}
    work = list(pushes(records))
    pacing = Thread(target=_paced, args=(settings, work, records_a_second, sent))
    pacing.start()
    took: list[float] = []
    deadline = time.monotonic() + WAIT_S
    while len(took) < len(work) and time.monotonic() < deadline:
        for messages in consumer.poll(timeout_ms=20).values():
            now = time.perf_counter()
            for message in messages:
                if codec.contract_name(message.value) == "HocSinhReported":
                    chunk = codec.decode_chunk(message.value)
                    took.append(1000 * (now - sent[message.key, chunk.header["Chunk"]]))
    pacing.join()
    consumer.close()
    if len(took) < len(work):
        raise TimeoutError(f"{len(took)} of {len(work)} verdicts after {WAIT_S} s")
    return sorted(took)


def _paced(
    settings: Settings,
    work: list[tuple[str, list[bytes], bytes]],
    records_a_second: float,
    sent: dict[tuple[bytes, int], float],
) -> None:
    producer = kafka.producer(settings)
    start = time.perf_counter()
    for i, (school, chunks, closed) in enumerate(work):
        due = start + i * PUPILS_A_SCHOOL / records_a_second
        time.sleep(max(0.0, due - time.perf_counter()))
        key = school.encode()
        for number, value in enumerate(chunks):
            sent[key, number] = time.perf_counter()
            producer.send(in_topic(VENDOR), key=key, value=value)
        producer.send(in_topic(VENDOR), key=key, value=closed)
    producer.flush()
    producer.close()
