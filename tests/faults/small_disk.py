"""A disk of its own, small enough to be filled, for a folder of a stack that stands still."""

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


@contextmanager
def moved_to_a_small_disk(folder: Path) -> Iterator[SmallDisk]:
    """The folder, with owners and times; a link stands in its place until the stack is deleted."""
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
