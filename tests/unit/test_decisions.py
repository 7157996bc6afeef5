"""The decision records: numbered without a gap, each with its own number on top, all in the index."""

import re
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "docs" / "adr"
RECORDS = [p for p in sorted(FOLDER.glob("[0-9]*.md")) if p.name != "0000-template.md"]


def test_they_are_numbered_without_a_gap():
    numbers = [int(path.name[:4]) for path in RECORDS]
    assert numbers == list(range(1, len(numbers) + 1))
    for n, path in zip(numbers, RECORDS, strict=True):
        assert path.read_text(encoding="utf-8").startswith(f"# {n}. "), path.name


def test_the_index_names_each_by_its_title():
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    for path in RECORDS:
        title = re.sub(r"^# \d+\. ", "", path.read_text(encoding="utf-8").splitlines()[0])
        assert f"| [{path.name[:4]}]({path.name}) | {title} |" in index
