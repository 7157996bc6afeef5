"""Files from elsewhere: no more of them is read than they may have, and nothing that is no file."""

import os
import stat
from pathlib import Path
from typing import Final

from schemas.errors import Problem, ProblemList, SourceLocation

UNREADABLE: Final = "FORM-061"
TOO_LARGE: Final = "FORM-062"


def read(path: Path, most: int) -> bytes:
    """Raises ProblemList: FORM-061 for what cannot be read or is no file (a device has no end), FORM-062
    above so many bytes."""
    place = SourceLocation(path.name)
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe would be waited for
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise OSError("no file")
            data = file.read(most + 1)
    except (OSError, ValueError):
        raise ProblemList([Problem(UNREADABLE, place, {"path": path.name})]) from None
    within(data, most, path.name)
    return data


def within(data: bytes, most: int, file: str) -> None:
    """Raises ProblemList (FORM-062) above so many bytes."""
    if len(data) > most:
        raise ProblemList([Problem(TOO_LARGE, SourceLocation(file), {"limit": most >> 20})])
