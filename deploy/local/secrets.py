"""What a stack keeps secret, in a folder that nobody else can look into: made once, kept ever after.

``kafka/<principal>``: passwords; PostgreSQL's are beside them (``accounts``). ``metrics.token``: for
/metrics. ``tls/``: the stack's own authority and the certificates that it signs for the brokers. What is
deleted is made anew at the next start.
"""

import secrets
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from deploy.local import certificates, whole
from deploy.local.layout import Stack
from runtime.visible import visible

PASSWORD_BYTES: Final = 32


def _random() -> str:
    return secrets.token_urlsafe(PASSWORD_BYTES)


def kept(path: Path, make: Callable[[], str] = _random) -> str:
    """The text of a secret's file; at the first time that which ``make`` gives. Whole or not there."""
    for folder in (path.parent.parent, path.parent):
        _private(folder)
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        whole.write_private(path, text := make())
        return text


def prepare(stack: Stack, principals: Iterable[str]) -> None:
    """What is missing for Kafka and the figures, and certificates that have not long to go. Changes nothing
    else."""
    _private(stack.secrets)
    passwords(stack.passwords, principals)
    kept(stack.metrics_token)
    certificates.prepare(_private(stack.tls))


def passwords(folder: Path, principals: Iterable[str]) -> None:
    """A file for each that has none."""
    for principal in principals:
        kept(folder / principal)


def readable_by_others(folder: Path) -> list[str]:
    """What in a folder of secrets, itself included, somebody else may look at."""
    found = [folder, *folder.rglob("*")] if folder.exists() else []
    return [visible(str(path)) for path in found if path.lstat().st_mode & 0o077]


def _private(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    return folder
