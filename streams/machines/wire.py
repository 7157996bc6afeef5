"""Values of the machines as Avro records, and back.

A value's field ``held_version`` is the record's field ``HeldVersion``: one rule, so no mapping is written by
hand. Values may hold values, tuples of them, mappings, enums, dates and what is not there (None). What a
record of an earlier contract lacks takes the field's default. The machines' pure modules use this for the
body that is hashed.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

import msgspec

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

replace = msgspec.structs.replace
"""The same value with some fields changed."""


def avro_name(field: str) -> str:
    """``held_version`` → ``HeldVersion``."""
    return "".join(part.capitalize() for part in field.split("_"))


class Value(msgspec.Struct, frozen=True, rename=avro_name):
    """Base of commands, events, states and what they hold: plain data that never changes."""


T = TypeVar("T", bound=Value)


def to_record(value: msgspec.Struct) -> dict[str, Any]:
    """The Avro record of a value: tuples as arrays, enums as strings."""
    record: dict[str, Any] = msgspec.to_builtins(value, builtin_types=(datetime, date))
    return record


def from_record(kind: type[T], record: dict[str, Any]) -> T:
    """The value of an Avro record, written with any version of its contract.

    Raises ValueError for a missing field without a default, a value of another type, or one that its enum
    does not have.
    """
    return msgspec.convert(record, kind)


def millis(at: datetime) -> int:
    """Milliseconds since 1970, exact (a float would lose some)."""
    return (at - EPOCH) // timedelta(milliseconds=1)
