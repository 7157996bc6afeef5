"""People of a test: an access service, accounts, and the command line as each of them calls it."""

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from access import client
from access.accounts import names, passwords, store
from access.accounts.account import Account, Role
from access.client import AccessClient
from runtime import postgres
from runtime.settings import Settings
from tests.support import Running, run_process

DEPARTMENT: Final = "19"
PASSWORD: Final = "một mật khẩu đủ dài"
HASH: Final = passwords.hashed(PASSWORD)


def free_port() -> int:
    """One that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def access_service(settings: Settings, port: int = 0) -> Iterator[tuple[Settings, Running]]:
    """The service on these settings' servers: (settings of its callers, its process)."""
    port = port or free_port()
    url = {"access_port": port, "access_url": f"http://127.0.0.1:{port}"}
    served = settings.model_copy(update=url)
    with run_process("access", served) as process:
        yield served, process


@dataclass(frozen=True)
class Person:
    """Somebody with an account who is logged in: ``settings`` make the command line theirs."""

    settings: Settings
    account: Account

    def access(self) -> AccessClient:
        """The service, as they call it."""
        return client.logged_in(self.settings)


def code_of(name: str) -> str:
    """Code of the person whose account is called so, unless another is said."""
    return f"cb.{names.key(name)}"


def account(settings: Settings, name: str, unit: str, *roles: Role, **more: Any) -> Account:
    """An account with PASSWORD, of whatever unit."""
    person = more.pop("person", code_of(name))
    new = store.New(name, person, unit, frozenset(roles), date(2019, 1, 1), password_hash=HASH, **more)
    with closing(postgres.connect(settings)) as conn, conn, conn.cursor() as cur:
        return store.create(cur, new)


def person(settings: Settings, name: str, unit: str, *roles: Role, **more: Any) -> Person:
    """The same, logged in."""
    made = account(settings, name, unit, *roles, **more)
    own = settings.model_copy(update={"login_file": settings.data_dir / "logins" / f"{made.id}.json"})
    client.log_in(own, name, PASSWORD)
    return Person(own, made)


def head(settings: Settings, school: str) -> Person:
    """The head of a school."""
    return person(settings, f"ht.{school}", school, Role.SCHOOL_HEAD)


def officer(settings: Settings, school: str) -> Person:
    """An officer of a school."""
    return person(settings, f"cb.{school}", school, Role.SCHOOL_OFFICER)


def reviewer(settings: Settings, unit: str) -> Person:
    """A reviewer of a district or a commune."""
    return person(settings, f"duyet.{unit}", unit, Role.DISTRICT_OFFICER)


def department(settings: Settings, name: str = "so.gd", **more: Any) -> Person:
    """An officer of the department."""
    return person(settings, name, DEPARTMENT, Role.DEPARTMENT_OFFICER, **more)
