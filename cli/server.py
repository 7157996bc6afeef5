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


@server.command()
@click.argument("version")
@click.argument("processes", metavar="[PROCESS[-N]]...", nargs=-1)
@click.option("--anyway", is_flag=True, help="Vẫn đổi — although a process is not ready now.")
def use(version: str, processes: tuple[str, ...], anyway: bool) -> None:
    """Đổi phiên bản — bring this machine to an installed release, process by process.

    The newer of two releases knows the way in both directions: /opt/csdl/releases/NEWER/bin/csdl server use
    VERSION. Without a process: all that CSDL_INSTANCES asks for. Pushes go on meanwhile. Whatever runs by
    VERSION and its settings already is left alone, so that it can be run again. Root's.
    """
    from deploy import upgrade

    upgrade.use(Settings(), version, processes, tell, anyway=anyway)
