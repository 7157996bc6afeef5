"""What became of the newest backup: ``status.json`` beside the backups, which ``watch`` reads and alerts by.

``last_success`` and ``last_verified`` are seconds since 1970, 0 if never; ``last_failed`` is of the newest
try; ``verified`` says of each verified backup what it holds of which school year. What cannot be written is
passed over: a disk that is full says so by itself, and the file then tells what was.
"""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from deploy.local import whole

NAME: Final = "status.json"


@contextmanager
def of_a_backup(shelf: Path) -> Iterator[None]:
    """Whether the block made one."""
    try:
        yield
    except BaseException:
        _write(shelf, last_failed=True)
        raise
    _write(shelf, last_failed=False, last_success=time.time())


def verified(shelf: Path, name: str, years: Mapping[int, str]) -> None:
    """One was brought to life, and nothing was wrong. ``years``: what it holds of each school year
    (``sinks.provincial.years.held``). Of those that are gone nothing is said any more."""
    of = {each: said for each, said in read(shelf).get("verified", {}).items() if (shelf / each).is_dir()}
    of[name] = {"at": time.time(), "years": {str(year): held for year, held in years.items()}}
    _write(shelf, last_verified=time.time(), verified=of)


def read(shelf: Path) -> dict[str, Any]:
    """As it stands; empty where there is none."""
    try:
        return dict(json.loads((shelf / NAME).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def _write(shelf: Path, **said: object) -> None:
    with suppress(OSError):
        shelf.mkdir(parents=True, exist_ok=True, mode=0o700)
        whole.write(shelf / NAME, json.dumps(read(shelf) | said))
