"""Programs from Debian's packages, unpacked into the cache: nothing is installed, no root is needed.

``debian.lock`` pins a package of each release: ``<sha256>  name_version_architecture``. An archive keeps one
version alone, and a point release takes it away: then the archive's present one is taken, which apt has
checked against the archive's own signature.
"""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

from deploy.local import whole
from deploy.local.downloads import LOCKS, cache_dir, exclusive, sha256
from deploy.local.problems import fail

SIGNED: Final = ("APT::Get::AllowUnauthenticated=false", "Acquire::AllowInsecureRepositories=false")
MACHINES: Final = {"x86_64": "amd64", "aarch64": "arm64"}


def unpacked(name: str) -> Path:
    """Folder with a package's files. STK-003: no archive has it, 004: not the pinned one, 008: no apt."""
    pinned = _pinned(name)
    with exclusive(cache_dir() / "debian") as _:
        for known in (*pinned, *_others(name)):
            if (folder := cache_dir() / known).exists():
                return folder
        for tool in ("apt-get", "dpkg"):
            if shutil.which(tool) is None:
                fail("STK-008", tool=name, package=name)
        package = _download(name, pinned)
        if (due := pinned.get(package.stem)) not in (None, found := sha256(package)):
            package.unlink()
            fail("STK-004", file=package.name, expected=str(due)[:12], found=found[:12])
        folder = cache_dir() / package.stem
        whole.make(folder, lambda unfinished: _unpack(package, unfinished))
        package.unlink()
    return folder


def _pinned(name: str) -> dict[str, str]:
    """name_version_architecture -> sha256, of this machine's architecture, in the lock's order."""
    lines = (LOCKS / "debian.lock").read_text(encoding="utf-8").splitlines()
    pairs = (line.split() for line in lines if not line.startswith("#"))
    return {
        full: digest for digest, full in pairs if full.startswith(f"{name}_") and full.endswith(_machine())
    }


def _machine() -> str:
    return MACHINES.get(os.uname().machine, os.uname().machine)


def _others(name: str) -> list[str]:
    """What was taken before because the pinned ones were gone, newest first."""
    found = [p for p in cache_dir().glob(f"{name}_*_{_machine()}") if p.is_dir()]
    return [p.name for p in sorted(found, key=lambda p: p.stat().st_mtime, reverse=True)]


def _unpack(package: Path, folder: Path) -> None:
    subprocess.run(["dpkg", "-x", package, folder], check=True, capture_output=True)


def _download(name: str, pinned: dict[str, str]) -> Path:
    """The .deb: a pinned one, else the archive's; by the machine's package lists, else by fresh ones."""
    folder = cache_dir() / "debian"
    for package in folder.glob(f"{name}_*.deb"):  # of one that was killed
        package.unlink()
    wanted = [f"{name}={full.split('_')[1]}" for full in pinned] + [name]
    for options in ((), _own_lists(folder)):
        if options:
            subprocess.run(["apt-get", *options, "update", "-q"], cwd=folder, capture_output=True)
        for word in wanted:
            subprocess.run(
                ["apt-get", *_options(*SIGNED), *options, "download", word],
                cwd=folder,
                capture_output=True,
            )
            if arrived := next(folder.glob(f"{name}_*.deb"), None):
                return arrived
    fail("STK-003", file=name, reason="apt-get download")


def _own_lists(folder: Path) -> tuple[str, ...]:
    """Package lists of our own, where the machine has none or old ones: its own are root's."""
    for below in ("state/lists/partial", "cache/archives/partial"):
        (folder / "apt" / below).mkdir(parents=True, exist_ok=True)
    return _options(
        f"Dir::State={folder}/apt/state",
        f"Dir::Cache={folder}/apt/cache",
        "Dir::State::status=/var/lib/dpkg/status",
        "APT::Sandbox::User=root",
    )


def _options(*settings: str) -> tuple[str, ...]:
    return tuple(word for setting in settings for word in ("-o", setting))
