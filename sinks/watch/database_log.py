"""What PostgreSQL refused, by its own log: logins, and statements beyond an account's rights.

What was written before the start, or last in a file that was put aside since, is not counted.
"""

import re
from collections import Counter
from pathlib import Path
from typing import Final

LOGIN, RIGHT = "login", "right"
KINDS: Final = (LOGIN, RIGHT)

MOST: Final = 4 * 1024 * 1024
"""Bytes that are read at once; a flood of refusals is counted in several rounds."""

_REFUSED: Final = re.compile(rb"^\S+ \S+ UTC \[\d+\] (?:(28\w{3}) FATAL|(42501) \w+): ", re.MULTILINE)
"""By SQLSTATE: class 28 is a login, 42501 a right that is missing."""


class DatabaseLog:
    """Lines that were written since the last look."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file, self._at = self._stands()

    def refused(self) -> Counter[str]:
        """How many of each kind. Nothing while there is no such file, or it may not be read."""
        file, end = self._stands()
        if file != self._file or end < self._at:
            self._file, self._at = file, 0
        try:
            with self._path.open("rb") as log:
                log.seek(self._at)
                text = log.read(MOST)
        except OSError:
            return Counter()
        whole = text.rfind(b"\n") + 1 or (len(text) if len(text) == MOST else 0)
        self._at += whole
        return Counter(LOGIN if login else RIGHT for login, _ in _REFUSED.findall(text[:whole]))

    def _stands(self) -> tuple[int, int]:
        """Which file, and how long."""
        try:
            state = self._path.stat()
        except OSError:
            return 0, 0
        return state.st_ino, state.st_size
