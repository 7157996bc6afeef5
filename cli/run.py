"""`csdl run NAME`: one long-lived process in the foreground. The table of all processes."""

import logging
import sys
from importlib import import_module
from typing import Final

import click

from deploy.local.layout import OFFSETS, PORT_BASE
from runtime.process import one_line
from runtime.settings import Settings
from schemas.errors import ProblemList

PROCESSES: Final[dict[str, str]] = {
    "check": "sinks.provincial.check.process:main",
    "confirmation": "streams.confirmation.process:main",
    "export": "sinks.ministry.export.process:main",
    "grants": "streams.grants.process:main",
    "load": "sinks.provincial.load.process:main",
    "outbox": "sinks.postgres.outbox:main",
    "projection": "sinks.projection.process:main",
    "receipts": "sinks.ministry.receipts.process:main",
    "validation": "streams.validation.process:main",
    "watch": "sinks.watch.process:main",
}
"""Process → its entry function, ``main(settings) -> None``; imported when it is run."""


@click.command()
@click.argument("process", type=click.Choice(sorted(PROCESSES)))
@click.option(
    "--standard-port", is_flag=True, help="Serve /metrics where Prometheus looks for this process by default."
)
def run(process: str, standard_port: bool) -> None:
    """Chạy một tiến trình — run one process of the pipeline until it is told to stop (SIGTERM, Ctrl-C)."""
    settings = Settings()
    if standard_port:
        settings.http_port = PORT_BASE + OFFSETS[process]
    module, function = PROCESSES[process].split(":")
    try:
        sys.exit(getattr(import_module(module), function)(settings))
    except ProblemList:
        raise
    except Exception as fault:
        logging.getLogger("csdl").error("ended by %s", one_line(fault))
        sys.exit(1)
