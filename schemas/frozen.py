"""The frozen contracts: every version of every ``.avsc`` with the id that stands on the wire.

``ids.json`` maps name → version → id; ``versions/<Name>/v<N>.avsc`` holds the text. Readers decode with the
writer's version, whichever it was; writers use the newest.
"""

import json
from dataclasses import dataclass
from functools import cache

from fastavro import parse_schema
from fastavro.types import Schema

from schemas.home import home


@dataclass(frozen=True)
class Contract:
    """One version of one contract. ``text`` is its JSON as frozen, ``parsed`` fastavro's form."""

    name: str
    version: int
    id: int
    text: str
    parsed: Schema


@cache
def contracts() -> dict[str, list[Contract]]:
    """name → its versions, oldest first."""
    ids = json.loads(home().joinpath("ids.json").read_text(encoding="utf-8"))
    return {
        name: [_read(name, int(v), versions[v]) for v in sorted(versions, key=int)]
        for name, versions in ids.items()
    }


@cache
def by_id() -> dict[int, Contract]:
    """wire id → contract."""
    return {c.id: c for versions in contracts().values() for c in versions}


def newest(name: str) -> Contract:
    """The version a writer uses. Raises KeyError for a name that was never frozen."""
    return contracts()[name][-1]


def _read(name: str, version: int, wire_id: int) -> Contract:
    text = home().joinpath("versions", name, f"v{version}.avsc").read_text(encoding="utf-8")
    return Contract(name, version, wire_id, text, parse_schema(json.loads(text), named_schemas={}))
