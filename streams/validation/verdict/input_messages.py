"""What arrives on the vendors' topics, sorted: chunks, removals and closings to judge, dead letters to put
aside. Pure.

Bytes that cannot be judged never stop those beside them: a group that will not decode is decoded one by one,
and what decodes neither by pyruhvro nor by fastavro is a dead letter with a code. Nothing can be cut out of
such a value: Avro does not say where a record ends, so behind the first bad byte no border is known.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import pyarrow as pa

from schemas.contracts.chunks import MAX_RECORDS, MAX_VALUE
from schemas.contracts.contracts import record_types
from schemas.encoding import codec, columnar
from schemas.topics import vendor_of
from streams.validation.verdict.shape import sound_closing, sound_header

CLOSED: Final = "PushClosed"
REMOVED: Final = "RecordsRemoved"
REPORTED: Final = "Reported"
WRONG_CONTRACT: Final = "VAL-004"
TOO_LARGE: Final = "VAL-009"
NOT_UTF8: Final = "AVRO-005"
WRONG_HEADER: Final = "VAL-006"
UNKNOWN_TYPE: Final = "VAL-012"


@dataclass(frozen=True)
class InputMessage:
    """One message: its bytes, the topic it came on, and the day in Vietnam on which Kafka took it.

    ``fault``: code of what makes it a dead letter whatever it holds.
    """

    value: bytes
    topic: str
    on: date
    fault: str = ""

    @property
    def vendor(self) -> str:
        """Who wrote it: the topic proves it."""
        return vendor_of(self.topic)


@dataclass
class Sorted:
    """Positions in the messages given. ``batches``: (positions, what decoded), one or more a contract."""

    batches: list[tuple[list[int], columnar.Batch]] = field(default_factory=list)
    removals: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    closings: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    letters: list[tuple[int, str]] = field(default_factory=list)


def sort(messages: Sequence[InputMessage]) -> Sorted:
    """Every message comes out once: in a batch, as a removal, as a closing or as a dead letter.

    Codes: AVRO-001..003 cannot be decoded, AVRO-005 not UTF-8, VAL-004 no contract of this topic, VAL-006 a
    header that cannot be carried on, VAL-009 too large, VAL-012 removals of a type that does not exist.
    """
    out = Sorted()
    groups: dict[int, list[int]] = {}
    for i, message in enumerate(messages):
        try:
            if message.fault:
                raise codec.Undecodable(message.fault)
            if len(message.value) > MAX_VALUE:
                raise codec.Undecodable(TOO_LARGE)
            contract = codec.contract_of(message.value)
            if contract.name == CLOSED:
                out.closings.append((i, _closing(message.value)))
            elif contract.name == REMOVED:
                out.removals.append((i, _removal(message.value)))
            elif contract.name.endswith(REPORTED):
                groups.setdefault(contract.id, []).append(i)
            else:
                raise codec.Undecodable(WRONG_CONTRACT)
        except codec.Undecodable as exc:
            out.letters.append((i, exc.code))
    for positions in groups.values():
        _decode(messages, positions, out)
    return out


def _closing(value: bytes) -> dict[str, Any]:
    event = codec.decode(value)[1]
    if not sound_closing(event):
        raise codec.Undecodable(WRONG_HEADER)
    return event


def _removal(value: bytes) -> dict[str, Any]:
    event = codec.decode(value)[1]
    fault = _fault(event, len(event["Removed"]))
    if fault is None and event["RecordType"] not in record_types():
        fault = UNKNOWN_TYPE
    if fault:
        raise codec.Undecodable(fault)
    return event


def _decode(messages: Sequence[InputMessage], positions: list[int], out: Sorted) -> None:
    """Together if all of them decode and are sound, else one by one."""
    try:
        batch = _readable([messages[i].value for i in positions])
    except codec.Undecodable:
        batch = None
    if batch is not None and not any(map(_fault, batch.headers, batch.lengths)):
        out.batches.append((positions, batch))
        return
    for i in positions:
        try:
            one = _decode_one(messages[i].value)
            fault = _fault(one.headers[0], one.lengths[0])
            if fault:
                raise codec.Undecodable(fault)
            out.batches.append(([i], one))
        except codec.Undecodable as exc:
            out.letters.append((i, exc.code))


def _fault(header: dict[str, Any], length: int) -> str | None:
    """Code of what makes a decoded chunk, or its like of removals, a dead letter all the same."""
    if length > MAX_RECORDS:
        return TOO_LARGE
    return None if sound_header(header) else WRONG_HEADER


def _readable(values: Sequence[bytes]) -> columnar.Batch:
    """What decodes and is UTF-8 throughout. Raises Undecodable: what is not would crash whoever reads it."""
    batch = columnar.decode_batch(values)
    if batch.came is not None:
        try:
            batch.came.validate(full=True)
        except pa.ArrowInvalid:
            raise codec.Undecodable(NOT_UTF8) from None
    return batch


def _decode_one(value: bytes) -> columnar.Batch:
    """By pyruhvro, else row by row by fastavro (which also refuses bytes behind the record)."""
    try:
        return _readable([value])
    except codec.Undecodable:
        return columnar.decode_rows(value)
