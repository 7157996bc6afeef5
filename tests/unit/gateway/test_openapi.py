"""The description of the API is one that a client can be written by: valid, and whole for every operation."""

import re
from typing import Any

import pytest
import yaml
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import validate

from producers.gateway import app, openapi
from schemas.errors import catalogue

DOCUMENT: dict[str, Any] = app.description()
OPERATIONS = {
    f"{method.upper()} {path}": operation
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
}
BOUNDED: dict[str, list[set[str]]] = {
    "string": [{"maxLength"}, {"enum"}, {"format"}],
    "integer": [{"minimum", "maximum"}],
    "boolean": [set()],
}

each = pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)


def resolved(part: Any) -> Any:
    """What a reference leads to."""
    found = part
    while "$ref" in found:
        names = found["$ref"].removeprefix("#/").split("/")
        found = DOCUMENT
        for name in names:
            found = found[name]
    return found


def faults(schema: dict[str, Any], value: Any) -> list[str]:
    """What is wrong with a value by a schema of the document."""
    whole = {**schema, "components": DOCUMENT["components"]}
    validator = OAS31Validator(whole, format_checker=OAS31Validator.FORMAT_CHECKER)
    return [f"{list(error.path)}: {error.message}" for error in validator.iter_errors(value)]


def test_it_is_openapi_3_1():
    validate(DOCUMENT)
    assert DOCUMENT["openapi"].startswith("3.1.")


def test_operations_are_told_apart_by_their_ids():
    ids = [operation["operationId"] for operation in OPERATIONS.values()]
    assert len(set(ids)) == len(ids)


@each
def test_an_operation_says_what_it_is_in_both_languages(operation):
    assert re.fullmatch(r"[^—]*[^\x00-\x7f][^—]* — [^—]+", operation["summary"]), operation["summary"]
    assert re.fullmatch(r"[a-z]+([A-Z][a-z]+)+", operation["operationId"])
    assert operation["tags"] and {*operation["tags"]} <= {tag["name"] for tag in openapi.TAGS}
    assert operation["description"] and "Raises" not in operation["description"]


@each
def test_parameters_say_what_they_are_and_are_bounded(operation):
    for parameter in operation["parameters"]:
        assert parameter.get("description"), parameter["name"]
        schema = resolved(parameter["schema"])
        items = resolved(schema["items"]) if schema.get("type") == "array" else schema
        assert "maxItems" in schema or schema.get("type") != "array", parameter["name"]
        assert any(bound <= items.keys() for bound in BOUNDED[items["type"]]), parameter


@each
def test_a_parameter_of_the_path_has_an_example_that_leads_somewhere(operation):
    for parameter in operation["parameters"]:
        if parameter["in"] == "path":
            examples = parameter["schema"].get("examples", [])
            assert examples and not faults(parameter["schema"], examples[0]), parameter["name"]


@each
def test_an_operation_asks_for_a_key_or_says_that_it_does_not(operation):
    by_key = operation["security"] == [{openapi.KEY: []}]
    assert by_key or operation["security"] == []
    assert ("401" in operation["responses"]) == by_key


@each
def test_every_answer_that_is_json_has_an_example_that_is_one(operation):
    for status, answer in operation["responses"].items():
        for media, content in answer.get("content", {}).items():
            if not media.endswith("json"):
                continue
            told = content.get("examples", {"": {"value": content.get("example")}})
            assert told
            for name, one in told.items():
                assert faults(content["schema"], resolved(one)["value"]) == [], (status, name)


@each
def test_every_refusal_is_a_problem_with_codes_that_there_are(operation):
    refusals = {status: told for status, told in operation["responses"].items() if int(status) >= 400}
    assert {"400", "500"} <= refusals.keys()
    for status, answer in refusals.items():
        assert list(answer["content"]) == ["application/problem+json"], status
        codes = answer["content"]["application/problem+json"]["examples"]
        assert codes.keys() <= catalogue().keys()
        for header in openapi.HEADERS_OF.get(int(status), ()):
            assert header in answer["headers"], (status, header)


@each
def test_a_body_says_what_it_may_be_by_example(operation):
    body = operation.get("requestBody")
    if body is None:
        return
    assert body["required"] is True
    for media, content in body["content"].items():
        assert "schema" in content, media
        assert content.get("example") or content.get("examples") or "json" not in media, media


@each
def test_what_is_withdrawn_says_until_when(operation):
    if operation.get("deprecated"):
        answers = [told for status, told in operation["responses"].items() if status.startswith("2")]
        assert all({"Deprecation", "Sunset"} <= told.get("headers", {}).keys() for told in answers)


def test_a_header_that_is_named_is_described():
    for operation in OPERATIONS.values():
        for answer in operation["responses"].values():
            assert all(resolved(header)["description"] for header in answer.get("headers", {}).values())


def test_the_text_is_the_document():
    assert yaml.safe_load(app.document()) == DOCUMENT
