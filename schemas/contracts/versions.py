"""The frozen contracts: every version of every ``.avsc`` with the id that stands on the wire.

``ids.json`` maps name → version → id; ``versions/<Name>/v<N>.avsc`` holds the text. Readers decode with the
writer's version, whichever it was; writers use the newest.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fastavro import parse_schema
from fastavro.types import Schema

from schemas.contracts.contracts_folder import contracts_folder


@dataclass(frozen=True)
class Contract:
    """One version of one contract. ``text`` is its JSON as frozen, ``parsed`` fastavro's form."""

    name: str
    version: int
    id: int
    text: str
    parsed: Schema


def contracts() -> dict[str, list[Contract]]:
    """name → its versions, oldest first."""
    return _contracts(contracts_folder())


@cache
def _contracts(root: Path) -> dict[str, list[Contract]]:
    ids = json.loads(root.joinpath("ids.json").read_text(encoding="utf-8"))
    return {
        name: [_read(root, name, int(v), versions[v]) for v in sorted(versions, key=int)]
        for name, versions in ids.items()
    }


def by_id() -> dict[int, Contract]:
    """wire id → contract."""
    return _by_id(contracts_folder())


@cache
def _by_id(root: Path) -> dict[int, Contract]:
    return {c.id: c for versions in _contracts(root).values() for c in versions}


def newest(name: str) -> Contract:
    """The version a writer uses. Raises KeyError for a name that was never frozen."""
    return contracts()[name][-1]


def _read(root: Path, name: str, version: int, wire_id: int) -> Contract:
    text = root.joinpath("versions", name, f"v{version}.avsc").read_text(encoding="utf-8")
    return Contract(name, version, wire_id, text, parse_schema(json.loads(text), named_schemas={}))
