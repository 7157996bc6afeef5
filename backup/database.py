"""PostgreSQL's base backup with the journal it needs, as one stream; and a data directory made from it."""

import os
import subprocess
import tarfile
from contextlib import closing
from pathlib import Path
from typing import BinaryIO, Final

from psycopg2.extensions import make_dsn, parse_dsn

from deploy.local import postgres, whole
from runtime import credentials
from runtime.postgres import connect
from runtime.settings import Settings
from schemas.errors import Problem, ProblemList

FAILED: Final = "BAK-012"

BLOCK: Final = 1024 * 1024


def copy(settings: Settings, out: BinaryIO) -> None:
    """Write a tar of the data directory, consistent at its end. Raises ProblemList (BAK-012), OSError.

    The journal comes last in the same stream (``fetch``): nothing readable ever lies on the disk. The server
    keeps enough of it meanwhile (wal_keep_size); where it did not, the copy fails and says so.
    """
    dsn = parse_dsn(settings.database)
    # Of the password nothing may stand on a command line, which all the machine can read.
    own = credentials.at_database(settings)
    secret = str(own.get("password") or dsn.get("password", ""))
    major = server_major(settings)
    unsaid = {"dbname", "password", *(() if major >= 16 else ("require_auth",))}
    dsn = {name: value for name, value in dsn.items() if name not in unsaid}
    program = postgres.program("pg_basebackup", major)
    asked = [
        "-d",
        make_dsn(**dsn),
        "-D",
        "-",
        "-F",
        "tar",
        "-X",
        "fetch",
        "--checkpoint=fast",
        "--no-password",
    ]
    environment = os.environ | ({"PGPASSWORD": secret} if secret else {})
    with subprocess.Popen(
        [program, *asked], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    ) as run:
        assert run.stdout is not None and run.stderr is not None
        try:
            while block := run.stdout.read(BLOCK):
                out.write(block)
        except BaseException:
            run.kill()
            raise
        said = run.stderr.read().decode(errors="replace").strip()
    if run.returncode:
        # Of its last line only what follows the program's name: nothing of a record is ever in it.
        reason = said.splitlines()[-1].partition("error: ")[2] if said else ""
        raise ProblemList([Problem(FAILED, params={"program": "pg_basebackup", "reason": reason})])


def server_major(settings: Settings) -> int:
    """Of the server's release. Raises psycopg2.OperationalError."""
    with closing(connect(settings, "csdl backup")) as conn:
        return int(conn.info.server_version) // 10_000


def extract(file: BinaryIO, home: Path) -> None:
    """Make an empty folder a data directory; its server brings it to the end of the copy when it starts.

    No link is taken: a copy from a server with tablespaces of its own is refused.
    """
    with tarfile.open(fileobj=file, mode="r|") as tar:
        for member in tar:
            if not (member.isreg() or member.isdir()):
                raise ProblemList([Problem(FAILED, params={"program": "tar", "reason": "link"})])
            whole.taken_out(tar, member, home)
    for path in (home, *home.rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)
    (home / "postgresql.conf").touch(0o600)
    for signal in ("standby.signal", "recovery.signal"):  # of a copy that was taken from a standby
        (home / signal).unlink(missing_ok=True)
    os.sync()
