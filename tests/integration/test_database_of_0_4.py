"""The data directory of 0.4.0, in which every local user is a superuser, is closed and keeps its data."""

import lzma
import subprocess
from contextlib import closing, contextmanager

import psycopg2
import pytest

from deploy.local import postgres, private, server_account
from deploy.local.layout import Stack
from deploy.local.supervisor import Program
from deploy.processes import database_principals
from runtime import postgres as database
from runtime.accounts import OWNER, SETUP
from sinks.provincial import granting
from sinks.provincial.migrate import migrate
from tests import support
from tests.landed.restore import HERE

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def of_0_4(tmp_path_factory):
    """A stack whose PostgreSQL is as 0.4.0 made it, with what that loaded; no server runs."""
    it = Stack(tmp_path_factory.mktemp("of_0_4") / "stack", support.free_port_base())
    it.logs.mkdir(parents=True)
    home = it.postgres_dir
    home.mkdir()
    server_account.hand_over(home)
    postgres._run(
        it, home, "initdb", "-U", "csdl", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"
    )
    text = postgres.configuration(it).replace("fsync = on\n", "fsync = off\n")
    server_account.write(home / postgres.CONFIGURATION_FILE, text)
    key = HERE / "0.4.0.identity.key"
    (it.data_dir / "secrets").mkdir()
    (it.data_dir / "secrets" / "identity.key").write_bytes(key.read_bytes())
    with serving(it, "csdl", "postgres") as conn:
        conn.autocommit = True
        with conn.cursor() as cur:
            cur.execute("CREATE DATABASE csdl")
        url = f"postgresql://csdl@127.0.0.1:{it.port('postgres')}/csdl"
        command = [postgres.binary("psql"), "-q", "-X", "-v", "ON_ERROR_STOP=1", url]
        subprocess.run(command, input=lzma.decompress((HERE / "0.4.0.sql.xz").read_bytes()), check=True)
    return it


@contextmanager
def serving(it, user, name):
    """The server runs; a connection of that account."""
    program = Program(
        "postgres",
        postgres.server_command(it),
        folder=(server_account.FOLDER, it.postgres_dir),
    )
    server = subprocess.Popen(["/bin/sh", "-c", program.script()], stderr=subprocess.DEVNULL, cwd="/")
    try:
        passfile = it.secrets / "postgres" / user
        address = {"host": "127.0.0.1", "port": it.port("postgres"), "user": user, "dbname": name}

        def connected():
            try:
                return psycopg2.connect(**address, passfile=str(passfile))
            except psycopg2.OperationalError as fault:
                assert "authentication" not in str(fault) and "reject" not in str(fault)
                return None

        with closing(support.wait_until(connected)) as conn:
            yield conn
    finally:
        server.send_signal(2)
        server.wait(support.ANSWER_S)


class Killed(BaseException):
    """Nothing after this line is done."""


def test_it_is_closed_whatever_line_the_first_tries_were_killed_at_and_keeps_its_data(of_0_4, monkeypatch):
    it, real = of_0_4, postgres.single
    for survived in range(4):
        left = iter(range(survived))

        def single(*asked, left=left):
            if next(left, None) is None:
                raise Killed
            return real(*asked)

        monkeypatch.setattr(postgres, "single", single)
        with pytest.raises(Killed) if survived < 3 else monkeypatch.context(), private.only_ours():
            postgres.prepare(it)
        assert "trust" not in (it.postgres_dir / postgres.ACCESS_FILE).read_text()
    monkeypatch.setattr(postgres, "single", lambda *_: pytest.fail("the accounts are written already"))
    with private.only_ours():
        postgres.prepare(it)

    with serving(it, SETUP, "csdl") as conn:
        settings = it.settings().acting_as(SETUP)
        assert migrate(settings)
        assert migrate(settings) == []
        assert granting.problems(it.settings()) == []
        with conn, conn.cursor() as cur:
            cur.execute("SELECT count(*) FROM version")
            assert cur.fetchone() == (12,)
            cur.execute(
                "SELECT DISTINCT relowner::regrole::text FROM pg_class "
                "WHERE relnamespace = 'public'::regnamespace"
            )
            assert cur.fetchall() == [(OWNER,)]
            cur.execute("SELECT rolname FROM pg_roles WHERE rolsuper AND rolcanlogin")
            assert cur.fetchall() == []
        with (
            closing(database.connect(it.settings().acting_as("csdl-load"), "test")) as loads,
            loads.cursor() as cur,
        ):
            cur.execute("SELECT count(*) FROM hoc_sinh")
            assert cur.fetchone() == (1060,)
        for user in ("csdl", "postgres", "csdl-load"):
            with pytest.raises(psycopg2.OperationalError):
                psycopg2.connect(
                    host="127.0.0.1", port=it.port("postgres"), user=user, dbname="csdl", passfile="/dev/null"
                )


def test_a_password_whose_file_is_gone_is_made_anew_and_an_account_that_is_none_any_more_is_shut_out(
    of_0_4, monkeypatch
):
    it = of_0_4
    (it.secrets / "postgres" / "csdl-watch").unlink()
    principals = [p for p in database_principals() if p != "csdl-receipts"]
    monkeypatch.setattr(postgres, "database_principals", lambda: tuple(principals))
    with private.only_ours():
        postgres.prepare(it)
    with serving(it, "csdl-watch", "csdl"), pytest.raises(psycopg2.OperationalError):
        database.connect(it.settings().acting_as("csdl-receipts"), "test")
