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
@click.option("--prepared", is_flag=True, help="Chỉ chuẩn bị — all but the processes: several machines.")
def use(version: str, processes: tuple[str, ...], anyway: bool, prepared: bool) -> None:
    """Đổi phiên bản — bring this machine to an installed release, process by process.

    The newer of two releases knows the way in both directions: /opt/csdl/releases/NEWER/bin/csdl server use
    VERSION. Without a process: all that CSDL_INSTANCES asks for. Pushes go on meanwhile. Whatever runs by
    VERSION and its settings already is left alone, so that it can be run again. Root's.
    """
    from deploy import upgrade

    upgrade.use(Settings(), version, processes, tell, anyway=anyway, prepared=prepared)


@server.command()
def order() -> None:
    """Thứ tự — the processes, a line each, in the order in which several machines change their release.

    Whoever reads a topic comes before whoever writes it: on all machines, before the next process.
    """
    from deploy import upgrade_order

    for name in upgrade_order.order():
        tell(name)


@server.command()
@click.argument("process")
def again(process: str) -> None:
    """Khởi động lại — start a process again if it is out of date, and wait until it is ready.

    Out of date is what runs by an older release or settings. After csdl server use --prepared on every
    machine, process after process, on one machine after the other. Root's.
    """
    from deploy import upgrade

    upgrade.again(Settings(), process, tell)
