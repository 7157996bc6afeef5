"""Documents printed from data are as the data says."""

import json
import re

from cli.docs import ROOT, stale_documents
from schemas.documents import asyncapi
from schemas.topics import topics


def test_no_document_lags_behind():
    """Run `csdl docs`."""
    assert sorted(stale_documents()) == []


def test_asyncapi_has_every_topic_and_its_references_lead_somewhere():
    document = asyncapi.document()
    assert set(document["channels"]) == {t.name for t in topics(asyncapi.VENDORS)}
    messages = document["components"]["messages"]
    for channel in document["channels"].values():
        for message in channel["messages"].values():
            assert message["$ref"].removeprefix("#/components/messages/") in messages
    for message in messages.values():
        if "payload" in message:
            path = ROOT / "docs" / message["payload"]["schema"]["$ref"]
            assert json.loads(path.read_text(encoding="utf-8"))["type"] == "record"


def test_the_asyncapi_text_is_block_yaml_with_json_values():
    for line in asyncapi.render().splitlines()[1:]:
        assert re.fullmatch(r' *("?[\w.$-]+"?):( .+)?', line), line
        value = line.partition(": ")[2]
        assert not value or json.loads(value) is not None
