"""Signed checkpoints: is the row whole, is its key ours, is the newest one new?"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from doctor.section import Finding, of
from runtime.settings import Settings
from schemas.errors import Problem
from sinks.checkpoints.process import QUIET_S
from sinks.checkpoints.writer import Writer, began

OLD: Final = "AUD-021"


def section(settings: Settings) -> Iterator[Finding]:
    """Raises ProblemList (AUD-022). Nothing is said where none was ever written: `csdl status` knows why."""
    if not began(settings):
        return
    writer = Writer.open(settings)
    yield from of(finding.problem for finding in writer.problems())
    at = writer.row.at
    if at is not None:
        age = (datetime.now(UTC) - at).total_seconds()
        if age > QUIET_S + 10 * settings.checkpoint_every_s:
            yield Finding(Problem(OLD, params={"minutes": int(age // 60)}), at)
