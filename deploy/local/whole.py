"""Whole or not there: what is killed half way leaves nothing that a later start takes for made."""

import copy
import glob
import os
import shutil
import tarfile
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from runtime import new_file


def make(folder: Path, fill: Callable[[Path], object]) -> None:
    """Fill an empty folder beside it, then give it the name. What earlier tries left there is removed.

    The caller holds a lock. Each try has a folder of its own all the same: the program that filled one may
    outlive a caller that was killed.
    """
    mark = f"{folder.name}.unfinished-"
    for earlier in folder.parent.glob(glob.escape(mark) + "*"):
        shutil.rmtree(earlier, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=mark, dir=folder.parent))
    fill(unfinished)
    unfinished.rename(folder)


def set_aside(folder: Path) -> Path:
    """Give a folder that was never finished another name; nothing is deleted. Returns it."""
    aside = folder.with_name(f"{folder.name}.aside-{time.time_ns()}")
    return folder.rename(aside)


def write(path: Path, text: str) -> None:
    """Write a file whole: whoever reads it meanwhile has the former one."""
    partial = path.with_name(f"{path.name}.part")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def write_private(path: Path, text: str) -> None:
    """The same, for its owner alone to read; on the disk before it has its name."""
    partial = path.with_name(f"{path.name}.part")
    partial.unlink(missing_ok=True)
    new_file.write(partial, text)
    partial.replace(path)


def taken_out(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    """Take a file or a folder out of an archive, into this folder and nowhere else, as our own.

    Python's own filter does it where there is one: Debian 12's 3.11.2 has none. Raises tarfile.TarError.
    """
    if hasattr(tarfile, "data_filter"):
        tar.extract(member, folder, filter="data")
        return
    inside = Path(member.name)
    if inside.is_absolute() or ".." in inside.parts or not (member.isreg() or member.isdir()):
        raise tarfile.ExtractError(member.name)
    ours = copy.copy(member)
    ours.uid, ours.gid, ours.uname, ours.gname = os.geteuid(), os.getegid(), "", ""
    ours.mode = 0o755 if member.isdir() else member.mode & 0o755 | 0o600
    tar.extract(ours, folder)
