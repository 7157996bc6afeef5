"""The decision records: numbered without a gap, each with its own number on top, all in the index."""

import re
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "docs" / "adr"
RECORDS = [p for p in sorted(FOLDER.glob("[0-9]*.md")) if p.name != "0000-template.md"]


def test_numbers_have_no_gap_and_stand_on_top():
    assert [p.name[:4] for p in RECORDS] == [f"{n:04}" for n in range(1, len(RECORDS) + 1)]
    for n, path in enumerate(RECORDS, start=1):
        assert path.read_text(encoding="utf-8").startswith(f"# {n}. "), path.name


def test_the_index_names_each_by_its_title():
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    for path in RECORDS:
        title = re.sub(r"^# \d+\. ", "", path.read_text(encoding="utf-8").splitlines()[0])
        assert f"| [{path.name[:4]}]({path.name}) | {title} |" in index
