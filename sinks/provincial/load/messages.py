"""What the verdict topic brings: chunks and closings, each with the push it belongs to. Pure.

Whatever comes here has passed validation. What cannot be read all the same is counted and left out, so that
it cannot stand in the way of the rest; its push will not become complete, and its vendor is told so.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from schemas import datasets as dataset_ids
from schemas.encoding import codec
from schemas.encoding.codec import Batch, Header, Undecodable
from sinks.postgres.copying import Records
from sinks.provincial.load.pushes import Closed, PushKey

CLOSED: Final = "PushClosed"
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
class AcceptedMessage:
    """One message that belongs to a push: a chunk with its bytes, or the closing. ``at`` is Kafka's time,
    ``offset`` that of the vendor's message."""

    push: PushKey
    kind: str
    at: datetime
    offset: int
    value: bytes
    chunk: Part | None = None
    closed: Closed | None = None


def arrivals(messages: Sequence[tuple[bytes, datetime, int]]) -> tuple[list[AcceptedMessage], list[str]]:
    """(arrivals in the order given, codes of what is left out) of (value, Kafka's time, source offset)."""
    chunks, codes = decode([value for value, _, _ in messages])
    out: list[AcceptedMessage] = []
    for (value, at, offset), event in zip(messages, chunks, strict=True):
        if event is None:
            continue
        header = event.header if isinstance(event, Part) else event
        key = _key(header)
        if key is None:
            codes.append(NO_DATASET)
        elif isinstance(event, Part):
            out.append(AcceptedMessage(key, header["LoaiDongBo"], at, offset, value, chunk=event))
        else:
            out.append(AcceptedMessage(key, header["LoaiDongBo"], at, offset, value, closed=_closed(event)))
    return out, codes


def decode(values: Sequence[bytes]) -> tuple[list[Part | dict[str, Any] | None], list[str]]:
    """Part, PushClosed or None for each value, and why the Nones are none."""
    out: list[Part | dict[str, Any] | None] = [None] * len(values)
    codes: list[str] = []
    columnar: dict[int, list[int]] = {}
    for i, value in enumerate(values):
        try:
            contract = codec.contract_of(value)
            if contract.name == CLOSED:
                out[i] = codec.decode(value)[1]
            elif contract.name.endswith(REPORTED):
                columnar.setdefault(contract.id, []).append(i)
            else:
                codes.append(NOT_OURS)
        except Undecodable as fault:
            codes.append(fault.code)
    for of_contract in columnar.values():
        try:
            batch = codec.decode_batch([values[i] for i in of_contract])
            for i, part in zip(of_contract, _parts(batch), strict=True):
                out[i] = part
        except Undecodable:
            for i in of_contract:
                try:
                    out[i] = _decode_alone(values[i])
                except Undecodable as fault:
                    codes.append(fault.code)
    return out, codes


def received(part: Part) -> int:
    """Records that a chunk brought, refused ones included; a record refused by several rules is one."""
    return part.records.frame.height + len({(r["Row"], r["ClientId"]) for r in part.header["Refused"]})


def _parts(batch: Batch) -> Iterator[Part]:
    records = Records.of(batch.records)
    start = 0
    for header, length in zip(batch.headers, batch.lengths, strict=True):
        yield Part(batch.record_type, header, records.slice(start, length))
        start += length


def _decode_alone(value: bytes) -> Part:
    """Column by column, else row by row."""
    try:
        batch = codec.decode_batch([value])
    except Undecodable:
        batch = codec.decode_rows(value)
    return next(_parts(batch))


def _key(header: dict[str, Any]) -> PushKey | None:
    """None for a push that speaks of no dataset, or whose names no database can hold."""
    try:
        dataset = dataset_ids.dataset_id(header["MaTruongHoc"], header["NamHoc"], header["LoaiDongBo"])
        school, _, _ = dataset_ids.split(dataset)
    except (KeyError, ValueError):
        return None
    names = (header["Vendor"], header["PushId"], school)
    return None if any("\x00" in n or not n for n in names) else PushKey(names[0], names[1], dataset)


def _closed(event: dict[str, Any]) -> Closed:
    return Closed(event["OpenedAt"], event["ClosedAt"], event["Chunks"], event["Records"])
