"""A revision that has landed never changes; what a database lacks, a new revision brings."""

from hashlib import sha256

import pytest
from alembic.script import ScriptDirectory

from sinks.provincial import migrate, schema

VERSIONS = schema.MIGRATIONS / "versions"

LANDED = {
    "0001_provincial.py": "0e7e6fe76ce9be987dd0208022482ac684bd81f30266f4f95fb2053e9fb87417",
    "0002_read_model.py": "b5df7364a08ddb2f789a6cdea0aee04e16dec4a74ebd082bc8797c24bb2bbec5",
    "0003_ministry.py": "1b13ecdc2b42547f2cc7a76c6834f3a5136625c6bfe0fb40ba681e6bfd608d4d",
}
"""File → SHA-256. At each landing the new revisions are added, by `sha256sum` of their files."""


@pytest.mark.parametrize("name", LANDED)
def test_a_landed_revision_never_changes(name):
    assert sha256((VERSIONS / name).read_bytes()).hexdigest() == LANDED[name]


def test_the_revisions_are_one_line():
    script = ScriptDirectory.from_config(migrate._config(None))
    assert script.get_heads() == [schema.expected()]
    assert [r.revision for r in script.walk_revisions()] == sorted(
        (path.name[:4] for path in VERSIONS.glob("0*.py")), reverse=True
    )
