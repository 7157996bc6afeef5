"""The database is closed: rights as declared, on the real server. Attacks: tests/attacks."""

import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
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
from runtime.accounts import OWNER, PROCESSES
from schemas.errors import ProblemList
from sinks.provincial import granting, rights
from tests.accounts import SUPERUSER, acting_as
from tests.conftest import fresh_database

pytestmark = pytest.mark.slow

PRINCIPALS = sorted({right.account for right in rights.declared()} - {PROCESSES})


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
    setups_own = {"alembic_version", "identity_ledger", "push_feed", "school_year_closed"}
    assert there - written == setups_own


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
