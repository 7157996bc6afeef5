"""Accounts of PostgreSQL: one a process, each with a password of its own; the owner of the tables, and the
one that every server has from its start, log in nowhere.

On a stack of this machine they are written before the server listens, by its program in single-user mode,
whose only door is the data directory; elsewhere by a superuser (`csdl database accounts`). What a process may
do with which table stands elsewhere (sinks.provincial.rights).
"""

import base64
import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

import psycopg2

from deploy.local.private import only_ours
from deploy.local.secrets import kept
from deploy.processes import database_principals
from runtime import postgres
from runtime.accounts import BACKUP, OWNER, PROCESSES, SETUP
from runtime.settings import Settings
from schemas.errors import Problem, ProblemList

DATABASE: Final = "csdl"
ITERATIONS: Final = 4096

HBA: Final = f"""\
# Made by csdl up; changes are lost.
host {DATABASE} +{PROCESSES} 127.0.0.1/32 scram-sha-256
host replication {BACKUP} 127.0.0.1/32 scram-sha-256
local all all reject
host all all all reject
"""
"""Who may connect. Whoever is not named is refused, the server's first account too."""


def passwords(folder: Path, principals: Sequence[str]) -> dict[str, str]:
    """Account → password, from the files that libpq reads (``passfile``); made where they are missing."""
    return {name: _password(folder / name, name) for name in principals}


def _password(path: Path, name: str) -> str:
    return kept(path, lambda: line(name)).rstrip("\n").rpartition(":")[2]


def line(name: str) -> str:
    """A new password in the form of libpq's passfile."""
    return f"*:*:*:{name}:{secrets.token_urlsafe(32)}\n"


def verifier(password: str, salt: bytes | None = None) -> str:
    """What PostgreSQL keeps of a password (SCRAM-SHA-256, RFC 5803): it proves one, and gives none away."""
    salt = os.urandom(16) if salt is None else salt
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ITERATIONS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    text = [base64.b64encode(part).decode() for part in (salt, stored, server)]
    return f"SCRAM-SHA-256${ITERATIONS}:{text[0]}${text[1]}:{text[2]}"


def mark(made_with: Mapping[str, str]) -> str:
    """Changes whenever the statements or a password do: what was written last is known by it."""
    of = hashlib.sha256()
    statements = (*_of_server(dict.fromkeys(made_with, "")), *OF_OUR_SERVER, *of_database(DATABASE))
    for line in (*statements, *made_with.values()):
        of.update(line.encode() + b"\n")
    return of.hexdigest() + "\n"


def of_server(made_with: Mapping[str, str]) -> list[str]:
    """Statements, a line each, that bring the accounts of a server to these, whatever stood there."""
    return _of_server({name: verifier(password) for name, password in made_with.items()})


def _of_server(verifiers: Mapping[str, str]) -> list[str]:
    named = ", ".join(f"'{name}'" for name in verifiers)
    nothing = "NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"
    lines = [
        *(_made(name) for name in (OWNER, PROCESSES, *verifiers)),
        *(f"ALTER ROLE {name} NOLOGIN {nothing}" for name in (OWNER, PROCESSES)),
    ]
    for name, held in verifiers.items():
        lines.append(f"ALTER ROLE \"{name}\" LOGIN {nothing} PASSWORD '{held}'")
        lines.append(f'GRANT {PROCESSES} TO "{name}"')
    lines += [
        f'ALTER ROLE "{BACKUP}" REPLICATION',
        f'GRANT {OWNER} TO "{SETUP}"',
        f"ALTER ROLE \"{SETUP}\" SET role = '{OWNER}'",
        # One that is no longer declared keeps its name: what it owned and was granted may still say it.
        "DO $$ DECLARE r name; BEGIN FOR r IN SELECT m.rolname FROM pg_auth_members a "
        "JOIN pg_roles m ON m.oid = a.member JOIN pg_roles g ON g.oid = a.roleid "
        f"WHERE g.rolname = '{PROCESSES}' AND m.rolname NOT IN ({named}) LOOP "
        f"EXECUTE format('REVOKE {PROCESSES} FROM %I', r); "
        "EXECUTE format('ALTER ROLE %I NOLOGIN PASSWORD NULL', r); END LOOP; END $$",
    ]
    return lines


NEW_DATABASE: Final = (f"CREATE DATABASE {DATABASE} OWNER {OWNER}",)

OF_OUR_SERVER: Final = (
    "ALTER ROLE CURRENT_USER NOLOGIN PASSWORD NULL",
    "REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC",
)
"""On a server that serves nothing else: nobody is a superuser from now on."""


def of_database(name: str) -> list[str]:
    """Statements in the database itself."""
    return [
        f'ALTER DATABASE "{name}" OWNER TO {OWNER}',
        f'REVOKE ALL ON DATABASE "{name}" FROM PUBLIC',
        f'GRANT CONNECT ON DATABASE "{name}" TO {PROCESSES}',
        # Tables of a release before 0.5 belong to the account that made them.
        "DO $$ DECLARE t regclass; BEGIN FOR t IN SELECT oid FROM pg_class "
        "WHERE relkind IN ('r', 'p', 'v', 'm') AND relnamespace = 'public'::regnamespace "
        f"AND relowner <> '{OWNER}'::regrole LOOP "
        f"EXECUTE format('ALTER TABLE %s OWNER TO {OWNER}', t); END LOOP; END $$",
    ]


def script(settings: Settings) -> str:
    """For psql, by a superuser in the pipeline's database; the passwords' files are made where missing. The
    first line tells whether anything is to be done since the last time (``mark``)."""
    with only_ours():
        made_with = passwords(settings.secrets_dir / "postgres", database_principals())
    statements = [*of_server(made_with), *of_database(DATABASE)]
    return f"-- {mark(made_with)}" + "".join(f"{statement};\n" for statement in statements)


def apply(settings: Settings) -> None:
    """The same over a connection. Raises ProblemList (SEC-206, SYS-002, SYS-010)."""
    with only_ours():
        made_with = passwords(settings.secrets_dir / "postgres", database_principals())
    try:
        with closing(postgres.connect(settings, "csdl accounts")) as conn, conn, conn.cursor() as cur:
            for statement in (*of_server(made_with), *of_database(conn.info.dbname)):
                cur.execute(statement)
    except psycopg2.errors.InsufficientPrivilege:
        raise ProblemList([Problem("SEC-206")]) from None
    except psycopg2.OperationalError as fault:
        raise ProblemList([postgres.away(fault)]) from None


def _made(name: str) -> str:
    return (
        f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{name}') THEN "
        f'CREATE ROLE "{name}" NOLOGIN; END IF; END $$'
    )
