"""What a restore has lost and nobody has done again: by push, dataset, grant and export."""

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime

from backup import lost
from doctor.section import Finding
from runtime import postgres
from runtime.settings import Settings


def section(settings: Settings) -> Iterator[Finding]:
    """One finding a thing."""
    known = lost.of(settings)
    if known is None:
        return
    with closing(postgres.connect(settings, "csdl doctor")) as conn:
        left = lost.missing(conn, known)
    for problem in lost.problems(known, left):
        yield Finding(problem, datetime.fromisoformat(known.at))
