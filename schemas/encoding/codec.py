"""Avro on the wire: Confluent framing, single events row by row, chunks of records column by column.

A value is ``0x00``, four bytes of schema id, the Avro body. fastavro reads and writes the small events;
pyruhvro turns whole chunks into Arrow and back without a Python object per value. pyruhvro panics (a
``BaseException``) on bodies that do not fit: that becomes Undecodable here and nowhere else.
"""

import io
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import fastavro
import polars as pl
import pyarrow as pa
import pyruhvro

from schemas.contracts import versions

MAGIC: Final = 0
_FRAME: Final = struct.Struct(">bI")

Header = dict[str, Any]


class Undecodable(Exception):
    """The bytes are not a value of a known contract. ``code`` says why; the bytes are never quoted."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Batch:
    """Several chunks of one contract: ``records`` holds ``lengths[i]`` rows of ``headers[i]``, in order."""

    name: str
    record_type: str
    headers: list[Header]
    lengths: list[int]
    records: pl.DataFrame
    came: pa.RecordBatch | None = None
    """The records as they were decoded, in the writer's version; None where no columnar reader took part."""


@dataclass(frozen=True)
class Chunk:
    """One chunk: its header (all but Records) and its records, one row each."""

    name: str
    record_type: str
    header: Header
    records: pl.DataFrame


def wire_id(value: bytes) -> int | None:
    """The id that a value's frame names, known or not; None of what has no frame."""
    magic, found = _FRAME.unpack_from(value) if len(value) >= _FRAME.size else (None, None)
    return found if magic == MAGIC else None


def contract_of(value: bytes) -> versions.Contract:
    """The contract a value was written with. Raises Undecodable (AVRO-001 framing, AVRO-002 unknown id)."""
    if len(value) < _FRAME.size or value[0] != MAGIC:
        raise Undecodable("AVRO-001")
    contract = versions.by_id().get(_FRAME.unpack_from(value)[1])
    if contract is None:
        raise Undecodable("AVRO-002")
    return contract


def contract_name(value: bytes) -> str:
    """Name of the contract a value was written with. Raises Undecodable."""
    return contract_of(value).name


def frame(contract: versions.Contract, body: bytes) -> bytes:
    """Body with its Confluent frame."""
    return _FRAME.pack(MAGIC, contract.id) + body


def encode(name: str, record: dict[str, Any]) -> bytes:
    """One event. Raises ValueError or TypeError if the record does not fit: a fault of ours."""
    contract = versions.newest(name)
    out = io.BytesIO()
    fastavro.schemaless_writer(out, contract.parsed, record, strict=False, strict_allow_default=True)
    return frame(contract, out.getvalue())


def decode(value: bytes) -> tuple[str, dict[str, Any]]:
    """(contract name, record) of one event. Raises Undecodable (AVRO-001, -002, -003, -005)."""
    contract = contract_of(value)
    source = io.BytesIO(value[_FRAME.size :])
    try:
        record = fastavro.schemaless_reader(source, contract.parsed, None)
    except UnicodeDecodeError:
        raise Undecodable("AVRO-005") from None
    except Exception:
        raise Undecodable("AVRO-003") from None
    if source.read(1):
        raise Undecodable("AVRO-003")
    return contract.name, record  # type: ignore[return-value]


def record_type_of(name: str) -> str | None:
    """Record type of a chunk contract's name, None for the small events."""
    for suffix in ("Reported", "Exported"):
        if name.endswith(suffix):
            return name.removesuffix(suffix)
    return None


def decode_batch(values: Sequence[bytes]) -> Batch:
    """Chunks of one contract and version, all at once. Raises Undecodable if any of them does not fit.

    Whether the records' texts are UTF-8 is not looked at here: ``Batch.came.validate(full=True)`` says it.
    """
    contract = contract_of(values[0])
    record_type = record_type_of(contract.name)
    if record_type is None:
        raise Undecodable("AVRO-004")
    bodies = [v[_FRAME.size :] for v in values]
    try:
        batch = pyruhvro.deserialize_array(bodies, contract.text)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:
        raise Undecodable("AVRO-003") from None
    records = batch.column("Records")
    lengths = records.value_lengths().to_pylist()
    rows = pa.RecordBatch.from_struct_array(records.flatten())
    try:
        header = batch.drop_columns(["Records"]).to_pylist()
    except UnicodeDecodeError:
        raise Undecodable("AVRO-005") from None
    frame = _brought_up(pl.DataFrame(pl.from_arrow(rows)), record_type)
    return Batch(contract.name, record_type, header, lengths, frame, rows)


def decode_rows(value: bytes) -> Batch:
    """One chunk, row by row by fastavro: pyruhvro refuses some values that Avro allows.

    Raises Undecodable; AVRO-003 also for a value that Avro can hold and a column cannot.
    """
    name, event = decode(value)
    record_type = record_type_of(name)
    if record_type is None:
        raise Undecodable("AVRO-004")
    records = event.pop("Records")
    try:
        frame = pl.DataFrame(records, schema=frame_schema(record_type), strict=True)
    except Exception:
        raise Undecodable("AVRO-003") from None
    return Batch(name, record_type, [event], [len(records)], frame)


def _brought_up(records: pl.DataFrame, record_type: str) -> pl.DataFrame:
    """Records of an earlier version as those of the newest: fields added since are null."""
    wanted = frame_schema(record_type)
    if records.schema == wanted:
        return records
    return records.select(
        (pl.col(name) if name in records.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in wanted.items()
    )


def decode_chunks(values: Sequence[bytes]) -> list[Chunk]:
    """Chunks in the order given, decoded together by contract. Raises Undecodable if any does not fit."""
    groups: dict[int, list[int]] = {}
    for i, value in enumerate(values):
        groups.setdefault(contract_of(value).id, []).append(i)
    chunks: dict[int, Chunk] = {}
    for positions in groups.values():
        batch = decode_batch([values[i] for i in positions])
        start = 0
        for i, header, length in zip(positions, batch.headers, batch.lengths, strict=True):
            chunks[i] = Chunk(batch.name, batch.record_type, header, batch.records.slice(start, length))
            start += length
    return [chunks[i] for i in range(len(values))]


def decode_chunk(value: bytes) -> Chunk:
    """One chunk. Raises Undecodable."""
    return decode_chunks([value])[0]


def encode_chunks(
    record_type: str,
    headers: Sequence[Header],
    lengths: Sequence[int],
    records: pl.DataFrame,
    *,
    suffix: str = "Reported",
) -> list[bytes]:
    """One value a header; ``records`` holds the rows of all of them, ``lengths[i]`` for ``headers[i]``.

    Columns that the contract has and the frame lacks are written as null.
    """
    contract = versions.newest(f"{record_type}{suffix}")
    schema = _arrow_schema(contract.text)
    of_record = schema.field("Records").type.value_type
    rows = _as_struct(records, of_record)
    offsets = [0]
    for length in lengths:
        offsets.append(offsets[-1] + length)
    lists = pa.ListArray.from_arrays(
        pa.array(offsets, type=pa.int32()), rows, type=schema.field("Records").type
    )
    columns = [
        lists if field.name == "Records" else pa.array([h[field.name] for h in headers], type=field.type)
        for field in schema
    ]
    batch = pa.RecordBatch.from_arrays(columns, schema=schema)
    bodies = pyruhvro.serialize_record_batch(batch, contract.text, 1)
    return [frame(contract, body) for array in bodies for body in array.to_pylist()]


def encode_chunk(
    record_type: str, header: Header, records: pl.DataFrame, *, suffix: str = "Reported"
) -> bytes:
    """One chunk."""
    return encode_chunks(record_type, [header], [records.height], records, suffix=suffix)[0]


def frame_schema(record_type: str) -> dict[str, pl.DataType]:
    """polars schema of a frame of records: what decode gives and encode takes."""
    return _frame_schema(versions.newest(f"{record_type}Reported").text)


@cache
def _frame_schema(text: str) -> dict[str, pl.DataType]:
    schema = _arrow_schema(text)
    empty = pa.RecordBatch.from_struct_array(pa.array([], type=schema.field("Records").type.value_type))
    return dict(pl.DataFrame(pl.from_arrow(empty)).schema)


@cache
def _arrow_schema(text: str) -> pa.Schema:
    return pyruhvro.avro_to_arrow_schema(text)


def _as_struct(records: pl.DataFrame, of_record: pa.StructType) -> pa.StructArray:
    names = [field.name for field in of_record]
    if records.columns != names:
        given = set(records.columns)
        records = records.select(n if n in given else pl.lit(None).alias(n) for n in names)
    # All columns in one step: of a small school's chunk each step costs more than its values.
    return records.to_struct("Records").to_arrow().cast(of_record)
