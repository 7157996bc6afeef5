"""What root makes on a server of the pipeline: accounts, folders, secrets, each readable by whom it is for.

A process runs by a system account of its name and reads its own passwords alone; ``csdl-setup``, which makes
the users at Kafka, reads those there. People of the group ``csdl-operators`` read the settings and what the
account ``csdl-operator`` logs in by. Made once; what is there is never replaced, only its owner and its
readers are put right.
"""

import grp
import os
import pwd
import secrets as random
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from access.credentials import keyring
from deploy import accounts as postgres
from deploy.broker_rights import principals
from deploy.local import secrets
from deploy.local.private import only_ours
from deploy.processes import TABLE, database_principals
from runtime.accounts import BACKUP, OPERATOR, SETUP
from runtime.settings import Settings
from schemas.errors import Problem, ProblemList

GROUP: Final = "csdl"
"""Of the processes: who may read the settings."""
OPERATORS: Final = "csdl-operators"
"""Of people."""
SETTINGS_FILE: Final = Path("/etc/csdl/csdl.env")
HOME: Final = Path("/var/lib/csdl")
"""Of what each process keeps, in a folder of its own, and of what a restore remembers."""

USERS: Final = (SETUP, BACKUP, *(declared.principal for declared in TABLE))
TOOLS: Final = {"setfacl": "acl", "useradd": "passwd"}


@dataclass(frozen=True)
class Secret:
    """A file below the folder of secrets. ``readers``: as setfacl names them, beside the owner."""

    name: str
    owner: str
    make: Callable[[], str]
    readers: tuple[str, ...] = ()


WALK: Final = f"u::rwx,g::x,o::-,g:{OPERATORS}:x"
"""Through a folder, to the files that one may read: their names are known."""


@dataclass(frozen=True)
class Folder:
    """Of secrets."""

    path: Path
    owner: str = "root"


def prepare(settings: Settings) -> list[str]:
    """Bring this machine to it; what was changed. Root's alone.

    Raises ProblemList: SRV-001 for another account, STK-008 for a tool that is missing.
    """
    if os.geteuid() != 0:
        raise ProblemList([Problem("SRV-001")])
    missing = [
        Problem("STK-008", params={"tool": t, "package": p}) for t, p in TOOLS.items() if not shutil.which(t)
    ]
    if missing:
        raise ProblemList(missing)
    with only_ours():
        return [*_accounts(), *_folders(settings), *_secrets(settings), *_settings_file()]


def of_kafka(settings: Settings) -> Iterator[Secret]:
    """A password a principal."""
    for name in principals(settings.vendors, settings.vendors_by_credentials):
        yield Secret(f"kafka/{name}", _owner(name), _password, (f"u:{SETUP}:r", *_people(name)))


def of_postgres() -> Iterator[Secret]:
    """A password file of libpq's form an account."""
    for name in database_principals():
        yield Secret(f"postgres/{name}", _owner(name), partial(postgres.line, name), _people(name))


def keys() -> Iterator[Secret]:
    """What several processes know."""
    load, issuer = "csdl-load", "csdl-credentials"
    yield Secret("identity.key", load, _key, (f"u:{SETUP}:r",))
    others = ("csdl-access", "csdl-gateway", SETUP)
    yield Secret(keyring.FILE, issuer, _key, tuple(f"u:{name}:r" for name in others))
    yield Secret("metrics.token", "root", _password, (f"g:{GROUP}:r", f"g:{OPERATORS}:r"))


def _accounts() -> Iterator[str]:
    for group in (GROUP, OPERATORS):
        if group not in {g.gr_name for g in grp.getgrall()}:
            _run("groupadd", "--system", group)
            yield f"+ group {group}"
    for name in USERS:
        if name not in {u.pw_name for u in pwd.getpwall()}:
            nowhere = ("--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin")
            _run("useradd", "--system", "--gid", GROUP, *nowhere, name)
            yield f"+ user {name}"


def _folders(settings: Settings) -> Iterator[str]:
    folder = settings.secrets_dir
    for each in (
        Folder(folder),
        # It makes the passwords of vendors that are new.
        Folder(folder / "kafka", SETUP),
        Folder(folder / "postgres"),
    ):
        before = (_state(each.path), _acl(each.path))
        each.path.mkdir(parents=True, exist_ok=True)
        os.chown(each.path, pwd.getpwnam(each.owner).pw_uid, grp.getgrnam(GROUP).gr_gid)
        _run("setfacl", "--set", WALK, str(each.path))
        if (_state(each.path), _acl(each.path)) != before:
            yield str(each.path)


def _secrets(settings: Settings) -> Iterator[str]:
    for secret in (*of_kafka(settings), *of_postgres(), *keys()):
        path = settings.secrets_dir / secret.name
        before = (_state(path), _acl(path))
        secrets.kept(path, secret.make)
        os.chown(path, pwd.getpwnam(secret.owner).pw_uid, grp.getgrnam(GROUP).gr_gid)
        _run("setfacl", "--set", ",".join(("u::r", "g::-", "o::-", *secret.readers)), str(path))
        if (_state(path), _acl(path)) != before:
            yield str(path)


def _settings_file() -> Iterator[str]:
    if not SETTINGS_FILE.exists():
        return
    before = (_state(SETTINGS_FILE), _acl(SETTINGS_FILE))
    os.chown(SETTINGS_FILE, 0, grp.getgrnam(GROUP).gr_gid)
    _run("setfacl", "--set", f"u::rw,g::r,o::-,g:{OPERATORS}:r", str(SETTINGS_FILE))
    if (_state(SETTINGS_FILE), _acl(SETTINGS_FILE)) != before:
        yield str(SETTINGS_FILE)


def _owner(principal: str) -> str:
    """Whose file a password is; of who is no process of this machine root's."""
    return principal if principal in USERS else "root"


def _people(principal: str) -> tuple[str, ...]:
    return (f"g:{OPERATORS}:r",) if principal == OPERATOR else ()


def _password() -> str:
    return random.token_urlsafe(secrets.PASSWORD_BYTES)


def _key() -> str:
    return random.token_hex(keyring.BYTES) + "\n"


def _state(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    return found.st_uid, found.st_gid, found.st_mode


def _acl(path: Path) -> str:
    done = subprocess.run(["getfacl", "-cpn", str(path)], capture_output=True, text=True)
    return done.stdout


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["?"])[-1]
        raise ProblemList([Problem("SRV-002", params={"tool": command[0], "reason": last})])
