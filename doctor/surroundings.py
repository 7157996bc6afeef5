"""What stands around the pipeline: the disk, the database's clock."""

import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from doctor.section import Finding
from readings.database import rows
from runtime import clock, postgres
from runtime.settings import Settings
from schemas.errors import Problem

FULL: Final = "DOC-005"
DATABASE_CLOCK: Final = "DOC-007"

LEAST_FREE: Final = 2 * 1024**3
"""Bytes: PostgreSQL keeps up to 4 GiB of its log, a Kafka segment has 256 MiB."""

LEAST_SHARE: Final = 0.05


def disk(settings: Settings) -> Iterator[Finding]:
    """Is there room where the data directory lies?"""
    folder = settings.data_dir.absolute()
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if (problem := room(there, *_usage(there))) is not None:
        yield Finding(problem)


def room(folder: Path, total: int, free: int) -> Problem | None:
    """DOC-005 if so few bytes are free of so many."""
    if free >= LEAST_FREE and free >= LEAST_SHARE * total:
        return None
    return Problem(FULL, params={"folder": folder, "free": f"{free / 1024**3:.1f}"})


def _usage(folder: Path) -> tuple[int, int]:
    usage = shutil.disk_usage(folder)
    return usage.total, usage.free


def database_clock(settings: Settings) -> Iterable[Finding]:
    """Does PostgreSQL's clock agree with this machine's?"""
    with closing(postgres.connect(settings, "csdl doctor")) as conn:
        asked = time.time()
        said = float(rows(conn, "SELECT extract(epoch FROM clock_timestamp()) AS now")[0]["now"])
        off = clock.skew(asked, time.time(), said)
    if abs(off) <= clock.MAX_SKEW_S:
        return []
    return [Finding(Problem(DATABASE_CLOCK, params={"seconds": f"{off:+.0f}"}))]
