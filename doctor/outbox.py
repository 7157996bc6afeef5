"""Messages of ours that no topic takes: they stay in the table outbox, however well all else goes on."""

from collections.abc import Iterator
from contextlib import closing

from doctor.section import Finding
from readings import outbox
from runtime import postgres
from runtime.settings import Settings
from schemas.errors import Problem


def section(settings: Settings) -> Iterator[Finding]:
    """One finding a topic and code."""
    with closing(postgres.connect(settings, "csdl doctor")) as conn:
        found = outbox.set_aside(conn)
    for one in found:
        yield Finding(Problem(one.code, params={"topic": one.topic, "count": one.count}), one.since)
