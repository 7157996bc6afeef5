"""A file whole or not there, for its owner alone: written beside, on the disk before it has its name."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

PARTIAL: Final = ".csdl-unfinished-"


def write(path: Path, data: bytes) -> None:
    """Write it, in place of one of that name. Raises OSError: then nothing is there that was not before."""
    handle, name = tempfile.mkstemp(prefix=PARTIAL, dir=path.parent)  # 0600
    partial = Path(name)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        partial.replace(path)
    except BaseException:
        with suppress(OSError):
            partial.unlink()
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
