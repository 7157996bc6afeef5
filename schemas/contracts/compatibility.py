"""Avro schema resolution, asked of two schemas: can a reader with one read what the other wrote?

fastavro resolves while it reads and so finds a clash only in data that shows it. This asks of the schemas
alone, after "Schema Resolution" in the Avro specification. FULL means both ways; TRANSITIVE, with every
earlier version.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

PRIMITIVES: Final = frozenset({"null", "boolean", "int", "long", "float", "double", "bytes", "string"})
PROMOTIONS: Final = {
    "int": {"long", "float", "double"},
    "long": {"float", "double"},
    "float": {"double"},
    "string": {"bytes"},
    "bytes": {"string"},
}
"""Writer's type → reader's types it may be read as."""


def full_transitive(schema: Any, earlier: Sequence[Any]) -> list[str]:
    """Why this schema cannot follow the earlier ones, oldest first; empty if it can."""
    problems = []
    for version, before in enumerate(earlier, start=1):
        problems += [f"cannot read v{version}: {p}" for p in unreadable(schema, before)]
        problems += [f"v{version} cannot read it: {p}" for p in unreadable(before, schema)]
    return problems


def unreadable(reader: Any, writer: Any) -> list[str]:
    """Places where the reader's schema cannot take what the writer's produces."""
    return list(_Resolution(_names(reader), _names(writer)).clashes(reader, writer, "", "", ""))


@dataclass
class _Resolution:
    readers: dict[str, Any]
    writers: dict[str, Any]
    seen: set[tuple[str, str]] = field(default_factory=set)

    def clashes(self, reader: Any, writer: Any, r_space: str, w_space: str, at: str) -> Iterator[str]:
        reader, r_space = _resolve(reader, r_space, self.readers)
        writer, w_space = _resolve(writer, w_space, self.writers)
        if isinstance(writer, list):
            for branch in writer:
                yield from self.clashes(reader, branch, r_space, w_space, at)
            return
        if isinstance(reader, list):
            found = [list(self.clashes(branch, writer, r_space, w_space, at)) for branch in reader]
            if all(found):
                yield f"{at or '.'}: no branch takes {_kind(writer)} ({min(found, key=len)[0]})"
            return
        yield from self._same_kind(reader, writer, r_space, w_space, at)

    def _same_kind(self, reader: Any, writer: Any, r_space: str, w_space: str, at: str) -> Iterator[str]:
        r_kind, w_kind = _kind(reader), _kind(writer)
        if r_kind != w_kind:
            if r_kind not in PROMOTIONS.get(w_kind, ()):
                yield f"{at or '.'}: {w_kind} is not readable as {r_kind}"
            return
        if _logical(reader) != _logical(writer):
            yield f"{at or '.'}: {_logical(writer)} is not {_logical(reader)}"
        match r_kind:
            case "array":
                yield from self.clashes(reader["items"], writer["items"], r_space, w_space, f"{at}[]")
            case "map":
                yield from self.clashes(reader["values"], writer["values"], r_space, w_space, f"{at}{{}}")
            case "record" | "enum" | "fixed":
                yield from self._named(reader, writer, r_space, w_space, at)

    def _named(self, reader: Any, writer: Any, r_space: str, w_space: str, at: str) -> Iterator[str]:
        r_name, w_name = _full(reader, r_space), _full(writer, w_space)
        if r_name.rpartition(".")[2] != w_name.rpartition(".")[2]:
            yield f"{at or '.'}: {w_name} is not {r_name}"
            return
        if (r_name, w_name) in self.seen:
            return
        self.seen.add((r_name, w_name))
        r_inner, w_inner = r_name.rpartition(".")[0], w_name.rpartition(".")[0]
        match _kind(reader):
            case "record":
                yield from self._fields(reader, writer, r_inner, w_inner, at)
            case "enum":
                lost = [s for s in writer["symbols"] if s not in reader["symbols"]]
                if lost and "default" not in reader:
                    yield f"{at or '.'}: symbols {', '.join(lost)} are unknown"
            case "fixed" if reader["size"] != writer["size"]:
                yield f"{at or '.'}: sizes differ"

    def _fields(self, reader: Any, writer: Any, r_space: str, w_space: str, at: str) -> Iterator[str]:
        written = {f["name"]: f for f in writer["fields"]}
        for wanted in reader["fields"]:
            place = f"{at}.{wanted['name']}"
            names = [wanted["name"], *wanted.get("aliases", [])]
            source = next((written[n] for n in names if n in written), None)
            if source is not None:
                yield from self.clashes(wanted["type"], source["type"], r_space, w_space, place)
            elif "default" not in wanted:
                yield f"{place}: absent there and without a default"


def _kind(schema: Any) -> str:
    return schema if isinstance(schema, str) else str(schema["type"])


def _logical(schema: Any) -> str | None:
    return schema.get("logicalType") if isinstance(schema, dict) else None


def _full(schema: Any, space: str) -> str:
    name: str = schema["name"]
    if "." in name:
        return name
    space = schema.get("namespace", space)
    return f"{space}.{name}" if space else name


def _resolve(schema: Any, space: str, names: dict[str, Any]) -> tuple[Any, str]:
    """A named type for its name, and a bare ``{"type": "int"}`` for what it wraps."""
    if isinstance(schema, dict) and isinstance(schema["type"], dict | list):
        return _resolve(schema["type"], space, names)
    if isinstance(schema, str) and schema not in PRIMITIVES:
        full = schema if "." in schema or not space else f"{space}.{schema}"
        found = names.get(full, names.get(schema))
        if found is None:
            raise ValueError(f"unknown type {schema}")
        return found, full.rpartition(".")[0]
    return schema, space


def _names(schema: Any, space: str = "") -> dict[str, Any]:
    """Full name → definition of every named type inside."""
    if isinstance(schema, list):
        return {k: v for part in schema for k, v in _names(part, space).items()}
    if not isinstance(schema, dict):
        return {}
    found: dict[str, Any] = {}
    if schema.get("type") in ("record", "enum", "fixed"):
        full = _full(schema, space)
        found[full], space = schema, full.rpartition(".")[0]
    for part in (schema.get("items"), schema.get("values"), schema.get("type")):
        if isinstance(part, dict | list):
            found |= _names(part, space)
    for inner in schema.get("fields", ()):
        found |= _names(inner["type"], space)
    return found
