"""What a restore has lost and nobody has done again: by push, dataset, grant and export."""

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime

from backup import lost
from deploy.local.stack import RESTORING
from doctor.section import Finding
from runtime import postgres
from runtime.settings import Settings
from schemas.errors import Problem


def section(settings: Settings) -> Iterator[Finding]:
    """One finding a thing."""
    at = lost.home(settings)
    if (at / RESTORING).exists():
        yield Finding(Problem("BAK-017", params={"data_dir": at}))
    known = lost.read(at)
    if known is None:
        return
    with closing(postgres.connect(settings, "csdl doctor")) as conn:
        left = lost.missing(conn, known)
    for problem in lost.problems(known, left):
        yield Finding(problem, datetime.fromisoformat(known.at))
