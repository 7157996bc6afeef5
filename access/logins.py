"""Who is logged in on the command line: one file of the user's own (0600), a secret a service."""

import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import uuid4

from pydantic import TypeAdapter, ValidationError

from runtime import new_file
from schemas.errors import Problem, ProblemList

UNFIT: Final = "ACC-053"
_FILE: Final = TypeAdapter(dict[str, dict[str, str]])


@dataclass(frozen=True)
class Login:
    """A secret of the service's: a login's, or a personal token's."""

    secret: str


def read(path: Path, url: str) -> Login | None:
    """The login at a service, None if there is none. Raises ProblemList (ACC-053): others can read the file,
    or it is none of ours."""
    found = _all(path).get(url)
    return Login(found["secret"]) if found and "secret" in found else None


def keep(path: Path, url: str, login: Login) -> None:
    """Write it in place of the one before."""
    _write(path, _all(path) | {url: {"secret": login.secret}})


def forget(path: Path, url: str) -> None:
    """Nobody is logged in there any more."""
    kept = {other: login for other, login in _all(path).items() if other != url}
    if kept:
        _write(path, kept)
    else:
        path.unlink(missing_ok=True)


def _all(path: Path) -> dict[str, dict[str, str]]:
    try:
        with path.open("rb") as file:
            its = os.fstat(file.fileno())
            if its.st_uid != os.geteuid() or stat.S_IMODE(its.st_mode) & 0o077:
                raise ValueError("others can read it")
            return _FILE.validate_json(file.read())
    except FileNotFoundError:
        return {}
    except (ValueError, ValidationError, IsADirectoryError):
        raise ProblemList([Problem(UNFIT, params={"path": path})]) from None


def _write(path: Path, logins: dict[str, dict[str, str]]) -> None:
    """Whole or not at all, and never readable by others for a moment."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{uuid4().hex}")
    try:
        new_file.write(unfinished, json.dumps(logins) + "\n")
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
