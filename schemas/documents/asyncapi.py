"""docs/asyncapi.yaml: the topics as an AsyncAPI 3.0 document, printed from schemas/topics.py.

YAML is written here by hand, since JSON values are YAML: one channel a topic, one message a contract, its
payload a reference to the frozen ``.avsc``.
"""

import json
from typing import Any, Final

from schemas.contracts import versions
from schemas.topics import Topic, topics

VENDORS: Final = ["smas", "vnedu"]
"""Vendors of the example deployment; a province names its own in CSDL_VENDORS."""


def render() -> str:
    """Text of docs/asyncapi.yaml."""
    return "# Printed from schemas/topics.py by `csdl docs`; do not edit.\n" + _yaml(document())


def document() -> dict[str, Any]:
    """The document as plain data."""
    listed = topics(VENDORS)
    names = sorted({name for topic in listed for name in topic.contracts})
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "csdl",
            "version": "1",
            "description": "School records from the vendors' software to the Ministry. Values are in the "
            "Confluent wire format: 0x00, four bytes of schema id (schemas/ids.json), the Avro body.",
        },
        "defaultContentType": "application/vnd.apache.avro",
        "channels": {topic.name: _channel(topic) for topic in listed},
        "components": {"messages": {"raw": {"description": "Bytes as they came"}, **_messages(names)}},
    }


def _channel(topic: Topic) -> dict[str, Any]:
    messages = topic.contracts or ("raw",)
    return {
        "address": topic.name,
        "description": f"{topic.doc}. Key: {topic.key}.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "topicConfiguration": {
                    "cleanup.policy": [topic.cleanup],
                    **({"retention.ms": topic.retention_ms} if topic.cleanup == "delete" else {}),
                },
            }
        },
    }


def _messages(names: list[str]) -> dict[str, Any]:
    found = {}
    for name in names:
        contract = versions.newest(name)
        found[name] = {
            "description": json.loads(contract.text).get("doc", name),
            "bindings": {"kafka": {"schemaIdLocation": "payload", "schemaIdPayloadEncoding": "confluent"}},
            "payload": {
                "schemaFormat": "application/vnd.apache.avro;version=1.9.0",
                "schema": {"$ref": f"../schemas/versions/{name}/v{contract.version}.avsc"},
            },
        }
    return found


def _yaml(value: Any, depth: int = 0) -> str:
    """Mappings in block style, everything else as JSON, which YAML reads."""
    lines = []
    for key, inner in value.items():
        name = json.dumps(key) if key.startswith("$") else key
        if isinstance(inner, dict) and inner:
            lines.append(f"{'  ' * depth}{name}:\n{_yaml(inner, depth + 1)}")
        else:
            lines.append(f"{'  ' * depth}{name}: {json.dumps(inner, ensure_ascii=False)}\n")
    return "".join(lines)
