"""What a backup holds beside PostgreSQL and Kafka: keys, passwords, checkpoints, documents, each where the
settings have it.

Nothing that is there is replaced: it may be younger than the backup. But keys that are others than the
backup's are of another installation, as a machine has that was installed anew: by them nobody would be known
again, no key of a school would open, no checkpoint be verified.
"""

import os
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from access.credentials import keyring
from backup import taking
from backup.sealing import Key
from deploy.local import whole
from runtime import accounts
from runtime.settings import Settings

SECRETS: Final = "secrets"
KEYS: Final = tuple(f"{SECRETS}/{name}" for name in ("identity.key", keyring.FILE, "checkpoint.key"))
OF_VENDORS: Final = f"{SECRETS}/kafka/{accounts.vendor('')}"
"""Passwords that others know, too."""


def where(settings: Settings, name: str) -> Path:
    """Of a file by its name in the backup. Pure."""
    signs = settings.checkpoint_key_file
    files = {
        "register.csv": settings.register_file,
        "secrets/identity.key": settings.identity_key_file,
        "secrets/checkpoint.key": signs,
        "secrets/checkpoint.last": signs.with_suffix(".last"),
    }
    folders = {
        SECRETS: settings.secrets_dir,
        "checkpoints": settings.checkpoints_dir,
        "documents": settings.documents_dir,
        "trust": settings.trust_dir,
    }
    top, _, rest = name.partition("/")
    return files.get(name) or folders[top] / rest


def others(settings: Settings, folder: Path, key: Key) -> list[Path]:
    """What lies here of another installation; empty where the keys are the backup's. Keys come last: as long
    as one of them is there the rest is known by it."""
    keys: list[Path] = []
    passwords: list[Path] = []
    with _archive(folder, key, taking.FIRST) as tar:
        for member in tar:
            here = where(settings, member.name)
            if not (member.name in KEYS or member.name.startswith(OF_VENDORS)) or not here.exists():
                continue
            content = tar.extractfile(member)
            if content is not None and content.read().strip() != here.read_bytes().strip():
                (keys if member.name in KEYS else passwords).append(here)
    signs = settings.checkpoint_key_file
    signed = [signs.with_suffix(".last"), settings.checkpoints_dir] if signs in keys else []
    return [*passwords, *(path for path in signed if path.exists()), *keys] if keys else []


def unpack(settings: Settings, folder: Path, key: Key) -> None:
    """What is not there, with the rights that it had; it belongs to whoever owns the folder that it comes
    into. Whole: half a file would be kept by the next try as if it were younger."""
    for name in (taking.FIRST, taking.LAST):
        with _archive(folder, key, name) as tar:
            for member in tar:
                to = where(settings, member.name)
                if not member.isreg() or ".." in Path(member.name).parts or to.exists():
                    continue
                owned = _folders(to.parent)
                mode = 0o600 if member.name.startswith(f"{SECRETS}/") else member.mode & 0o777
                member.name = f"{to.name}.part"
                whole.taken_out(tar, member, to.parent)
                partial = to.with_name(member.name)
                partial.chmod(mode)
                os.chown(partial, owned.st_uid, owned.st_gid)
                partial.replace(to)


def _folders(folder: Path) -> os.stat_result:
    """Make it, and those above, for whoever owns the first that there is."""
    if folder.exists():
        return folder.stat()
    above = _folders(folder.parent)
    folder.mkdir(mode=0o700)
    os.chown(folder, above.st_uid, above.st_gid)
    return above


@contextmanager
def _archive(folder: Path, key: Key, name: str) -> Iterator[tarfile.TarFile]:
    with taking.unpack(folder, key, name) as file, tarfile.open(fileobj=file, mode="r|") as tar:
        yield tar
