"""Avro on the wire: Confluent framing, and the small events row by row. Chunks of records: ``columnar``.

A value is ``0x00``, four bytes of schema id, the Avro body.
"""

import io
import struct
from typing import Any, Final

import fastavro

from schemas.contracts import versions

MAGIC: Final = 0
FRAME: Final = struct.Struct(">bI")

Header = dict[str, Any]


class Undecodable(Exception):
    """The bytes are not a value of a known contract. ``code`` says why; the bytes are never quoted."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def wire_id(value: bytes) -> int | None:
    """The id that a value's frame names, known or not; None of what has no frame."""
    magic, found = FRAME.unpack_from(value) if len(value) >= FRAME.size else (None, None)
    return found if magic == MAGIC else None


def contract_of(value: bytes) -> versions.Contract:
    """The contract a value was written with. Raises Undecodable (AVRO-001 framing, AVRO-002 unknown id)."""
    if len(value) < FRAME.size or value[0] != MAGIC:
        raise Undecodable("AVRO-001")
    contract = versions.by_id().get(FRAME.unpack_from(value)[1])
    if contract is None:
        raise Undecodable("AVRO-002")
    return contract


def contract_name(value: bytes) -> str:
    """Name of the contract a value was written with. Raises Undecodable."""
    return contract_of(value).name


def frame(contract: versions.Contract, body: bytes) -> bytes:
    """Body with its Confluent frame."""
    return FRAME.pack(MAGIC, contract.id) + body


def encode(name: str, record: dict[str, Any]) -> bytes:
    """One event. Raises ValueError or TypeError if the record does not fit: a fault of ours."""
    contract = versions.newest(name)
    out = io.BytesIO()
    fastavro.schemaless_writer(out, contract.parsed, record, strict=False, strict_allow_default=True)
    return frame(contract, out.getvalue())


def decode(value: bytes) -> tuple[str, dict[str, Any]]:
    """(contract name, record) of one event. Raises Undecodable (AVRO-001, -002, -003, -005)."""
    contract = contract_of(value)
    source = io.BytesIO(value[FRAME.size :])
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
