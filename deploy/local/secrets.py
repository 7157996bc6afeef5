"""Secrets of a stack: each in a file of its own, made once, readable by its owner alone."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path


def kept(path: Path, make: Callable[[], str] = lambda: secrets.token_urlsafe(32)) -> str:
    """The text of a secret's file; at the first time that which ``make`` gives. Whole or not there."""
    for folder in (path.parent.parent, path.parent):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        partial = path.with_name(f"{path.name}.part")
        partial.unlink(missing_ok=True)
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text := make())
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
        return text
