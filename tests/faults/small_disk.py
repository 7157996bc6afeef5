"""A disk of its own, small enough to be filled."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

MB = 160

only_root_mounts = pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts a file system")


class SmallDisk:
    """``fill`` takes all that is left, ``free`` gives it back."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self) -> None:
        with self._ballast.open("ab", buffering=0) as ballast:
            try:
                while True:
                    ballast.write(bytes(64 * 1024))
            except OSError as full:
                assert "No space left" in str(full)

    def free(self) -> None:
        self._ballast.unlink()


PAGE = 4096


class Pages:
    """A disk of so many pages: each file takes one or more. ``grow`` makes room."""

    def __init__(self, folder: Path, number: int) -> None:
        self._folder = folder
        self._mount(f"size={number * PAGE}")

    def grow(self) -> None:
        self._mount("remount,size=16m")

    def _mount(self, options: str) -> None:
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(self._folder)], check=True)


@contextmanager
def pages(folder: Path, number: int) -> Iterator[Pages]:
    """At an empty folder."""
    disk = Pages(folder, number)
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def moved_to_a_small_disk(folder: Path) -> Iterator[SmallDisk]:
    """The folder of a stack that stands still, with owners and times; a link stands in its place until the
    stack is deleted."""
    disk = SmallDisk(folder.with_name(f"{folder.name}.disk"))
    disk.folder.mkdir()
    size = f"size={MB}m,mode=755"
    subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(disk.folder)], check=True)
    try:
        subprocess.run(["cp", "-a", str(folder), str(disk.folder)], check=True)
        shutil.rmtree(folder)
        folder.symlink_to(disk.folder / folder.name)
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", str(disk.folder)], check=True)
