"""Sending a push: chunks of records to the vendor's topic, closed with its control totals.

Vendors write without transactions (a transaction's markers are offsets that Faust never commits). The
producer is idempotent and keeps a school's order. A push is closed only after the broker has every chunk.
"""

import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, Self

import polars as pl
from kafka import KafkaProducer
from kafka.errors import KafkaError

from producers.model import ROW, SourceTable, Target
from runtime import accounts, kafka
from runtime.clock import ClockCheck
from runtime.settings import Settings
from schemas.contracts.bounds import carried
from schemas.contracts.chunks import MAX_RECORDS, MAX_TEXT
from schemas.contracts.contracts import record_types
from schemas.encoding import codec, columnar
from schemas.encoding.cutting import MAX_BYTES, cuts, weights
from schemas.errors import Problem, ProblemList
from schemas.topics import in_topic

CHUNK: Final = 250
"""Records a chunk: large enough for the columnar codec, small enough for a verdict within a second."""

CONFIRM_S: Final = 60.0
REMOVED: Final = "RecordsRemoved"
CLOSED: Final = "PushClosed"

Message = tuple[str, bytes]
"""Contract and value."""

Removals = Mapping[str, Sequence[str]]
"""Record type → the vendor's own ids of records that leave."""


@dataclass(frozen=True)
class PushReceipt:
    """What was sent. ``records`` by type, refused ones included; ``refused`` by type, before sending;
    ``whole``: types of which it is the whole list; ``removed``: removals by type; ``warnings``: of the
    clock."""

    push_id: str
    target: Target
    chunks: int
    opened_at: datetime
    closed_at: datetime
    records: dict[str, int] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    whole: list[str] = field(default_factory=list)
    removed: dict[str, int] = field(default_factory=dict)
    warnings: list[Problem] = field(default_factory=list)


class PushClient:
    """Sends pushes of one vendor. A context manager; one Kafka producer for all of them."""

    def __init__(self, settings: Settings, vendor: str, *, chunk: int = CHUNK) -> None:
        """Raises ProblemList (SYS-001) if Kafka is away."""
        if not 0 < chunk <= MAX_RECORDS:
            raise ValueError(f"a chunk holds 1 to {MAX_RECORDS} records, not {chunk}")
        self.vendor = vendor
        self._chunk = chunk
        self._clock = ClockCheck()
        try:
            own = settings.acting_as(accounts.vendor(vendor))
            self._producer = kafka.producer(own, bootstrap_timeout_ms=kafka.STAND_BY_MS)
        except KafkaError:
            raise kafka.away(settings) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the producer."""
        self._producer.close()

    def push(
        self,
        school: str,
        year: int,
        kind: str,
        tables: Sequence[SourceTable],
        push_id: str | None = None,
        *,
        parts: Collection[str] = (),
        removals: Removals | None = None,
        complete: bool = True,
    ) -> PushReceipt:
        """Send tables as one push. ``kind`` is LoaiDongBo.

        Of each type that they hold they are the whole list, but of ``parts``. ``removals`` leave with it:
        type → the vendor's own ids, which needs a right of the grant. The same ``push_id`` says that this is
        the same sending again, e.g. after a broken connection; without one the push is new.
        ``complete=False`` leaves the push open. Raises ProblemList (SEND-001) if the broker does not confirm.
        """
        target = Target(self.vendor, school, year, kind)
        chunks, receipt = composed(
            tables, target, push_id or str(uuid.uuid4()), self._chunk, parts=parts, removals=removals
        )
        receipt = send(self._producer, receipt, chunks, self._clock, CONFIRM_S, complete=complete)
        return replace(receipt, warnings=self._clock.warnings())


def composed(
    tables: Sequence[SourceTable],
    target: Target,
    push_id: str,
    size: int = CHUNK,
    *,
    parts: Collection[str] = (),
    removals: Removals | None = None,
) -> tuple[list[Message], PushReceipt]:
    """The chunks of a push that opens now, and what is told of it once they are sent."""
    opened, removals, counts = datetime.now(UTC), removals or {}, totals(tables)
    chunks = list(chunks_of(tables, target, push_id, size))
    chunks += tombstones(removals, target, push_id, len(chunks))
    return chunks, PushReceipt(
        push_id,
        target,
        len(chunks),
        opened,
        opened,
        counts,
        totals(tables, refused_only=True),
        whole=sorted(counts.keys() - set(parts)),
        removed={record_type: len(ids) for record_type, ids in removals.items() if ids},
    )


def send(
    producer: KafkaProducer,
    receipt: PushReceipt,
    chunks: Sequence[Message],
    clock: ClockCheck,
    seconds: float,
    *,
    complete: bool = True,
    headers: Sequence[tuple[str, bytes]] = (),
) -> PushReceipt:
    """Send a push: its chunks and, once the broker has them all, its closing; each within some ``seconds``.
    ``headers``: of every message, beside its contract's.

    Raises ProblemList (SEND-001) if the broker does not confirm: what it has then is no whole push.
    """
    _send(producer, receipt, chunks, clock, seconds, headers)
    receipt = replace(receipt, closed_at=datetime.now(UTC))
    if complete:
        end = [(CLOSED, codec.encode(CLOSED, closing(receipt)))]
        _send(producer, receipt, end, clock, seconds, headers)
    return receipt


def _send(
    producer: KafkaProducer,
    receipt: PushReceipt,
    messages: Sequence[Message],
    clock: ClockCheck,
    seconds: float,
    headers: Sequence[tuple[str, bytes]],
) -> None:
    topic, key = in_topic(receipt.target.vendor), receipt.target.school.encode()
    clock.sending()
    try:
        sent = [
            producer.send(topic, key=key, value=value, headers=[("contract", name.encode()), *headers])
            for name, value in messages
        ]
        kafka.answered(sent, seconds)
        for one in sent:
            clock.stamped(one.get(timeout=0).timestamp)
    except KafkaError as error:
        params = {"reason": type(error).__name__, "push_id": receipt.push_id}
        raise ProblemList([Problem("SEND-001", params=params)]) from None


def chunks_of(
    tables: Sequence[SourceTable], target: Target, push_id: str, size: int
) -> Iterator[tuple[str, bytes]]:
    """(contract, value) of each chunk: one type each, in the order of the types, numbered from 0."""
    order = {t: i for i, t in enumerate(record_types())}
    number = 0
    for table in sorted(tables, key=lambda t: order[t.record_type]):
        headers, lengths, frames = [], [], []
        for part in _parts(table, size):
            headers.append(
                {
                    **_envelope(target, push_id),
                    "Chunk": number,
                    "Source": carried(table.source),
                    "Sheet": carried(table.sheet),
                    "Rows": part.records[ROW].to_list(),
                    "Refused": part.refused.with_columns(_short("ClientId")).to_dicts(),
                }
            )
            lengths.append(part.records.height)
            frames.append(part.records)
            number += 1
        if headers:
            records = pl.concat(frames).drop(ROW)
            name = f"{table.record_type}Reported"
            for value in columnar.encode_chunks(table.record_type, headers, lengths, records):
                yield name, value


def tombstones(removals: Removals, target: Target, push_id: str, first: int) -> Iterator[tuple[str, bytes]]:
    """(contract, value) of the chunks of removals, numbered from ``first``."""
    number = first
    for record_type, ids in removals.items():
        for start in range(0, len(ids), MAX_RECORDS):
            event = {
                **_envelope(target, push_id),
                "Chunk": number,
                "Source": "",
                "Sheet": "",
                "RecordType": record_type,
                "Removed": [
                    {"ClientId": client_id, "Row": row}
                    for row, client_id in enumerate(ids[start : start + MAX_RECORDS], start + 1)
                ],
                "Refused": [],
            }
            yield REMOVED, codec.encode(REMOVED, event)
            number += 1


def _envelope(target: Target, push_id: str) -> dict[str, Any]:
    """What every message of a push says."""
    return {
        "PushId": push_id,
        "Vendor": target.vendor,
        "MaTruongHoc": target.school,
        "NamHoc": target.year,
        "LoaiDongBo": target.kind,
    }


def totals(tables: Sequence[SourceTable], *, refused_only: bool = False) -> dict[str, int]:
    """Records by type; a type that was pushed without a record is not named."""
    counts: dict[str, int] = {}
    for table in tables:
        n = table.refused_count if refused_only else table.count
        if n:
            counts[table.record_type] = counts.get(table.record_type, 0) + n
    return counts


def closing(receipt: PushReceipt) -> dict[str, Any]:
    """The PushClosed event of what was sent."""
    return {
        **_envelope(receipt.target, receipt.push_id),
        "OpenedAt": receipt.opened_at,
        "ClosedAt": receipt.closed_at,
        "Chunks": receipt.chunks,
        "Records": receipt.records,
        "Whole": receipt.whole,
        "Removed": receipt.removed,
    }


def _short(column: str) -> pl.Expr:
    """A text as a header may hold it."""
    return pl.col(column).str.replace_all("\x00", "", literal=True).str.head(MAX_TEXT)


@dataclass(frozen=True)
class _Part:
    records: pl.DataFrame
    refused: pl.DataFrame


def _parts(table: SourceTable, size: int) -> Iterator[_Part]:
    """At most ``size`` records and MAX_BYTES each, by position; a record's refusals together."""
    heavy = weights(table.records)
    if table.count <= size and heavy.sum() <= MAX_BYTES:
        if table.count:
            yield _Part(table.records, table.refused)
        return
    own = pl.DataFrame({"row": table.records[ROW].cast(pl.Int32), "bytes": heavy})
    refused = pl.DataFrame({"row": table.refused["Row"].unique()}).with_columns(bytes=pl.lit(0, pl.Int64))
    rows = pl.concat([own, refused]).sort("row")
    for start, end in cuts(rows["bytes"].to_list(), size):
        first, last = rows["row"][start], rows["row"][end - 1]
        yield _Part(
            table.records.filter(pl.col(ROW).is_between(first, last)),
            table.refused.filter(pl.col("Row").is_between(first, last)),
        )
