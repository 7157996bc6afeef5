"""What a machine must have, looked at before anything is downloaded or changed.

``make`` runs this file's ``main`` with the machine's own Python, before there is an environment: it needs the
standard library alone. ``csdl up`` asks ``folder_problems``.
"""

import os
import platform
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from deploy.local.downloads import cache_dir
from schemas.errors import Problem, ProblemList

PYTHONS: Final = ((3, 11), (3, 14))
"""The oldest and the newest Python for which every requirement has a hashed wheel."""

GLIBC: Final = (2, 28)
"""What the wheels were built for (manylinux_2_28)."""

MACHINES: Final = ("x86_64",)
"""For which every requirement has a wheel."""

ENVIRONMENT_MB: Final = 1500
"""Free space that the environment needs when it is made."""

DOWNLOADS_MB: Final = 200
"""Free space that the broker's jars need, of which the former copy is removed last."""

STACK_MB: Final = 256
"""Free space without which a stack is not started: logs, segments and the database's journal."""


def environment_problems(folder: Path) -> list[Problem]:
    """Why no environment can be made in this folder by the Python that runs: STK-012 to 016."""
    found = [*_python(), *_platform()]
    if os.pathsep in str(folder):
        found.append(no_class_path(folder))
    return found + folder_problems(folder, ENVIRONMENT_MB) + cache_problems()


def cache_problems() -> list[Problem]:
    """Why the downloads cannot be kept: STK-014, STK-015."""
    try:
        cache = cache_dir()
    except ProblemList as error:
        return error.problems
    if os.pathsep in str(cache):
        return [no_class_path(cache)]
    return folder_problems(cache, 0 if (cache / "kafka").exists() else DOWNLOADS_MB)


def no_class_path(folder: Path) -> Problem:
    """Of a folder whose name neither an environment nor Java's class path can hold."""
    return Problem("STK-014", params={"path": folder, "reason": f'"{os.pathsep}"'})


def folder_problems(folder: Path, megabytes: int) -> list[Problem]:
    """Why a folder, which may not be there yet, cannot hold programs and data.

    STK-014: it cannot be written, or nothing in it may be executed. STK-015: too little space.
    """
    there = next(p for p in (folder, *folder.parents) if p.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        return [Problem("STK-014", params={"path": folder, "reason": "chmod, chown"})]
    if os.statvfs(there).f_flag & os.ST_NOEXEC:
        return [Problem("STK-014", params={"path": folder, "reason": "noexec"})]
    free = shutil.disk_usage(there).free // 2**20
    if free < megabytes:
        return [Problem("STK-015", params={"path": folder, "free": free, "due": megabytes})]
    return []


def _python() -> list[Problem]:
    oldest, newest = PYTHONS
    if not oldest <= sys.version_info[:2] <= newest:
        return [Problem("STK-012")]
    if find_spec("ensurepip") is None:  # Debian's Python without its venv package
        return [Problem("STK-013", params={"package": f"python{platform.python_version_tuple()[0]}-venv"})]
    return []


def _platform() -> list[Problem]:
    try:
        name, _, version = (os.confstr("CS_GNU_LIBC_VERSION") or "").partition(" ")
        libc = tuple(map(int, version.split(".")[:2])) if name == "glibc" else ()
    except (AttributeError, ValueError, OSError):  # no Linux, or one without glibc
        libc = ()
    if platform.machine() in MACHINES and libc >= GLIBC:
        return []
    due = f"Linux {'/'.join(MACHINES)}, glibc {'.'.join(map(str, GLIBC))}"
    seen = f"{platform.system()} {platform.machine()}, {' '.join(platform.libc_ver()) or '?'}"
    return [Problem("STK-016", params={"found": seen, "due": due})]


def main() -> int:
    """Say what is wrong, a line a language; the exit code."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    found = environment_problems(Path.cwd())
    for problem in found:
        for text in problem.messages():
            print(problem.code, text, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
