"""Acts whose push nobody can name: their versions are not here, so the feed does not tell them."""

from collections.abc import Iterator
from contextlib import closing
from typing import Final

from doctor.section import Finding
from readings import feed
from runtime import postgres
from runtime.settings import Settings
from schemas.errors import Problem

WAIT: Final = "DOC-009"
LOST: Final = "DOC-010"


def section(settings: Settings) -> Iterator[Finding]:
    """One finding for what waits, one for what is lost."""
    with closing(postgres.connect(settings, "csdl doctor")) as conn:
        found = feed.kept_aside(conn)
    for one in found:
        params = {"count": one.count, "subject": one.dataset_id}
        yield Finding(Problem(LOST if one.lost else WAIT, params=params), one.since)
