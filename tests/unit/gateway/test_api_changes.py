"""What would break a client of the push API, on made-up documents: each change alone."""

import copy
from typing import Any

import pytest

from producers.gateway.api_changes import breaking

DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "made up", "version": "1.0.0"},
    "paths": {
        "/v1/things": {
            "get": {
                "operationId": "listThings",
                "security": [],
                "parameters": [
                    {
                        "name": "kind",
                        "in": "query",
                        "schema": {"type": "string", "enum": ["a", "b"], "maxLength": 10},
                    },
                    {"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 100}},
                ],
                "responses": {
                    "200": {
                        "description": "-",
                        "headers": {"ETag": {"schema": {"type": "string"}}},
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Things"}}},
                    },
                    "404": {"description": "-"},
                },
            },
            "post": {
                "operationId": "sendThing",
                "security": [{"key": []}],
                "requestBody": {
                    "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/Thing"}},
                        "text/csv": {"schema": {"type": "string"}},
                    }
                },
                "responses": {"202": {"description": "-"}},
            },
        }
    },
    "components": {
        "schemas": {
            "Thing": {
                "type": "object",
                "required": ["id"],
                "properties": {
                    "id": {"type": "string"},
                    "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}},
                    "size": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
                    "state": {"type": "string", "enum": ["open", "closed"]},
                },
            },
            "Things": {
                "type": "object",
                "required": ["things"],
                "properties": {"things": {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}}},
            },
        }
    },
}
GET = DOCUMENT["paths"]["/v1/things"]["get"]


def changed(path: str, value: object) -> dict[str, Any]:
    """The document with the value at a path of keys, parted by blanks; None takes it away."""
    document = copy.deepcopy(DOCUMENT)
    *way, last = path.split(" ")
    place = document
    for part in way:
        place = place[int(part) if isinstance(place, list) else part]
    key = int(last) if isinstance(place, list) else last
    if value is None:
        del place[key]
    else:
        place[key] = value
    return document


OPERATION = "paths /v1/things get"
THING = "components schemas Thing"

BREAKING: list[tuple[str, Any, list[str]]] = [
    ("paths /v1/things", None, ["GET /v1/things: removed", "POST /v1/things: removed"]),
    (OPERATION, None, ["GET /v1/things: removed"]),
    (f"{OPERATION} operationId", "allThings", ["GET /v1/things: operationId changed"]),
    (f"{OPERATION} security", [{"key": []}], ["GET /v1/things: a key is asked for"]),
    (f"{OPERATION} parameters 0", None, ["GET /v1/things: query parameter kind: removed"]),
    (
        f"{OPERATION} parameters 0 schema enum",
        ["a"],
        ["GET /v1/things: query parameter kind: value b: no longer taken"],
    ),
    (
        f"{OPERATION} parameters 1 schema enum",
        [1],
        ["GET /v1/things: query parameter limit: only some values are taken now"],
    ),
    (
        f"{OPERATION} parameters 0 schema maxLength",
        9,
        ["GET /v1/things: query parameter kind: maxLength changed"],
    ),
    (
        f"{OPERATION} parameters 1 schema minimum",
        1,
        ["GET /v1/things: query parameter limit: minimum changed"],
    ),
    (
        f"{OPERATION} parameters 0 schema pattern",
        "^a",
        ["GET /v1/things: query parameter kind: pattern changed"],
    ),
    (
        f"{OPERATION} parameters 1 schema type",
        "string",
        ["GET /v1/things: query parameter limit: integer: no longer taken"],
    ),
    (f"{OPERATION} parameters 1 required", True, ["GET /v1/things: query parameter limit: became required"]),
    (
        f"{OPERATION} parameters",
        [*GET["parameters"], {"name": "year", "in": "query", "required": True, "schema": {}}],
        ["GET /v1/things: query parameter year: new and required"],
    ),
    (f"{OPERATION} responses 200", None, ["GET /v1/things: 200: removed"]),
    (f"{OPERATION} responses 200 headers ETag", None, ["GET /v1/things: 200: header ETag: removed"]),
    (
        f"{OPERATION} responses 200 content",
        {"text/csv": {}},
        ["GET /v1/things: 200: application/json: removed"],
    ),
    (
        f"{OPERATION} responses 200 content application/json schema",
        {"type": "array"},
        ["GET /v1/things: 200: application/json: array: may come now"],
    ),
    (
        "components schemas Things properties things",
        None,
        ["GET /v1/things: 200: application/json: field things: removed"],
    ),
    (
        "components schemas Things required",
        [],
        ["GET /v1/things: 200: application/json: field things: may be absent now"],
    ),
    (
        f"{THING} properties state enum",
        ["open"],
        ["POST /v1/things: body: application/json: field state: value closed: no longer taken"],
    ),
    (
        f"{THING} properties state",
        {"type": "string"},
        ["GET /v1/things: 200: application/json: field things[]: field state: any value may come now"],
    ),
    (
        f"{THING} properties size",
        {"type": "integer"},
        ["POST /v1/things: body: application/json: field size: null: no longer taken"],
    ),
    (
        f"{THING} properties size",
        {"type": ["number", "null"]},
        ["GET /v1/things: 200: application/json: field things[]: field size: number: may come now"],
    ),
    (
        f"{THING} properties id type",
        "integer",
        [
            "GET /v1/things: 200: application/json: field things[]: field id: integer: may come now",
            "POST /v1/things: body: application/json: field id: string: no longer taken",
        ],
    ),
    (
        f"{THING} required",
        ["id", "state"],
        ["POST /v1/things: body: application/json: field state: became required"],
    ),
    (
        f"{THING} additionalProperties",
        False,
        ["POST /v1/things: body: application/json: unknown fields: no longer taken"],
    ),
    ("paths /v1/things post requestBody required", True, ["POST /v1/things: body: became required"]),
    (
        "paths /v1/things post requestBody content text/csv",
        None,
        ["POST /v1/things: body: text/csv: removed"],
    ),
    ("paths /v1/things post responses", {"200": {}}, ["POST /v1/things: 202: removed"]),
]

HARMLESS: list[tuple[str, Any]] = [
    (f"{OPERATION} description", "said better"),
    (f"{OPERATION} parameters 0 schema enum", ["a", "b", "c"]),
    (f"{OPERATION} parameters 0 schema maxLength", 20),
    (f"{OPERATION} parameters 1 schema", {"type": "number", "maximum": 100}),
    (f"{OPERATION} parameters 1 schema", {}),
    (f"{OPERATION} parameters", [*GET["parameters"], {"name": "year", "in": "query", "schema": {}}]),
    (f"{OPERATION} responses 404", None),
    (f"{OPERATION} responses 429", {"description": "-"}),
    (f"{OPERATION} responses 200 headers Link", {"schema": {"type": "string"}}),
    (f"{THING} properties colour", {"type": "string"}),
    (f"{THING} properties state enum", ["open", "closed", "lost"]),
    ("paths /v1/things post security", []),
    ("paths /v1/things post requestBody content application/xml", {}),
    ("paths /v1/others", {"get": {"responses": {"200": {}}}}),
]


@pytest.mark.parametrize(("path", "value", "told"), BREAKING, ids=[case[2][0] for case in BREAKING])
def test_what_breaks_a_client_is_told(path, value, told):
    assert breaking(DOCUMENT, changed(path, value)) == told


@pytest.mark.parametrize(("path", "value"), HARMLESS, ids=[f"{p} {v}"[:60] for p, v in HARMLESS])
def test_what_every_client_bears_is_no_break(path, value):
    assert breaking(DOCUMENT, changed(path, value)) == []


def test_a_document_does_not_break_itself_though_its_schemas_name_themselves():
    assert breaking(DOCUMENT, copy.deepcopy(DOCUMENT)) == []


def test_a_schema_that_moves_into_a_component_is_the_same_schema():
    inline = copy.deepcopy(DOCUMENT)
    answer = inline["paths"]["/v1/things"]["get"]["responses"]["200"]
    answer["content"]["application/json"]["schema"] = inline["components"]["schemas"]["Things"]
    assert breaking(DOCUMENT, inline) == []
    assert breaking(inline, DOCUMENT) == []
