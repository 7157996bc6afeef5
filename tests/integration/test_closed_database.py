"""Another account of this machine, another process's credential, more than one's rights: each is refused."""

import os
import socket
import stat
import subprocess
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import psycopg2
import pytest
from psycopg2 import errors

from deploy import accounts
from deploy.local import server_account, supervisor
from deploy.processes import database_principals
from runtime import postgres
from runtime.accounts import OPERATOR, OWNER, PROCESSES, SETUP
from schemas.errors import ProblemList
from sinks.provincial import granting, rights
from sinks.watch.database_log import DatabaseLog
from tests.accounts import SUPERUSER, acting_as, in_database
from tests.conftest import fresh_database
from tests.support import wait_until

pytestmark = pytest.mark.slow

PRINCIPALS = sorted({right.account for right in rights.declared()} - {PROCESSES})

PROGRAM = "COPY (SELECT 1) TO PROGRAM 'id'"
BEYOND = {
    "a program of the server's machine": (PROGRAM, errors.InsufficientPrivilege),
    "a file of the server's machine": ("SELECT pg_read_file('/etc/passwd')", errors.InsufficientPrivilege),
    "a file by COPY": ("COPY version FROM '/etc/passwd'", errors.InsufficientPrivilege),
    "the owner's role": (f"SET ROLE {OWNER}", errors.InsufficientPrivilege),
    "the superuser's role": ("SET SESSION AUTHORIZATION postgres", errors.InsufficientPrivilege),
    "passwords": ("SELECT rolpassword FROM pg_authid", errors.InsufficientPrivilege),
    "a role of its own": ("CREATE ROLE mine LOGIN", errors.InsufficientPrivilege),
    "a table of its own": ("CREATE TABLE mine ()", errors.InsufficientPrivilege),
    "a database of its own": ("CREATE DATABASE mine", errors.InsufficientPrivilege),
    "the server's settings": ("ALTER SYSTEM SET fsync = off", errors.InsufficientPrivilege),
    "a column more": ("ALTER TABLE version ADD COLUMN mine text", errors.InsufficientPrivilege),
}


@pytest.fixture(scope="module")
def address(local_stack):
    return {"host": "127.0.0.1", "port": local_stack.port("postgres"), "connect_timeout": 10}


@pytest.fixture(scope="module")
def closed(stack, tmp_path_factory):
    """A database that no test of this file changes."""
    with fresh_database(stack, tmp_path_factory.mktemp("closed")) as settings:
        yield settings


def refused(settings, statement, error=errors.InsufficientPrivilege):
    with closing(postgres.connect(settings, "test")) as conn, conn.cursor() as cur:
        conn.autocommit = True
        with pytest.raises(error):
            cur.execute(statement)


@pytest.mark.parametrize("user", ["postgres", "csdl", "root", OWNER, PROCESSES, *database_principals()])
@pytest.mark.parametrize("database", ["csdl", "postgres", "template1"])
def test_nobody_connects_without_a_password(address, user, database):
    with pytest.raises(psycopg2.OperationalError):
        psycopg2.connect(**address, user=user, dbname=database, passfile="/dev/null")


def test_a_wrong_password_and_another_accounts_password_are_refused(stack, local_stack, address):
    [password] = accounts.passwords(local_stack.secrets / "postgres", ["csdl-load"]).values()
    others = [(user, password) for user in ("csdl-check", SETUP, "postgres")]
    for user, tried in (("csdl-load", "wrong"), *others):
        with pytest.raises(psycopg2.OperationalError):
            psycopg2.connect(**address, user=user, password=tried, dbname="csdl")
    psycopg2.connect(**address, user="csdl-load", password=password, dbname="csdl").close()


@pytest.mark.parametrize("account", database_principals())
def test_an_account_reaches_no_other_database(stack, account):
    for name in ("postgres", "template1"):
        with pytest.raises(psycopg2.OperationalError):
            postgres.connect(in_database(acting_as(stack, account), name), "test")


def test_whoever_stands_in_the_servers_place_is_not_trusted(stack):
    """One that wants no proof, or the password itself, is not talked to."""
    for asks in (b"R\0\0\0\x08\0\0\0\0", b"R\0\0\0\x08\0\0\0\x03"):  # "come in"; "the password, in clear"
        with socket.create_server(("127.0.0.1", 0)) as liar, ThreadPoolExecutor(1) as pool:
            heard = pool.submit(_lie, liar, asks)
            port = urlsplit(stack.database).port
            url = stack.database.replace(f":{port}/", f":{liar.getsockname()[1]}/")
            with pytest.raises(psycopg2.OperationalError, match="authentication"):
                psycopg2.connect(url, gssencmode="disable", sslmode="disable")
            assert heard.result() == b""


def _lie(liar, asks):
    """What a client sends after it was asked so."""
    client, _ = liar.accept()
    with client:
        client.recv(4096)
        client.sendall(asks)
        return client.recv(4096)


@pytest.mark.parametrize("beyond", BEYOND)
@pytest.mark.parametrize("account", ["csdl-load", OPERATOR])
def test_an_account_has_no_power_over_the_server(closed, account, beyond):
    refused(acting_as(closed, account), *BEYOND[beyond])


def test_not_even_setup_reaches_the_servers_machine(closed):
    for beyond in ("a program of the server's machine", "a file of the server's machine", "passwords"):
        refused(closed, *BEYOND[beyond])


@pytest.mark.parametrize("account", PRINCIPALS)
def test_one_accounts_credential_does_nothing_to_anothers_table(closed, account):
    """Every table and each of the four rights, of the tables themselves and of their partitions."""
    with closing(postgres.connect(acting_as(closed, account), "test")) as conn, conn.cursor() as cur:
        cur.execute(
            "SELECT c.relname, r.what FROM pg_class c, unnest(%s) AS r (what) "
            "WHERE relkind IN ('r', 'p', 'v') AND relnamespace = 'public'::regnamespace "
            "AND has_table_privilege(c.oid, r.what)",
            ([*rights.LETTERS.values(), "TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN"],),
        )
        held = set(cur.fetchall())
    ours = {r for r in rights.declared() if r.account == account}
    declared = {(r.name, r.what) for r in ours if r.kind is rights.Kind.TABLE}
    assert held == declared
    for table, what in {("outbox", "SELECT"), ("identity_key", "SELECT"), ("version", "UPDATE")} - declared:
        words = {"SELECT": f"SELECT FROM {table}", "UPDATE": f"UPDATE {table} SET version = version"}
        refused(acting_as(closed, account), words[what])


def test_every_table_is_somebodys(closed):
    """A table that nobody may write is forgotten in the rights, or not needed."""
    with closing(postgres.connect(closed, "test")) as conn, conn.cursor() as cur:
        cur.execute(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p', 'v') AND NOT relispartition "
            "AND relnamespace = 'public'::regnamespace"
        )
        there = {name for (name,) in cur.fetchall()}
    named = {r.name for r in rights.declared() if r.kind is rights.Kind.TABLE}
    written = {r.name for r in rights.declared() if r.what == "INSERT"}
    assert named <= there
    assert there - written == {"alembic_version", "identity_ledger"}, "setup's own"


def test_a_right_given_or_taken_by_hand_is_found_and_mended(database, superuser):
    name = urlsplit(database.database).path[1:]
    with superuser(name) as conn, conn.cursor() as cur:
        cur.execute('GRANT DELETE, UPDATE ON version TO "csdl-watch"')
        cur.execute("GRANT SELECT ON hoc_sinh TO PUBLIC")
        cur.execute('GRANT SELECT (ho_ten) ON hoc_sinh_2019 TO "csdl-outbox"')
        cur.execute('REVOKE INSERT ON outbox FROM "csdl-load"')
    said = {(p.code, p.params["name"], p.params["rights"]) for p in granting.problems(database)}
    assert said == {
        ("SEC-201", "csdl-load", "INSERT outbox"),
        ("SEC-202", "csdl-watch", "DELETE version, UPDATE version"),
        ("SEC-202", "PUBLIC", "SELECT hoc_sinh"),
        ("SEC-202", "csdl-outbox", "SELECT hoc_sinh_2019"),
    }
    gate = granting.RightsHeld(acting_as(database, "csdl-load"), "csdl-load")
    said_at_start = gate.refused()
    assert said_at_start and said_at_start.params == {"name": "csdl-load", "rights": "INSERT outbox"}
    with closing(postgres.connect(database, "test")) as conn:
        assert len(granting.bring(conn)) == 4
        assert granting.bring(conn) == []
    assert granting.problems(database) == []
    assert gate.refused() is None


def test_a_process_with_a_superusers_account_is_said(closed):
    [problem] = granting.problems(acting_as(closed, SUPERUSER))
    assert (problem.code, problem.params["name"]) == ("SEC-203", SUPERUSER)


def test_what_lies_in_the_folder_is_its_owners_alone(local_stack):
    """Records, logs, Kafka's log and metadata, settings."""
    open_to_others = {}
    for path, folders, files in os.walk(local_stack.data_dir):
        for name in (*folders, *files):
            with suppress(FileNotFoundError):
                found = Path(path, name).lstat()
                if found.st_mode & 0o077 and not stat.S_ISLNK(found.st_mode):
                    open_to_others[f"{path}/{name}"] = oct(found.st_mode)
    assert open_to_others == {}
    assert stat.S_IMODE(local_stack.data_dir.stat().st_mode) == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another account")
def test_another_account_of_the_machine_reads_nothing(local_stack):
    as_other = ["setpriv", "--reuid=65533", "--regid=65533", "--clear-groups"]
    secret = "secrets/postgres/csdl-load"
    for path in ("stack.json", "postgres/PG_VERSION", "kafka/log/meta.properties", secret, "logs"):
        done = subprocess.run(
            [*as_other, "ls", "-l", str(local_stack.data_dir / path)], capture_output=True, text=True
        )
        assert done.returncode != 0 and "denied" in done.stderr


def test_the_server_has_no_capabilities_and_no_password_in_sight(local_stack):
    pid = next(info["pid"] for info in supervisor.process_info(local_stack) if info["name"] == "postgres")
    state = dict(
        line.split(":\t") for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line
    )
    assert {int(state[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")} == {0}
    if server_account.is_another():
        assert (int(state["CapBnd"], 16), state["NoNewPrivs"]) == (0, "1")
        assert "0" not in state["Uid"].split()
    passwords = accounts.passwords(local_stack.secrets / "postgres", database_principals()).values()
    seen = [" ".join(p.cmdline()) for p in [*supervisor.left_over(local_stack), psutil.Process()]]
    for path in local_stack.data_dir.rglob("*"):
        if path.is_file() and path.parent != local_stack.secrets / "postgres" and path.stat().st_size < 10**6:
            seen.append(path.read_text(encoding="utf-8", errors="replace"))
    assert not [text for text in seen if any(password in text for password in passwords)]


def test_a_superuser_makes_the_accounts_at_a_server_of_ones_own(closed, local_stack):
    """Here those that are there already: nothing changes, and the passwords stay."""
    of_superuser = acting_as(closed, SUPERUSER)
    accounts.apply(of_superuser)
    accounts.apply(of_superuser)
    postgres.connect(acting_as(closed, "csdl-load"), "test").close()
    assert granting.problems(closed) == []
    with pytest.raises(ProblemList, match="SEC-206"):
        accounts.apply(closed)
    printed = accounts.script(closed)
    passwords = accounts.passwords(local_stack.secrets / "postgres", database_principals()).values()
    assert not [password for password in passwords if password in printed]


def test_each_refusal_is_in_the_servers_log_and_counted(closed, local_stack, address):
    log = DatabaseLog(local_stack.settings().database_log)
    seen: Counter[str] = Counter()
    with pytest.raises(psycopg2.OperationalError):
        psycopg2.connect(**address, user="csdl-load", password="wrong", dbname="csdl")
    with pytest.raises(psycopg2.OperationalError):
        psycopg2.connect(**address, user="postgres", dbname="csdl")
    refused(acting_as(closed, "csdl-watch"), "DELETE FROM version")
    refused(acting_as(closed, "csdl-watch"), PROGRAM)
    wait_until(lambda: seen.total() >= 4, lambda: seen.update(log.refused()), lambda: seen)
    assert seen == {"login": 2, "right": 2}
