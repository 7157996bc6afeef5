"""Our lane: pushes, from the first chunk produced to the last version stored, or checked."""

import time
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import polars as pl
from psycopg2.extensions import connection

from access.grant_acts import grant
from bench.records import DISTRICTS, PUPILS_A_SCHOOL, YEAR, class_of, schools
from producers import client
from producers.client import CHUNK, PushReceipt, chunks_of, tombstones, totals
from producers.model import ROW, SourceTable, Target
from producers.synthetic.shape import department
from runtime import kafka
from runtime.accounts import vendor
from runtime.settings import Settings
from schemas import datasets
from schemas.encoding import codec
from schemas.topics import in_topic
from streams.grants.commands import Act, Right
from streams.grants.process import MACHINE
from streams.machines.commands_client import CommandOutcome, CommandsClient

VENDOR: Final = "smas"
KIND: Final = "1"
WAIT_S: Final = 900.0
LOOK_S: Final = 0.05
LOOK_AT: Final = 100
"""Versions looked for at once: the whole table, looked through over and over, would be seen in the costs."""


@dataclass(frozen=True)
class Push:
    """A school's push as it is sent: chunks, and the closing at the end."""

    school: str
    values: Sequence[bytes]

    @property
    def dataset(self) -> str:
        """What it speaks of."""
        return datasets.dataset_id(self.school, YEAR, KIND)


def register(settings: Settings, pupils: int) -> None:
    """A register with the schools of so many pupils; written before the processes start."""
    of = f"lower_secondary,{DISTRICTS[0]},{DISTRICTS[0]}"
    lines = [f"{code},Trường Mẫu,{of},2010-01-01,,1" for code in schools(pupils)]
    header = "code,name,level,district,managing_unit,valid_from,valid_to,active"
    settings.register_file.parent.mkdir(parents=True, exist_ok=True)
    settings.register_file.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")


def allow(settings: Settings, pupils: int) -> None:
    """Grant the vendor every school of so many pupils."""
    rights = (Right.REMOVE,)
    commands = [
        grant(Act.ALLOW, VENDOR, code, unit=department(), account="bench", rights=rights)
        for code in schools(pupils)
    ]
    with CommandsClient(MACHINE, settings) as asking:
        refuse_refusals(asking.send_many(commands))


def refuse_refusals(outcomes: Iterable[CommandOutcome]) -> None:
    """Raises RuntimeError with the codes, if any command was refused."""
    if refused := {outcome.code for outcome in outcomes} - {""}:
        raise RuntimeError(f"commands are refused: {refused}")


def pushes(records: pl.DataFrame, first: int = 0, *, classes: bool = False) -> Iterator[Push]:
    """Each school's push, encoded as the client does. ``first``: number of the first pupil; ``classes``: the
    school's class comes with them.

    Vendors encode on their own machines, so this is done before a lane's clock starts.
    """
    parts = records.iter_slices(PUPILS_A_SCHOOL)
    for school, part in zip(schools(records.height, first), parts, strict=True):
        yield push(school, part, classes=classes)


def push(
    school: str, pupils: pl.DataFrame, *, classes: bool = False, removals: Mapping[str, Sequence[str]] = {}
) -> Push:
    """One school's push. ``removals``: type → the sender's ids of records that leave."""
    tables = [SourceTable("HocSinh", "bench", "", pupils.with_row_index(ROW, 1))]
    if classes:
        tables.append(SourceTable("LopHoc", "bench", "", class_of(school).with_row_index(ROW, 1)))
    return of_tables(school, tables, removals)


def of_tables(school: str, tables: Sequence[SourceTable], removals: Mapping[str, Sequence[str]] = {}) -> Push:
    """A school's push of whole lists, as an adapter read them."""
    target = Target(VENDOR, school, YEAR, KIND)
    push_id, opened = str(uuid.uuid4()), datetime.now(UTC)
    chunks = list(chunks_of(tables, target, push_id, CHUNK))
    chunks += tombstones(removals, target, push_id, len(chunks))
    removed = {record_type: len(ids) for record_type, ids in removals.items()}
    receipt = PushReceipt(
        push_id, target, len(chunks), opened, datetime.now(UTC), totals(tables), removed=removed
    )
    closed = codec.encode("PushClosed", client.closing(receipt))
    return Push(school, [*(value for _, value in chunks), closed])


def send(settings: Settings, work: Iterable[Push]) -> None:
    """Push everything as fast as it goes."""
    with closing(kafka.producer(settings.acting_as(vendor(VENDOR)))) as producer:
        for one in work:
            for value in one.values:
                producer.send(in_topic(VENDOR), key=one.school.encode(), value=value)
        producer.flush()


def wait_for(db: connection, work: Iterable[Push], *, version: int = 1, checked: bool) -> None:
    """Wait until the pushes' datasets have this version stored, or checked. Raises TimeoutError."""
    waiting = [one.dataset for one in work]
    deadline = time.monotonic() + WAIT_S
    while waiting:
        done = _done(db, waiting[:LOOK_AT], version, checked)
        waiting = [dataset for dataset in waiting[:LOOK_AT] if dataset not in done] + waiting[LOOK_AT:]
        if not done:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(waiting)} versions are missing after {WAIT_S} s")
            time.sleep(LOOK_S)


def stored(db: connection, work: Iterable[Push], *, version: int = 1) -> tuple[int, int]:
    """(pupils, findings) of these versions."""
    with db, db.cursor() as cur:
        cur.execute(
            "SELECT sum((records ->> 'HocSinh')::integer), coalesce(sum(blocking + warnings), 0) "
            "FROM version WHERE dataset_id = ANY(%s) AND version = %s",
            ([one.dataset for one in work], version),
        )
        pupils, findings = cur.fetchone()
    return int(pupils), int(findings)


def _done(db: connection, some: list[str], version: int, checked: bool) -> set[str]:
    with db, db.cursor() as cur:
        cur.execute(
            "SELECT dataset_id FROM version WHERE dataset_id = ANY(%s) AND version = %s "
            "AND (checked_at IS NOT NULL OR NOT %s)",
            (some, version, checked),
        )
        return {dataset for (dataset,) in cur.fetchall()}
