"""What a stack keeps secret, in a folder that nobody else can look into: made once, kept ever after.

``kafka/<principal>``: passwords; PostgreSQL's are beside them (``accounts``). ``metrics.token``: for
/metrics. ``tls/``: the stack's own authority and the certificates that it signs for the brokers. What is
deleted is made anew at the next start.
"""

import grp
import os
import secrets
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from deploy.local import certificates, whole
from deploy.local.layout import Stack
from runtime.visible import visible

PASSWORD_BYTES: Final = 32

GROUPS: Final = frozenset({"csdl", "csdl-operators"})
"""Of a server: its processes, the people at its command line."""


def _random() -> str:
    return secrets.token_urlsafe(PASSWORD_BYTES)


def kept(path: Path, make: Callable[[], str] = _random) -> str:
    """The text of a secret's file; at the first time that which ``make`` gives. Whole or not there.

    A folder that is missing is closed to others; one that is there stays as it is (``deploy.server``).
    """
    for folder in (path.parent.parent, path.parent):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        whole.write_private(path, text := make())
        return text


def prepare(stack: Stack, principals: Iterable[str]) -> None:
    """What is missing for Kafka and the figures, and certificates that have not long to go. Changes nothing
    else."""
    _private(stack.secrets)
    passwords(_private(stack.passwords), principals)
    kept(stack.metrics_token)
    certificates.prepare(_private(stack.tls))


def passwords(folder: Path, principals: Iterable[str]) -> None:
    """A file for each that has none."""
    for principal in principals:
        kept(folder / principal)


def readable_by_others(folder: Path) -> list[str]:
    """What in a folder of secrets, itself included, somebody else may look at. Raises PermissionError."""
    if not folder.exists():
        return []
    within = [
        Path(at, name) for at, folders, files in os.walk(folder, onerror=_raise) for name in folders + files
    ]
    return [visible(str(path)) for path in [folder, *within] if _open_to_others(path.lstat())]


def _raise(fault: OSError) -> None:
    raise fault


def _open_to_others(found: os.stat_result) -> bool:
    """On a server a group of ours may read what is its own, and look for it."""
    if found.st_mode & 0o050 and not found.st_mode & 0o027:
        try:
            return grp.getgrgid(found.st_gid).gr_name not in GROUPS
        except KeyError:
            return True
    return bool(found.st_mode & 0o077)


def _private(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    return folder
