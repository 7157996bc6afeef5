"""An example of an answer, made of its schema: what the fields' own examples say, else the plainest value."""

from collections.abc import Mapping
from typing import Any, Final

FORMATS: Final[Mapping[str, str]] = {
    "date": "2026-10-15",
    "date-time": "2026-10-15T01:30:00Z",
    "uuid": "6f0c2f9e-6f56-4b35-9d6a-0c1f6b9d2f11",
}


def example(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Any:
    """One value that the schema allows. Raises KeyError for a schema that leads nowhere."""
    if "$ref" in schema:
        found: Any = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        return example(document, found)
    if schema.get("examples"):
        return schema["examples"][0]
    for said in ("const", "default"):
        if said in schema:
            return schema[said]
    if "enum" in schema:
        return schema["enum"][0]
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return example(document, schema[several][0])
    match schema.get("type"):
        case "object":
            return {name: example(document, part) for name, part in schema.get("properties", {}).items()}
        case "array":
            return [example(document, schema["items"])]
        case "string":
            return FORMATS.get(schema.get("format", ""), "…")
        case "integer" | "number":
            return schema.get("minimum", 0)
        case "boolean":
            return False
        case _:
            return None
