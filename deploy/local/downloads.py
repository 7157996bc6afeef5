"""Files from Maven Central, each checked against a committed sha256 before anything uses it.

A lock file is a list of lines ``<sha256>  <group>:<artifact>:<version>[:<classifier>:<type>]``; it holds
no address. ``python -m deploy.local.lock`` makes them.
"""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.local.problems import fail

LOCKS: Final = Path(__file__).parent
TIMEOUT_S: Final = 60


@dataclass(frozen=True)
class Locked:
    """One line of a lock file."""

    sha256: str
    coordinate: str

    @property
    def parts(self) -> tuple[str, str, str, str, str]:
        """(group, artifact, version, classifier, type)."""
        group, artifact, version, *rest = self.coordinate.split(":")
        classifier, kind = rest or ("", "jar")
        return group, artifact, version, classifier, kind


def cache_dir() -> Path:
    """Where downloads are kept: CSDL_CACHE, else ~/.cache/csdl. STK-014 for an account without a home."""
    try:
        return Path(os.environ.get("CSDL_CACHE") or Path.home() / ".cache" / "csdl").absolute()
    except RuntimeError:
        fail("STK-014", path="HOME", reason="CSDL_CACHE, HOME: -")


def sha256(path: Path) -> str:
    """Hex digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_lock(name: str, root: str) -> list[Locked]:
    """Lines of ``<name>.lock``. STK-010 if it does not hold ``root``: the code has moved on without it."""
    path = LOCKS / f"{name}.lock"
    lines = path.read_text(encoding="utf-8").splitlines()
    locked = [Locked(*line.split(maxsplit=1)) for line in lines if line and not line.startswith("#")]
    if root not in {item.coordinate for item in locked}:
        fail("STK-010", lock=path.name, root=root)
    return locked


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """One process at a time works in a folder; the kernel frees the lock of a process that dies."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def fetch(name: str, root: str) -> Path:
    """Folder with the verified files of a lock, by their file names.

    STK-003 if one cannot be had, STK-004 if one is not what the lock says.
    """
    locked = read_lock(name, root)
    folder = cache_dir() / name
    with exclusive(folder), ThreadPoolExecutor(8) as pool:
        wanted = set(pool.map(lambda item: _fetch_one(item, folder).name, locked))
        for other in folder.glob("*.jar"):  # a former version's jars would shadow this one's
            if other.name not in wanted:
                other.unlink()
    return folder


def _fetch_one(item: Locked, folder: Path) -> Path:
    _, artifact, version, classifier, kind = item.parts
    suffix = f"-{classifier}" if classifier else ""
    target = folder / f"{artifact}-{version}{suffix}.{kind}"
    if target.exists() and sha256(target) == item.sha256:
        return target
    source = _download(item)
    if sha256(source) != item.sha256:
        source.unlink()  # cut short, perhaps: once more
        source = _download(item)
        if (found := sha256(source)) != item.sha256:
            source.unlink()
            fail("STK-004", file=target.name, expected=item.sha256[:12], found=found[:12])
    partial = target.with_suffix(target.suffix + ".part")
    shutil.copyfile(source, partial)
    partial.replace(target)
    source.unlink()
    return target


def _download(item: Locked) -> Path:
    from jgo.maven import MavenContext  # half a second, and only when something is missing

    group, artifact, version, classifier, kind = item.parts
    context = MavenContext(repo_cache=cache_dir() / "maven", timeout=TIMEOUT_S)
    try:
        component = context.project(group, artifact).at_version(version)
        return Path(component.artifact(classifier, kind).resolve())
    except Exception as error:  # the library passes on whatever its HTTP client raises
        fail("STK-003", file=f"{artifact} {version}", reason=type(error).__name__)
