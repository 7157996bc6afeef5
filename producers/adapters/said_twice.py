"""JSON that says a member twice: which of the two is meant nobody knows, and readers differ."""

import json
from collections import Counter
from typing import Any, Final

SAID_TWICE: Final = "CELL-112"

Path = tuple[str | int, ...]


class Number(str):
    """A JSON number, as the text that it was."""


class Twice(dict[str, Any]):
    """An object that names a member twice, or several: ``names``."""

    names: tuple[str, ...] = ()


def loads(data: bytes) -> tuple[Any, list[Path]]:
    """Well-formed JSON, its numbers as ``Number``; and the path of each member that is said twice, in the
    order of the text."""
    twice = False

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal twice
        found = dict(pairs)
        if len(found) == len(pairs):
            return found
        twice = True
        of = Twice(found)
        of.names = tuple(name for name, times in Counter(name for name, _ in pairs).items() if times > 1)
        return of

    value = json.loads(data, object_pairs_hook=members, parse_int=Number, parse_float=Number)
    return value, _paths(value) if twice else []


def _paths(value: Any) -> list[Path]:
    found: list[Path] = []
    left: list[tuple[Path, Any]] = [((), value)]
    while left:
        path, one = left.pop()
        if isinstance(one, Twice):
            found += [(*path, name) for name in one.names]
        if isinstance(one, dict):
            left += reversed([((*path, name), inner) for name, inner in one.items()])
        elif isinstance(one, list):
            left += reversed([((*path, at), inner) for at, inner in enumerate(one)])
    return found
