"""What gets into PostgreSQL's log, as it comes and as we set it; what a process does at a server that is set
otherwise. Servers of their own."""

import subprocess
from contextlib import closing, contextmanager, suppress
from io import StringIO

import psycopg2
import pytest

from deploy.accounts import HBA
from deploy.local import postgres as local
from deploy.local import server_account
from deploy.local.layout import Stack
from deploy.local.supervisor import Program
from runtime import database_settings
from runtime.database_settings import DatabaseFits
from tests import accounts, support
from tests.faults.small_disk import moved_to_a_small_disk, only_root_mounts

NAME = "Nguyễn Thị Mẫu"

AS_IT_COMES = ""
ALL = database_settings.CHECKED
OURS = database_settings.configuration().replace("= 512MB", "= 128MB")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """One that is whole; no server runs."""
    it = Stack(tmp_path_factory.mktemp("settings") / "stack", support.free_port_base())
    accounts.make_superuser(it)
    server_account.write(it.postgres_dir / local.ACCESS_FILE, accounts.OF_TESTS + HBA)
    return it


@contextmanager
def serving(it, settings):
    """The server runs with these settings; connections of the tests' superuser, and its log."""
    text = local.CONFIGURATION.format(port=it.port("postgres"), settings=settings)
    server_account.write(it.postgres_dir / local.CONFIGURATION_FILE, text)
    log = it.logs / "postgres.log"
    log.unlink(missing_ok=True)
    folder = (server_account.FOLDER, it.postgres_dir)
    script = Program("postgres", local.server_command(it), folder=folder).script()
    with log.open("wb") as said:
        server = subprocess.Popen(["/bin/sh", "-c", script], stderr=said, cwd="/")
    try:
        yield lambda: accounts.superuser(it.settings()), lambda: log.read_text(encoding="utf-8")
    finally:
        server.send_signal(2)
        server.wait(support.ANSWER_S)


def connected(superuser):
    def ask():
        with suppress(psycopg2.OperationalError), superuser() as conn:
            return not conn.closed

    support.wait_until(ask)


def refused(superuser, expected, statement, text=None):
    with superuser() as conn, conn.cursor() as cur, pytest.raises(expected):
        if text is None:
            cur.execute(statement)
        else:
            cur.copy_expert(statement, StringIO(text))


@pytest.mark.parametrize("settings", [AS_IT_COMES, OURS], ids=["as it comes", "as we set it"])
def test_no_row_that_was_refused_gets_into_the_log(cluster, settings):
    """The first of the two shows the fault: 548 names stood there."""
    with serving(cluster, settings) as (superuser, log):
        connected(superuser)
        with superuser() as conn, conn.cursor() as cur:
            cur.execute("DROP TABLE IF EXISTS pupil")
            cur.execute("CREATE TABLE pupil (name text PRIMARY KEY, grade int CHECK (grade < 13))")
        errors = psycopg2.errors
        copy = "COPY pupil FROM STDIN"
        refused(superuser, errors.CheckViolation, copy, f"{NAME}\t99\n")
        refused(superuser, errors.BadCopyFileFormat, copy, f"{NAME}\n")
        refused(superuser, errors.UniqueViolation, f"INSERT INTO pupil VALUES ('{NAME}', 1), ('{NAME}', 1)")
        refused(superuser, errors.UndefinedColumn, f"INSERT INTO pupil (nme) VALUES ('{NAME}')")
        said = log()
    codes = ["23514", "22P04", "23505", "42703"]
    assert (NAME in said) == (settings is AS_IT_COMES)
    assert all(code in said for code in codes) or settings is AS_IT_COMES


def test_a_process_waits_at_a_server_that_would_show_rows_and_goes_on_once_it_does_not(cluster, monkeypatch):
    monkeypatch.setattr(database_settings, "CHECKED", ALL)
    with serving(cluster, AS_IT_COMES + "timezone = UTC\n") as (superuser, _):
        connected(superuser)
        gate = DatabaseFits(cluster.settings())
        with closing(gate):
            problem = gate.refused()
            assert problem is not None and problem.code == "FIT-010"
            assert "log_error_verbosity = default (terse)" in problem.params["settings"]
            assert "fsync" not in problem.params["settings"]
            with superuser() as conn, conn.cursor() as cur:
                for setting in database_settings.SETTINGS:
                    if not setting.harm.bears:
                        cur.execute(f"ALTER SYSTEM SET {setting.name} = '{setting.value}'")
                cur.execute("SELECT pg_reload_conf()")
            support.wait_until(lambda: gate.refused() is None)
    codes = {problem.code for problem in found(cluster, OURS)}
    assert codes == set(), "what we set is all that is asked for"


def found(it, settings):
    with serving(it, settings) as (superuser, _):
        connected(superuser)
        return database_settings.problems(it.settings())


@only_root_mounts
def test_no_name_of_a_statement_that_met_a_full_disk_gets_into_the_log(cluster):
    said = []
    with moved_to_a_small_disk(cluster.postgres_dir):
        for settings in (AS_IT_COMES, OURS):
            with serving(cluster, settings) as (superuser, log):
                connected(superuser)
                with superuser() as conn, conn.cursor() as cur:
                    cur.execute("DROP TABLE IF EXISTS many; CREATE UNLOGGED TABLE many (name text)")
                rows = f"INSERT INTO many SELECT '{NAME}' || repeat('x', 900) FROM generate_series(1, 150000)"
                refused(superuser, psycopg2.errors.DiskFull, rows)
                said.append(log())
    assert ["No space left on device" in text for text in said] == [True, True]
    assert [NAME in text for text in said] == [True, False]
