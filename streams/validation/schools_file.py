"""The register of schools as its file has it now: read again when the file changes, without a restart.

Invariant: **a register is in force at any time, and it was read whole.** A file that was written to less
than ``SETTLED_S`` ago waits: it may be half there yet, and half a register refuses the other half's schools.
A file that is missing or no register (SYS-003) changes nothing; the one read before stays in force.
"""

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from schemas.errors import ProblemList
from schemas.organisation import schools
from schemas.organisation.schools import Register

log = logging.getLogger("csdl")

LOOK_S: Final = 1.0
"""The file is looked at so often at most."""

SETTLED_S: Final = 1.0


class _Looks(NamedTuple):
    """What changes when a file is written or replaced. ``mtime_ns``: since 1970."""

    mtime_ns: int
    size: int
    inode: int


class RegisterFile:
    """``now()`` is the register in force. ``clock``: seconds since 1970, as the file's own times."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        """Reads the file. Raises ProblemList (SYS-003): without any register nothing can be judged."""
        self._path = path
        self._clock = clock
        self._looked = clock()
        self._seen = _looks(path)  # before it is read: what is written meanwhile is another look
        self._register = schools.load(path)

    def now(self) -> Register:
        """The file is read first if it has changed."""
        now = self._clock()
        if not 0 <= now - self._looked < LOOK_S:  # a clock put back must not stop the looking
            self._looked = now
            looks = _looks(self._path)
            if looks != self._seen and not _is_fresh(looks, now):
                self._seen = looks
                self._read()
        return self._register

    def _read(self) -> None:
        try:
            self._register = schools.load(self._path)
        except ProblemList as error:
            for problem in error.problems:
                _, text = problem.messages()
                log.warning("%s %s The register read before stays in force.", problem.code, text)
        else:
            log.info("the register of schools has changed and was read again")


def _looks(path: Path) -> _Looks | None:
    """None if there is no file to read."""
    try:
        found = path.stat()
    except OSError:
        return None
    return _Looks(found.st_mtime_ns, found.st_size, found.st_ino)


def _is_fresh(looks: _Looks | None, now: float) -> bool:
    return looks is not None and 0 <= now - looks.mtime_ns / 1e9 < SETTLED_S
