"""`csdl units`: systemd's units of a server."""

from pathlib import Path

import click

from cli.answers import tell
from deploy import units as of_systemd
from runtime.settings import Settings


@click.command()
@click.argument("instances", metavar="[PROCESS[-N]]...", nargs=-1)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("/etc/systemd/system"),
    show_default=True,
    help="systemd's folder.",
)
def units(instances: tuple[str, ...], out: Path) -> None:
    """Tệp dịch vụ systemd — write the units of the processes that run on this machine; say which changed.

    Without a name: all that CSDL_INSTANCES asks for. Then systemctl daemon-reload.
    """
    for name in of_systemd.write(out, of_systemd.files(Settings(), instances)):
        tell(name)
