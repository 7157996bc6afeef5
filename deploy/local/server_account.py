"""Who runs PostgreSQL, and how: by an account of its own where we are root, without any capability.

That account is let through no closed folder: it gets the data directory as an open descriptor, and its
programs from a place that it can read.
"""

import os
import pwd
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from deploy.local import whole
from deploy.local.problems import fail

ACCOUNTS: Final = ("postgres", "nobody")
"""The first that there is runs a new server: PostgreSQL refuses to run as root."""

FOLDER: Final = 9
"""The descriptor on which the server gets its data directory."""

COPIES: Final = Path("/var/cache/csdl")
"""Where root keeps programs for that account, if it cannot reach those that are installed."""


def is_another() -> bool:
    """Whether the server runs by another account than ours."""
    return os.geteuid() == 0


def account(home: Path) -> pwd.struct_passwd:
    """Whose server works in a data directory: its owner; of a new one the first of ACCOUNTS."""
    if home.exists() and (owner := home.stat().st_uid):
        return pwd.getpwuid(owner)
    for name in ACCOUNTS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    fail("STK-008", tool=f"account {' / '.join(ACCOUNTS)}", package="base-passwd")


def hand_over(home: Path) -> None:
    """Give a new data directory to the account."""
    home.chmod(0o700)
    if is_another():
        of = account(home)
        os.chown(home, of.pw_uid, of.pw_gid)


def hand_over_all(home: Path) -> None:
    """Give it a data directory that we filled, with all in it."""
    if is_another():
        of = account(home)
        for path in (home, *home.rglob("*")):
            os.chown(path, of.pw_uid, of.pw_gid, follow_symlinks=False)


def command(home: Path, program: Path, *arguments: str) -> list[str]:
    """The program's command line, by that account and without capabilities if we are root."""
    if not is_another():
        return [str(program), *arguments]
    if shutil.which("setpriv") is None:
        fail("STK-008", tool="setpriv", package="util-linux")
    of = account(home)
    who = [f"--reuid={of.pw_uid}", f"--regid={of.pw_gid}", "--clear-groups"]
    none = ["--inh-caps=-all", "--ambient-caps=-all", "--bounding-set=-all", "--no-new-privs"]
    return ["setpriv", *who, *none, str(_within_reach(program)), *arguments]


@contextmanager
def opened(home: Path) -> Iterator[int]:
    """Descriptor of a data directory, for a program that is started meanwhile."""
    descriptor = os.open(home, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def write(path: Path, text: str) -> None:
    """A file in the data directory, whole, for its owner alone.

    The folder is the server's own: nothing that it may have put there is followed.
    """
    partial = path.with_name(f"{path.name}.part")
    partial.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with os.fdopen(os.open(partial, flags, 0o600), "w", encoding="utf-8") as file:
        if is_another():
            of = account(path.parent)
            os.fchown(file.fileno(), of.pw_uid, of.pw_gid)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def _within_reach(program: Path) -> Path:
    """The program, or its copy if others cannot reach it: under /root, or made with a narrow umask."""
    if _others_may(program, stat.S_IROTH | stat.S_IXOTH) and all(
        _others_may(folder, stat.S_IXOTH) for folder in program.parents
    ):
        return program
    installed = program.parent.parent
    copy = COPIES / f"postgresql-{program.stat().st_mtime_ns}"
    if not copy.exists():
        COPIES.mkdir(mode=0o755, parents=True, exist_ok=True)
        COPIES.chmod(0o755)
        whole.make(copy, lambda unfinished: _copy(installed, unfinished))
    return copy / program.relative_to(installed)


def _others_may(path: Path, what: int) -> bool:
    return path.stat().st_mode & what == what


def _copy(installed: Path, to: Path) -> None:
    shutil.copytree(installed, to, symlinks=True, dirs_exist_ok=True)
    for path in (to, *to.rglob("*")):
        if not path.is_symlink():
            mode = stat.S_IMODE(path.stat().st_mode)
            runs = mode & stat.S_IXUSR or path.is_dir()
            path.chmod(mode & ~0o022 | (0o055 if runs else 0o044))
