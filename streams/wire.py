"""Values of the machines as Avro records, and back.

A dataclass field ``held_version`` is the record's field ``HeldVersion``: one rule, so no mapping is written
by hand. Standard library only: the machines' pure modules use it for the body that is hashed.
"""

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, ClassVar, Protocol, TypeVar, get_type_hints

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class DataclassInstance(Protocol):
    """Any dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


T = TypeVar("T", bound=DataclassInstance)


def avro_name(field: str) -> str:
    """``held_version`` → ``HeldVersion``."""
    return "".join(part.capitalize() for part in field.split("_"))


def to_record(value: DataclassInstance) -> dict[str, Any]:
    """The Avro record of a value: tuples as arrays, enums as strings."""
    return {avro_name(f.name): _plain(getattr(value, f.name)) for f in fields(value)}


def from_record(kind: type[T], record: dict[str, Any]) -> T:
    """The value of an Avro record.

    Raises KeyError for a missing field and ValueError for a value outside its closed list (an enum).
    """
    hints = get_type_hints(kind)
    return kind(**{f.name: _typed(hints[f.name], record[avro_name(f.name)]) for f in fields(kind)})


def millis(at: datetime) -> int:
    """Milliseconds since 1970, exact (a float would lose some)."""
    return (at - EPOCH) // timedelta(milliseconds=1)


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    return list(value) if isinstance(value, tuple) else value


def _typed(hint: Any, value: Any) -> Any:
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint(value)
    return tuple(value) if isinstance(value, list) else value
