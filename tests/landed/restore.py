"""A database as a landed release left it."""

import lzma
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from deploy.local import postgres
from runtime.settings import Settings
from tests.accounts import made

HERE = Path(__file__).parent

_numbers = count(1)


@contextmanager
def fresh(stack: Settings) -> Iterator[Settings]:
    """An empty database on the stack's server, dropped at the end."""
    with made(stack, f"landed_{next(_numbers)}") as settings:
        yield settings


@contextmanager
def restored(stack: Settings, release: str) -> Iterator[Settings]:
    """A database with what the release had loaded, not migrated; with its province's key, if it had one."""
    key = HERE / f"{release}.identity.key"
    with fresh(stack) as settings:
        if key.exists():
            settings = settings.model_copy(update={"identity_key_file": key})
        text = lzma.decompress((HERE / f"{release}.sql.xz").read_bytes())
        command = [postgres.binary("psql"), "-q", "-X", "-v", "ON_ERROR_STOP=1"]
        url = settings.database_url.get_secret_value()
        done = subprocess.run([*command, url], input=text, capture_output=True)
        assert done.returncode == 0, done.stderr.decode()
        yield settings
