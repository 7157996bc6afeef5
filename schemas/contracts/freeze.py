"""Freezing: a contract that changed gets a new version and a new id, if every earlier version agrees.

What counts as a change is what the bytes or a reader can notice: the parsing canonical form with logical
types and defaults. Docs, labels, rules and code lists may change under the same version. A frozen file and an
id are never changed and never used again.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from schemas.contracts.chunks import chunk_contracts
from schemas.contracts.compatibility import full_transitive
from schemas.contracts.contracts_folder import contracts_folder

NOTICED: Final = {"type", "name", "namespace", "items", "values", "symbols", "fields", "default"} | {
    "logicalType",
    "size",
}


FIRST_ID: Final = 190_001
"""Ids count from here, not from 1: a registry that others use too has given out the small numbers."""


class Incompatible(Exception):
    """A contract cannot follow its earlier versions. ``problems`` says where."""

    def __init__(self, name: str, problems: list[str]) -> None:
        super().__init__(f"{name}: {'; '.join(problems)}")
        self.name = name
        self.problems = problems


@dataclass(frozen=True)
class Change:
    """A contract whose newest frozen version is not what stands now. ``version`` is the next one."""

    name: str
    version: int
    schema: dict[str, Any]


def current() -> dict[str, dict[str, Any]]:
    """name → every contract as it stands: the derived chunks and the events written by hand."""
    events = {
        p.stem: json.loads(p.read_text(encoding="utf-8"))
        for p in sorted(contracts_folder().glob("events/*.avsc"))
    }
    return {**chunk_contracts(), **events}


def canonical(schema: Any) -> Any:
    """What a reader can notice of a schema."""
    if isinstance(schema, list):
        return [canonical(part) for part in schema]
    if isinstance(schema, dict):
        return {key: canonical(value) for key, value in schema.items() if key in NOTICED}
    return schema


def changes() -> list[Change]:
    """Contracts that differ from their newest frozen version. Raises Incompatible."""
    found = []
    for name, schema in current().items():
        earlier = versions(name)
        if earlier and canonical(earlier[-1]) == canonical(schema):
            continue
        problems = full_transitive(schema, earlier)
        problems += moved(schema, earlier[-1]) if earlier else ()
        if problems:
            raise Incompatible(name, problems)
        found.append(Change(name, len(earlier) + 1, schema))
    return found


def freeze() -> list[Change]:
    """Write what changed. Raises Incompatible before anything is written."""
    found = changes()
    ids = _ids()
    last = max((i for by_version in ids.values() for i in by_version.values()), default=FIRST_ID - 1)
    for change in found:
        path = _path(change.name, change.version)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(change.schema, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        last += 1
        ids.setdefault(change.name, {})[str(change.version)] = last
    contracts_folder().joinpath("ids.json").write_text(
        json.dumps(ids, indent=2, sort_keys=True) + "\n", encoding="utf-8"
    )
    return found


def moved(after: Any, before: Any, at: str = "") -> Iterator[str]:
    """Fields that no longer stand where they stood. Row hashes go by position, so a field
    is added at the end only, and one that is not wanted any more is marked withdrawn, never taken out."""
    match before, after:
        case {"type": "record", "fields": [*old]}, {"type": "record", "fields": [*new]}:
            for position, field in enumerate(old):
                if position >= len(new) or new[position]["name"] != field["name"]:
                    yield f"{at}.{field['name']}: taken out or moved; new fields go to the end"
                    return
                yield from moved(new[position]["type"], field["type"], f"{at}.{field['name']}")
        case {"type": "array", "items": old}, {"type": "array", "items": new}:
            yield from moved(new, old, f"{at}[]")
        case [*old], [*new] if len(old) == len(new):
            for one, other in zip(new, old, strict=True):
                yield from moved(one, other, at)


def versions(name: str) -> list[dict[str, Any]]:
    """Frozen versions of a contract, oldest first."""
    numbers = sorted(int(v) for v in _ids().get(name, {}))
    return [json.loads(_path(name, n).read_text(encoding="utf-8")) for n in numbers]


def _ids() -> dict[str, dict[str, int]]:
    path = contracts_folder() / "ids.json"
    ids: dict[str, dict[str, int]] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return ids


def _path(name: str, version: int) -> Path:
    return contracts_folder() / "versions" / name / f"v{version}.avsc"
