"""Chunks of records on the wire, column by column; a process that reads none needs neither polars nor Arrow.

pyruhvro turns whole chunks into Arrow and back without a Python object per value. It panics (a
``BaseException``) on bodies that do not fit: that becomes Undecodable here and nowhere else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import polars as pl
import pyarrow as pa
import pyruhvro

from schemas.contracts import versions
from schemas.encoding.codec import FRAME, Header, Undecodable, contract_of, decode, frame, record_type_of


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


def decode_batch(values: Sequence[bytes]) -> Batch:
    """Chunks of one contract and version, all at once. Raises Undecodable if any of them does not fit.

    Whether the records' texts are UTF-8 is not looked at here: ``Batch.came.validate(full=True)`` says it.
    """
    contract = contract_of(values[0])
    record_type = record_type_of(contract.name)
    if record_type is None:
        raise Undecodable("AVRO-004")
    bodies = [v[FRAME.size :] for v in values]
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
