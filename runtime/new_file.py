"""A file that was not there: a secret, written once, its owner's alone."""

import os
from pathlib import Path


def write(path: Path, text: str) -> None:
    """On the disk when this returns. Raises FileExistsError: whatever lies there stays; OSError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
