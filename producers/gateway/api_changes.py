"""What in a new OpenAPI document would break a client that was written by an older one.

A request that was taken must still be taken, and an answer must still hold what it held. A client has to
bear new operations, fields, headers, refusals, and new values of an enum in an answer (docs/api.md).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
LOWEST: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
HIGHEST: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
SAME: Final = ("pattern", "format", "multipleOf", "uniqueItems", "contentEncoding")

Side = Literal["request", "answer"]
Document = Mapping[str, Any]


def breaking(old: Document, new: Document) -> list[str]:
    """What would break a client, one line each, in the order of the old document."""
    return list(dict.fromkeys(_Comparison(old, new).lines()))


@dataclass(frozen=True)
class _Comparison:
    old: Document
    new: Document

    def lines(self) -> Iterator[str]:
        for path, method, was in _operations(self.old):
            name = f"{method.upper()} {path}"
            now = self.new["paths"].get(path, {}).get(method)
            if now is None:
                yield f"{name}: removed"
                continue
            if was.get("operationId") != now.get("operationId"):
                yield f"{name}: operationId changed"
            if _open(was, self.old) and not _open(now, self.new):
                yield f"{name}: a key is asked for"
            yield from self._parameters(name, path, was, now)
            yield from self._body(name, was, now)
            yield from self._answers(name, was, now)

    def _parameters(self, name: str, path: str, was: Document, now: Document) -> Iterator[str]:
        before, after = (_parameters(d, path, o) for d, o in ((self.old, was), (self.new, now)))
        for key, parameter in before.items():
            place = f"{name}: {key[0]} parameter {key[1]}"
            if key not in after:
                yield f"{place}: removed"
                continue
            if after[key].get("required") and not parameter.get("required"):
                yield f"{place}: became required"
            yield from self._schema(place, parameter["schema"], after[key]["schema"], "request")
        for key, parameter in after.items():
            if key not in before and parameter.get("required"):
                yield f"{name}: {key[0]} parameter {key[1]}: new and required"

    def _body(self, name: str, was: Document, now: Document) -> Iterator[str]:
        before = _resolved(self.old, was.get("requestBody", {}))
        after = _resolved(self.new, now.get("requestBody", {}))
        if after.get("required") and not before.get("required"):
            yield f"{name}: body: became required"
        yield from self._contents(f"{name}: body", before, after, "request")

    def _answers(self, name: str, was: Document, now: Document) -> Iterator[str]:
        for status, answer in was["responses"].items():
            before, place = _resolved(self.old, answer), f"{name}: {status}"
            if status not in now["responses"]:
                if status.startswith(("2", "3")):
                    yield f"{place}: removed"
                continue
            after = _resolved(self.new, now["responses"][status])
            for header in before.get("headers", {}):
                if header not in after.get("headers", {}):
                    yield f"{place}: header {header}: removed"
            yield from self._contents(place, before, after, "answer")

    def _contents(self, place: str, before: Document, after: Document, side: Side) -> Iterator[str]:
        for media, content in before.get("content", {}).items():
            if media not in after.get("content", {}):
                yield f"{place}: {media}: removed"
                continue
            schemas = (content.get("schema", {}), after["content"][media].get("schema", {}))
            yield from self._schema(f"{place}: {media}", *schemas, side)

    def _schema(
        self, place: str, was: Any, now: Any, side: Side, seen: tuple[Any, ...] = ()
    ) -> Iterator[str]:
        refs = (_ref(was), _ref(now))
        if any(refs) and refs in seen:
            return
        seen = (*seen, refs)
        before, after = _variants(self.old, was), _variants(self.new, now)
        wide, tight = (before, after) if side == "request" else (after, before)
        for kind in wide:
            if _within(kind, tight) is None:
                said = "no longer taken" if side == "request" else "may come now"
                yield f"{place}: {kind}: {said}"
        for kind in before:
            if (same := _within(kind, after)) is not None:
                yield from self._same_kind(place, before[kind], after[same], side, seen)

    def _same_kind(
        self, place: str, was: Document, now: Document, side: Side, seen: tuple[Any, ...]
    ) -> Iterator[str]:
        yield from _values(place, was, now, side)
        yield from _bounds(place, was, now, side)
        fields, still = was.get("properties", {}), now.get("properties", {})
        must, still_must = set(was.get("required", ())), set(now.get("required", ()))
        for field, schema in fields.items():
            there = f"{place}: field {field}"
            if field not in still:
                if side == "answer" or now.get("additionalProperties", True) is False:
                    yield f"{there}: removed"
                continue
            if side == "answer" and field in must - still_must:
                yield f"{there}: may be absent now"
            yield from self._schema(there, schema, still[field], side, seen)
        if side == "request":
            yield from (f"{place}: field {f}: became required" for f in sorted(still_must - must))
            if now.get("additionalProperties") is False and was.get("additionalProperties") is not False:
                yield f"{place}: unknown fields: no longer taken"
        for part in ("items", "additionalProperties"):
            if isinstance(was.get(part), Mapping) and isinstance(now.get(part), Mapping):
                yield from self._schema(f"{place}[]", was[part], now[part], side, seen)


def _values(place: str, was: Document, now: Document, side: Side) -> Iterator[str]:
    """Values of an enum: one that was taken must be taken; in an answer clients have to bear new ones."""
    taken, still = was.get("enum"), now.get("enum")
    if side == "request" and still is not None:
        if taken is None:
            yield f"{place}: only some values are taken now"
        else:
            yield from (f"{place}: value {v}: no longer taken" for v in taken if v not in still)
    if side == "answer" and taken is not None and still is None:
        yield f"{place}: any value may come now"


def _bounds(place: str, was: Document, now: Document, side: Side) -> Iterator[str]:
    wide, tight = (was, now) if side == "request" else (now, was)
    for bound in LOWEST:
        if bound in tight and (bound not in wide or wide[bound] < tight[bound]):
            yield f"{place}: {bound} changed"
    for bound in HIGHEST:
        if bound in tight and (bound not in wide or wide[bound] > tight[bound]):
            yield f"{place}: {bound} changed"
    for words in SAME:
        if words in tight and wide.get(words) != tight[words]:
            yield f"{place}: {words} changed"


def _variants(document: Document, schema: Any) -> dict[str, Document]:
    """Type, or name of a component where several are of one type → the schema of each alternative."""
    schema = _resolved(document, schema)
    alternatives = schema.get("anyOf", schema.get("oneOf"))
    if alternatives is not None:
        found: dict[str, Document] = {}
        for part in alternatives:
            for kind, variant in _variants(document, part).items():
                found[f"{kind} {_ref(part) or variant.get('title', '')}" if kind in found else kind] = variant
        return found
    if "allOf" in schema:
        return _variants(document, _together(document, schema["allOf"]))
    if "const" in schema:
        schema = {**schema, "enum": [schema["const"]]}
    named = schema.get("type", "any")
    kinds = [named] if isinstance(named, str) else named
    return dict.fromkeys(kinds, schema)


def _within(kind: str, variants: Mapping[str, Document]) -> str | None:
    """The variant that takes what is of this kind."""
    wider = (kind, "number", "any") if kind == "integer" else (kind, "any")
    return next((k for k in wider if k in variants), None)


def _together(document: Document, parts: list[Any]) -> Document:
    """All of several schemas as one: fields and required ones of each."""
    whole: dict[str, Any] = {}
    for part in (_resolved(document, p) for p in parts):
        properties = {**whole.get("properties", {}), **part.get("properties", {})}
        required = [*whole.get("required", ()), *part.get("required", ())]
        whole |= {**part, "properties": properties, "required": required}
    return whole


def _operations(document: Document) -> Iterator[tuple[str, str, Document]]:
    for path, item in document["paths"].items():
        yield from ((path, method, item[method]) for method in METHODS if method in item)


def _parameters(document: Document, path: str, operation: Document) -> dict[tuple[str, str], Document]:
    listed = [*document["paths"][path].get("parameters", ()), *operation.get("parameters", ())]
    return {(p["in"], p["name"]): p for p in (_resolved(document, one) for one in listed)}


def _open(operation: Document, document: Document) -> bool:
    """Whether it may be called without a key."""
    asked = operation.get("security", document.get("security", []))
    return not asked or {} in asked


def _ref(schema: Any) -> str:
    return schema.get("$ref", "") if isinstance(schema, Mapping) else ""


def _resolved(document: Document, schema: Any) -> Document:
    """What a reference within the document leads to. Raises KeyError."""
    if not isinstance(schema, Mapping):
        return {}
    if "$ref" not in schema:
        return schema
    found: Any = document
    for part in schema["$ref"].removeprefix("#/").split("/"):
        found = found[part.replace("~1", "/").replace("~0", "~")]
    return _resolved(document, found)
