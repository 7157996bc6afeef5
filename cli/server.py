"""`csdl server`: what root does on a server."""

import click

from cli.answers import tell
from deploy import server as of_server
from runtime.settings import Settings


@click.group()
def server() -> None:
    """Máy chủ — accounts, folders and secrets of a server."""


@server.command()
def prepare() -> None:
    """Chuẩn bị — make the processes' accounts, folders and passwords; say what was changed. Root's.

    What is there is never replaced: only its owner and who may read it are put right.
    """
    for change in of_server.prepare(Settings()):
        tell(change)
