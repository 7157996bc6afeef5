"""A path that a document names is there: a moved file takes its documents along."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "docs/architecture.md", "docs/guide.md")
NAMED = re.compile(r"`((?:[a-z_]+/)+(?:[\w.-]+\.(?:py|csv|avsc|md|yml|toml|json))?)`")


@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_a_document_names_is_there(document: str):
    named = set(NAMED.findall((ROOT / document).read_text("utf-8")))
    assert named
    assert sorted(path for path in named if not (ROOT / path).exists()) == []
