"""Accounts of the tests' PostgreSQL: the product's own, and one superuser that only tests have.

A test works as ``csdl-setup``, the tables' owner, and in a database of its own; a process that it runs, or a
command, logs in by its own account and has no more rights than in production.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Final
from urllib.parse import urlsplit

import psycopg2
from psycopg2.extensions import connection
from pydantic import SecretStr

from deploy import accounts
from deploy.local import postgres, private, server_account, supervisor
from deploy.local.layout import Stack
from deploy.processes import NAMES
from runtime.accounts import OPERATOR, OWNER, SETUP
from runtime.settings import Settings
from sinks.provincial.rights import Kind, declared

SUPERUSER: Final = "csdl_tests"

OF_TESTS: Final = f"""\
host all {SUPERUSER} 127.0.0.1/32 scram-sha-256
host "/^(test|landed)_" +csdl_processes 127.0.0.1/32 scram-sha-256
"""
"""Who may connect besides, for databases that tests make."""


def make_superuser(stack: Stack) -> None:
    """Before the first start of a stack."""
    with private.only_ours():
        stack.logs.mkdir(parents=True, exist_ok=True)
        postgres.prepare(stack)
        password = accounts.passwords(stack.secrets / "postgres", [SUPERUSER])[SUPERUSER]
        role = f"CREATE ROLE {SUPERUSER} SUPERUSER LOGIN PASSWORD '{accounts.verifier(password)}'"
        postgres.single(stack, stack.postgres_dir, "postgres", [role])


def let_in(stack: Stack) -> None:
    """After each start: `up` writes who may connect."""
    server_account.write(stack.postgres_dir / postgres.ACCESS_FILE, OF_TESTS + accounts.HBA)
    pid = next(info["pid"] for info in supervisor.process_info(stack) if info["name"] == "postgres")
    os.kill(pid, signal.SIGHUP)


def acting_as(settings: Settings, account: str) -> Settings:
    """The same settings with another account and its password's file."""
    url = urlsplit(settings.database_url.get_secret_value())
    query = [part for part in url.query.split("&") if not part.startswith("passfile=")]
    bare = url._replace(netloc=url.netloc.rpartition("@")[2], query="&".join(query)).geturl()
    return settings.model_copy(update={"database_url": SecretStr(bare)}).acting_as(account)


def in_database(settings: Settings, name: str) -> Settings:
    """The same settings with another database."""
    url = urlsplit(settings.database_url.get_secret_value())._replace(path=f"/{name}")
    return settings.model_copy(update={"database_url": SecretStr(url.geturl())})


def as_process(settings: Settings, name: str) -> Settings:
    """As a process, or one of several (``load-2``), logs in; where its settings are the owner's."""
    known = {f"csdl-{n}" for n in NAMES}
    account = f"csdl-{name.rstrip('0123456789').removesuffix('-')}"
    return acting_as(settings, account) if _is_owners(settings) and account in known else settings


def as_operator(settings: Settings) -> Settings:
    """As a command logs in; where its settings are the owner's."""
    return acting_as(settings, OPERATOR) if _is_owners(settings) else settings


def _is_owners(settings: Settings) -> bool:
    return urlsplit(settings.database_url.get_secret_value()).username == SETUP


@contextmanager
def superuser(settings: Settings, database: str = "postgres") -> Iterator[connection]:
    """A connection of the tests' superuser, autocommit on."""
    of = in_database(acting_as(settings, SUPERUSER), database)
    with closing(psycopg2.connect(of.database)) as conn:
        conn.autocommit = True
        yield conn


@contextmanager
def made(settings: Settings, name: str, template: str = "") -> Iterator[Settings]:
    """A database of the owner's, with the accounts' rights to it; dropped at the end."""
    with superuser(settings) as conn, conn.cursor() as cur:
        cur.execute(f"CREATE DATABASE {name} OWNER {OWNER} {template}")
        try:
            cur.execute(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC")
            for right in declared():
                if right.kind is Kind.DATABASE:
                    cur.execute(f'GRANT {right.what} ON DATABASE {name} TO "{right.account}"')
            yield in_database(settings, name)
        finally:
            cur.execute(f"DROP DATABASE {name} WITH (FORCE)")
