"""What the verdict topic brings: chunks, tombstones and closings, each with the push it belongs to. Pure.

Whatever comes here has passed validation. What cannot be read all the same is counted and left out, so that
it cannot stand in the way of the rest; its push will not become complete, and its vendor is told so.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from typing import Final, NamedTuple

import polars as pl
from polars.exceptions import PanicException

from schemas import datasets as dataset_ids
from schemas.contracts import contracts
from schemas.encoding import codec, columnar
from schemas.encoding.codec import Header, Undecodable
from schemas.encoding.columnar import Batch
from schemas.encoding.native import rows
from sinks.postgres.copying import Records
from sinks.provincial.load.fields import fields_held
from sinks.provincial.load.pushes import Closed, PushKey

CLOSED: Final = "PushClosed"
REMOVED: Final = "RecordsRemoved"
REPORTED: Final = "Reported"

NO_DATASET: Final = "REC-004"
NOT_OURS: Final = "REC-005"


@dataclass(frozen=True)
class Part:
    """A chunk: its header (all but Records) and its records, with the texts and hashes that are made for all
    chunks of a batch at once."""

    record_type: str
    header: Header
    records: Records


@dataclass(frozen=True)
class Tombstones:
    """A chunk of removals: its header, Removed (records of one type that leave) and Refused in it."""

    record_type: str
    header: Header


class Verdict(NamedTuple):
    """A message of the accepted topic as it came: its bytes and time, the vendor's message's offset and
    Kafka's time of it, the code if validation found a closing's header wrong, and when the push began, where
    that was before."""

    value: bytes
    at: datetime
    source_offset: int
    source_time: datetime
    fault: str = ""
    began: datetime | None = None


@dataclass(frozen=True)
class AcceptedMessage:
    """One message that belongs to a push: a chunk of records or removals, or the closing."""

    push: PushKey
    kind: str
    came: Verdict
    chunk: Part | Tombstones | None = None
    closed: Closed | None = None


def arrivals(messages: Sequence[Verdict]) -> tuple[list[AcceptedMessage], list[str]]:
    """(messages of pushes in the order given, codes of what is left out)."""
    chunks, codes = decode([m.value for m in messages])
    out: list[AcceptedMessage] = []
    for came, event in zip(messages, chunks, strict=True):
        if event is None:
            continue
        header = event if isinstance(event, dict) else event.header
        key, kind = _key(header), header["LoaiDongBo"]
        if key is None:
            codes.append(NO_DATASET)
        elif isinstance(event, dict):
            out.append(AcceptedMessage(key, kind, came, closed=_closed(event, came.fault)))
        else:
            out.append(AcceptedMessage(key, kind, came, chunk=event))
    return out, codes


def is_closing(value: bytes) -> bool:
    """Whether nothing more of its push is to come."""
    try:
        return codec.contract_name(value) == CLOSED
    except Undecodable:
        return True


def decode(values: Sequence[bytes]) -> tuple[list[Part | Tombstones | Header | None], list[str]]:
    """Chunk, PushClosed or None for each value, and why the Nones are none."""
    out: list[Part | Tombstones | Header | None] = [None] * len(values)
    codes: list[str] = []
    columnar: dict[int, list[int]] = {}
    for i, value in enumerate(values):
        try:
            contract = codec.contract_of(value)
            if contract.name == CLOSED:
                out[i] = codec.decode(value)[1]
            elif contract.name == REMOVED:
                header = codec.decode(value)[1]
                out[i] = Tombstones(header["RecordType"], header)
            elif contract.name.endswith(REPORTED):
                columnar.setdefault(contract.id, []).append(i)
            else:
                codes.append(NOT_OURS)
        except Undecodable as fault:
            codes.append(fault.code)
    for of_contract in columnar.values():
        try:
            for i, part in zip(of_contract, _parts([values[i] for i in of_contract]), strict=True):
                out[i] = part
        except Undecodable:
            for i in of_contract:
                try:
                    out[i] = _decode_alone(values[i])
                except Undecodable as fault:
                    codes.append(fault.code)
    return out, codes


def received(part: Part | Tombstones) -> int:
    """Records or removals of a chunk, refused ones included; one refused by several rules is one."""
    return accepted(part) + len({(r["Row"], r["ClientId"]) for r in part.header["Refused"]})


def accepted(part: Part | Tombstones) -> int:
    """Records or removals of a chunk that validation let through."""
    return part.records.frame.height if isinstance(part, Part) else len(part.header["Removed"])


def _parts(values: Sequence[bytes]) -> list[Part]:
    """Chunks of one contract; in one pass what can be. Raises Undecodable if any of them does not fit."""
    contract = codec.contract_of(values[0])
    columns = fields_held(codec.record_type_of(contract.name) or "")
    taken = rows.take(contract, values, columns) if columns else None
    if taken is not None:
        with suppress(Undecodable):
            rest = columnar.decode_batch(taken.rest)
            if rest.records.height == len(taken.left):
                return _cut(rest, taken.lengths, _filled(taken, rest.records))
    return _whole(columnar.decode_batch(values))


def _filled(taken: rows.Taken, left: pl.DataFrame) -> Records:
    """What was taken, and in their places the records that were left."""
    records = Records(taken.frame, taken.texts, taken.hashes)
    if not taken.left:
        return records
    at = list(range(len(taken.texts)))
    for n, row in enumerate(taken.left):
        at[row] = len(taken.texts) + n
    return Records.concat([records, _records(left, taken.frame.columns)]).gather(at)


def _whole(batch: Batch) -> list[Part]:
    return _cut(batch, batch.lengths, _records(batch.records, fields_held(batch.record_type)))


def _records(records: pl.DataFrame, columns: Sequence[str] | None) -> Records:
    """Raises Undecodable of what polars panics at, which would end the process: a day in a list that no
    calendar has."""
    try:
        return Records.of(records, columns)
    except PanicException:
        raise Undecodable("AVRO-003") from None


def _cut(batch: Batch, lengths: Sequence[int], records: Records) -> list[Part]:
    starts = accumulate(lengths, initial=0)
    return [
        Part(batch.record_type, header, records.slice(start, length))
        for header, start, length in zip(batch.headers, starts, lengths, strict=False)
    ]


def _decode_alone(value: bytes) -> Part:
    """Column by column, else row by row."""
    try:
        batch = columnar.decode_batch([value])
    except Undecodable:
        batch = columnar.decode_rows(value)
    return _whole(batch)[0]


def _key(header: Header) -> PushKey | None:
    """None for a push that speaks of no dataset, or whose names no database can hold."""
    try:
        dataset = dataset_ids.dataset_id(header["MaTruongHoc"], header["NamHoc"], header["LoaiDongBo"])
        school, _, _ = dataset_ids.split(dataset)
    except (KeyError, ValueError):
        return None
    names = (header["Vendor"], header["PushId"], school)
    return None if any("\x00" in n or not n for n in names) else PushKey(names[0], names[1], dataset)


def _closed(event: Header, fault: str) -> Closed:
    """Events of the first version name neither whole lists nor removals."""
    whole = event.get("Whole")
    return Closed(
        event["OpenedAt"],
        event["ClosedAt"],
        event["Chunks"],
        event["Records"],
        removals={t.replace("\x00", ""): n for t, n in event.get("Removed", {}).items()},
        whole=None if whole is None else frozenset(whole) & set(contracts.record_types()),
        fault=fault,
    )
