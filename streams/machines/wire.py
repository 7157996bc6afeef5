"""Values of the machines as Avro records, and back.

A dataclass field ``held_version`` is the record's field ``HeldVersion``: one rule, so no mapping is written
by hand. Standard library only: the machines' pure modules use it for the body that is hashed.
"""

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import cache
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
    return {avro: _plain(getattr(value, name)) for name, avro, _ in _shape(type(value))}


def from_record(kind: type[T], record: dict[str, Any]) -> T:
    """The value of an Avro record, written with any version of its contract: what it lacks takes its default.

    Raises TypeError for a missing field without one, ValueError for a value that its enum does not have.
    """
    given = [(name, avro, hint) for name, avro, hint in _shape(kind) if avro in record]
    return kind(**{name: _typed(hint, record[avro]) for name, avro, hint in given})


def millis(at: datetime) -> int:
    """Milliseconds since 1970, exact (a float would lose some)."""
    return (at - EPOCH) // timedelta(milliseconds=1)


@cache
def _shape(kind: type[DataclassInstance]) -> list[tuple[str, str, Any]]:
    hints = get_type_hints(kind)
    return [(f.name, avro_name(f.name), hints[f.name]) for f in fields(kind)]


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    return list(value) if isinstance(value, tuple) else value


def _typed(hint: Any, value: Any) -> Any:
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint(value)
    return tuple(value) if isinstance(value, list) else value
