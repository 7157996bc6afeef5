"""What rows.c has to know of a chunk contract, as bytes; derived from the frozen contract. Pure.

A type is one letter, a capital if it may be null: s text, i int, d date, l long, b boolean, f double, a list.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

NO_COLUMN: Final = 255
MOST_COLUMNS: Final = 200
LONGEST: Final = 12
"""Bytes of what is no text, with its separator (rows.c)."""

NUMBERS: Final = {"type": "array", "items": "int"}
_LETTERS: Final = {"string": "s", "int": "i", "long": "l", "boolean": "b", "double": "f"}


class _Unknown(Exception):
    """A type that rows.c does not read."""


@dataclass(frozen=True)
class Plan:
    """``header``: the types of the fields before Records, R for Rows. ``fields``: of each field of a record
    its type and its column, or NO_COLUMN; of a list the number of its items' members and their types.
    ``pad``: fields that the newest contract has behind those. ``least`` and ``most``: bytes of a record as it
    came, and of its text beside those."""

    header: bytes
    fields: bytes
    pad: int
    least: int
    most: int
    columns: tuple[str, ...]
    letters: str
    """Type of each column: s, i or d."""


@cache
def plan(text: str, newest: str, columns: tuple[str, ...]) -> Plan | None:
    """Of a contract's text, for the newest of its name; None if its chunks are not for rows.c."""
    try:
        return _plan(json.loads(text), json.loads(newest), columns)
    except _Unknown:
        return None


def _plan(contract: dict[str, Any], newest: dict[str, Any], columns: tuple[str, ...]) -> Plan:
    names = [f["name"] for f in contract["fields"]]
    before = contract["fields"][: names.index("Records")]
    header = "".join("R" if f["type"] == NUMBERS else _letter(f["type"]) for f in before)
    fields, wanted = _records(contract), _records(newest)
    types = [f["type"] for f in fields]
    same = wanted[: len(fields)]
    if [f["name"] for f in fields] != [f["name"] for f in same] or types != [f["type"] for f in same]:
        raise _Unknown
    if header.count("R") != 1 or not fields or len(columns) > MOST_COLUMNS:
        raise _Unknown
    out, most, letters = bytearray(), 0, {}
    for field in fields:
        name, kind = field["name"], _some(field["type"])
        column = columns.index(name) if name in columns else NO_COLUMN
        out += _letter(field["type"]).encode() + bytes([column])
        if _is_list(kind):
            members = _members(kind["items"])
            out += bytes([len(members)]) + members.encode()
        letters[name] = _letter(kind)
        most += 0 if letters[name] == "s" else LONGEST
    if not all(letters.get(name, "") in ("s", "i", "d") for name in columns):
        raise _Unknown
    pad = len(wanted) - len(fields)
    of_columns = "".join(letters[name] for name in columns)
    return Plan(header.encode(), bytes(out), pad, len(fields), most + pad, columns, of_columns)


def _records(contract: dict[str, Any]) -> Sequence[dict[str, Any]]:
    (records,) = (f["type"]["items"] for f in contract["fields"] if f["name"] == "Records")
    return list(records["fields"])


def _letter(kind: Any) -> str:
    some = _some(kind)
    letter = "a" if _is_list(some) else _of_value(some)
    return letter if some is kind else letter.upper()


def _some(kind: Any) -> Any:
    """What stands there if it is not null."""
    if isinstance(kind, list):
        if len(kind) != 2 or kind[0] != "null":
            raise _Unknown
        return kind[1]
    return kind


def _is_list(kind: Any) -> bool:
    return isinstance(kind, dict) and kind["type"] == "array"


def _members(items: Any) -> str:
    members = [f["type"] for f in items["fields"]] if _is_record(items) else [items]
    if not 0 < len(members) <= 255 or any(_is_list(_some(m)) for m in members):
        raise _Unknown
    return "".join(map(_letter, members))


def _is_record(kind: Any) -> bool:
    return isinstance(kind, dict) and kind["type"] == "record"


def _of_value(kind: Any) -> str:
    plain, logical = (kind["type"], kind.get("logicalType")) if isinstance(kind, dict) else (kind, None)
    if (plain, logical) == ("int", "date"):
        return "d"
    if logical is not None or not isinstance(plain, str) or plain not in _LETTERS:
        raise _Unknown
    return _LETTERS[plain]
