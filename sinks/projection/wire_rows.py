"""Values of the machines as rows, and back: a column is named after its field; nothing goes by position."""

from collections.abc import Mapping
from typing import Any, Final, TypeVar

import msgspec
from psycopg2.extras import Json

from schemas.contracts.contracts import snake
from sinks.postgres.rows import Row
from streams.machines import wire

T = TypeVar("T", bound=wire.Value)

COLUMNS: Final = {"ma_truong_hoc": "school", "nam_hoc": "school_year"}
"""Field → column, where tables say it in their own language."""

_DOCUMENT: Final = ("kind", "number", "date", "sha256")
INSIDE: Final[Mapping[str, tuple[str, ...]]] = {
    "window": ("opens", "closes"),
    "pending": ("types", "periods", "rights", "valid_until"),
    "request": _DOCUMENT,
    "batch": _DOCUMENT,
    "contract": ("number", "date", "begins", "ends", "parties", "clause", "sha256"),
}
"""Fields of a value inside the value: one column each (``window_opens``), all NULL if there is none."""

LEFT_OUT: Final = frozenset({"papers"})
"""Fields that no table has: they are asked of the machine's own states alone."""


def to_row(value: msgspec.Struct) -> dict[str, Any]:
    """Column → value as psycopg2 takes it."""
    row: dict[str, Any] = {}
    for name, held in wire.to_record(value).items():
        field = snake(name)
        if field in LEFT_OUT:
            continue
        if field in INSIDE:
            row |= {f"{field}_{part}": held and _stored(held[wire.avro_name(part)]) for part in INSIDE[field]}
        else:
            row[COLUMNS.get(field, field)] = _stored(held)
    return row


def from_row(kind: type[T], row: Row) -> T:
    """The value that a row holds; columns that it has besides are left."""
    fields = {column: field for field, column in COLUMNS.items()}
    record = {wire.avro_name(fields.get(column, column)): value for column, value in row.items()}
    for field, parts in INSIDE.items():
        inside = {wire.avro_name(part): row.get(f"{field}_{part}") for part in parts}
        record[wire.avro_name(field)] = inside if any(v is not None for v in inside.values()) else None
    return wire.from_record(kind, record)


def _stored(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    return Json(value) if isinstance(value, Mapping) else value
