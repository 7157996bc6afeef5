"""What lies in a stack's folder is its owner's alone: nothing else on the machine reads records at rest.

``only_ours`` for what is made from now on, ``close`` for what an earlier release left open.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

UMASK: Final = 0o077


@contextmanager
def only_ours() -> Iterator[None]:
    """What this process makes meanwhile, and what it starts, is closed to every other account."""
    before = os.umask(UMASK)
    try:
        yield
    finally:
        os.umask(before)


def close(folder: Path) -> None:
    """Take the rights of group and others from a folder and all in it. Links are not followed."""
    _close(folder)
    for path, folders, files in os.walk(folder):
        for name in (*folders, *files):
            with suppress(FileNotFoundError):  # a lock that is removed meanwhile
                _close(Path(path, name))


def _close(path: Path) -> None:
    mode = path.lstat().st_mode
    if not stat.S_ISLNK(mode) and mode & UMASK:
        path.chmod(stat.S_IMODE(mode) & ~UMASK)
