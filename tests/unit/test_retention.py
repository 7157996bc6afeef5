"""Every topic and table has its line in the policy, and says how long and why."""

import re
from pathlib import Path

import pytest

from retention import policy
from retention.policy import Kind, Until
from schemas import topics
from sinks.provincial import rights
from sinks.provincial.schema import MIGRATIONS

MADE = re.compile(r"CREATE TABLE (?:IF NOT EXISTS )?(\w+) ")


def made_by_migrations():
    texts = [path.read_text("utf-8") for path in Path(MIGRATIONS, "versions").glob("*.py")]
    return {name for text in texts for name in MADE.findall(text)}


def test_every_table_has_a_line():
    granted = {name for account in rights.TABLE.values() for name in account.tables}
    view = {"operator_event"}  # of audit_event
    wanted = made_by_migrations() | granted | {"alembic_version"}
    assert sorted(policy.named(Kind.TABLE)) == sorted(wanted - view)


def test_every_topic_has_a_line():
    wanted = {topic.name for topic in topics.topics([policy.VENDOR]) if not topic.name.startswith("dlq.")}
    assert sorted(policy.named(Kind.TOPIC)) == sorted(wanted | {policy.LETTERS})


@pytest.mark.parametrize("kept", policy.every(), ids=lambda kept: kept.name)
def test_a_line_says_how_long_and_why(kept):
    assert kept.why and kept.what and kept.by
    if not isinstance(kept.long, Until):
        assert kept.long > 0 and kept.since
    assert ("%(days)s" in kept.due) is (kept.by == policy.ENDS["run"])
