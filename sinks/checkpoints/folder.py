"""The folder of checkpoints: ``checkpoint-00000001.json`` and so on, ``checkpoint.pub`` beside them.

A file appears whole or not at all, and never in place of another. It is written by one process (or by
``csdl audit accept``: of two, one finds the number taken). Who takes the folder elsewhere may do so at any
time; files older than KEEP_DAYS go, but never the newest whole checkpoint and what follows it: these are
enough to verify every event that there ever was, for each head seals all events before it.
"""

import os
import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

PUBLIC_KEY: Final = "checkpoint.pub"
KEEP_DAYS: Final = 7

_NAME: Final = re.compile(r"checkpoint-(\d{8,})\.json")
_PARTIAL: Final = ".unfinished-"


class Taken(Exception):
    """Another writer has written this number: the row is not ours alone."""


def path(folder: Path, number: int) -> Path:
    """File of a checkpoint."""
    return folder / f"checkpoint-{number:08}.json"


def numbers(folder: Path) -> list[int]:
    """Of the files that are there, in order. Raises OSError if the folder cannot be read."""
    if not folder.exists():
        return []
    found = (_NAME.fullmatch(file.name) for file in folder.iterdir())
    return sorted(int(match[1]) for match in found if match)


def write(folder: Path, number: int, content: bytes) -> None:
    """Write a checkpoint: on disk when this returns. Raises Taken, OSError (a full disk leaves nothing)."""
    _publish(folder, path(folder, number), content)


def publish_key(folder: Path, pem: bytes) -> None:
    """Lay the public key beside the files, if none lies there. Raises OSError."""
    with suppress(Taken):
        _publish(folder, folder / PUBLIC_KEY, pem)


def tidy(folder: Path) -> None:
    """Remove what a writer that was killed has left unfinished."""
    for file in folder.glob(f"{_PARTIAL}*"):
        file.unlink(missing_ok=True)


def prune(folder: Path, whole: Iterable[int], now: float) -> None:
    """Remove old files. ``whole``: numbers of whole checkpoints; ``now`` in seconds since 1970."""
    old = [n for n in numbers(folder) if path(folder, n).stat().st_mtime < now - KEEP_DAYS * 86_400]
    keeps_from = max((n for n in whole if not old or n <= old[-1] + 1), default=0)
    for number in old:  # oldest first: what is left is a row at any moment
        if number < keeps_from:
            path(folder, number).unlink(missing_ok=True)


def _publish(folder: Path, file: Path, content: bytes) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o750)
    partial = folder / f"{_PARTIAL}{os.getpid()}-{file.name}"
    try:
        with partial.open("wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        os.link(partial, file)
    except FileExistsError:
        raise Taken from None
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
