"""Attacks at PostgreSQL and at the data directory, by another account of the machine or what it stole."""

import os
import stat
import subprocess
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import psycopg2
import pytest
from psycopg2 import errors

from deploy import accounts
from deploy.processes import database_principals
from runtime import postgres
from runtime.accounts import OPERATOR, OWNER
from tests.accounts import acting_as, in_database
from tests.attacks.closed_stack import ClosedStack

BEYOND = (
    "COPY (SELECT 1) TO PROGRAM 'id'",
    "COPY version FROM PROGRAM 'id'",
    "SELECT pg_read_file('/etc/passwd')",
    "COPY version FROM '/etc/passwd'",
    f"SET ROLE {OWNER}",
    "SET SESSION AUTHORIZATION postgres",
    "SELECT rolpassword FROM pg_authid",
    "CREATE ROLE mine LOGIN",
    "CREATE TABLE mine ()",
    "CREATE DATABASE mine",
    "ALTER TABLE version ADD COLUMN mine text",
    "ALTER SYSTEM SET fsync = off",
)
"""What reaches the server's machine, or another's place in it."""

ANOTHERS = (
    ("csdl-watch", "DELETE FROM version"),
    ("csdl-access", "UPDATE version SET version = version"),
    ("csdl-access", "DELETE FROM audit_event"),
    ("csdl-projection", "SELECT FROM identity_key"),
    ("csdl-load", "SELECT FROM account"),
    ("csdl-checkpoints", "INSERT INTO audit_event DEFAULT VALUES"),
)
"""Whose credential, for whose table."""

NO_LOGIN = pytest.raises(psycopg2.OperationalError)


def refused(stack: ClosedStack, account: str, statement: str) -> None:
    """By a right that is missing."""
    own = acting_as(stack.settings, account)
    with closing(postgres.connect(own, "test")) as conn, conn.cursor() as cur:
        conn.autocommit = True
        with pytest.raises(errors.InsufficientPrivilege):
            cur.execute(statement)


def another_local_user_reads_the_data_directory(stack: ClosedStack) -> None:
    """Refused by the kernel, which keeps no record for us; so nothing in it is anybody else's to try."""
    folder = stack.local.data_dir
    open_to_others = []
    for path, folders, files in os.walk(folder):
        for name in (*folders, *files):
            with suppress(FileNotFoundError):
                found = Path(path, name).lstat()
                if found.st_mode & 0o077 and not stat.S_ISLNK(found.st_mode):
                    open_to_others.append(f"{path}/{name}")
    assert open_to_others == []
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    if os.geteuid() == 0:
        as_other = ["setpriv", "--reuid=65533", "--regid=65533", "--clear-groups"]
        secret = "secrets/postgres/csdl-load"
        for path in ("stack.json", "postgres/PG_VERSION", "kafka/log/meta.properties", secret, "logs"):
            done = subprocess.run([*as_other, "ls", "-l", str(folder / path)], capture_output=True, text=True)
            assert done.returncode != 0 and "denied" in done.stderr


def another_local_user_connects_to_postgresql(stack: ClosedStack) -> None:
    """As each who may do much, with a password that is made up: without one it is not even asked further."""
    address = {"host": "127.0.0.1", "port": stack.local.port("postgres"), "connect_timeout": 10}
    users = ("postgres", OWNER, "csdl-setup", OPERATOR, "csdl-load")
    with stack.refused_by_postgres("login", 1, *(f'user "{user}"' for user in users)):
        for user in users:
            with NO_LOGIN:
                psycopg2.connect(**address, user=user, dbname="csdl", password="wrong")


def another_local_user_runs_copy_program(stack: ClosedStack) -> None:
    """With a stolen credential, the owner's too."""
    with stack.refused_by_postgres("right", 3, "to COPY to or from an external program"):
        for account in ("csdl-load", OPERATOR, "csdl-setup"):
            refused(stack, account, BEYOND[0])


def a_credential_used_against_the_server(stack: ClosedStack) -> None:
    with stack.refused_by_postgres("right", 2 * len(BEYOND), ""):
        for account in ("csdl-load", OPERATOR):
            for statement in BEYOND:
                refused(stack, account, statement)


def one_processs_credential_for_anothers_table(stack: ClosedStack) -> None:
    with stack.refused_by_postgres("right", len(ANOTHERS), "permission denied for table"):
        for account, statement in ANOTHERS:
            refused(stack, account, statement)


def one_processs_password_for_another(stack: ClosedStack) -> None:
    address = {"host": "127.0.0.1", "port": stack.local.port("postgres"), "connect_timeout": 10}
    [password] = accounts.passwords(stack.local.secrets / "postgres", ["csdl-load"]).values()
    users = ("csdl-check", "csdl-setup", "postgres")
    with stack.refused_by_postgres("login", 1, *(f'user "{user}"' for user in users)):
        for user in users:
            with NO_LOGIN:
                psycopg2.connect(**address, user=user, password=password, dbname="csdl")


def one_processs_credential_for_another_database(stack: ClosedStack) -> None:
    names = ("postgres", "template1")
    with stack.refused_by_postgres("login", len(names) * len(database_principals()), 'user "csdl-'):
        for account in database_principals():
            for name in names:
                with NO_LOGIN:
                    postgres.connect(in_database(acting_as(stack.settings, account), name), "test")


ATTACKS: tuple[Callable[[ClosedStack], None], ...] = (
    another_local_user_reads_the_data_directory,
    another_local_user_connects_to_postgresql,
    another_local_user_runs_copy_program,
    a_credential_used_against_the_server,
    one_processs_credential_for_anothers_table,
    one_processs_password_for_another,
    one_processs_credential_for_another_database,
)
