"""`csdl run NAME`: one long-lived process in the foreground. The table of all processes."""

from importlib import import_module
from typing import Final

import click

from deploy.local.layout import OFFSETS, PORT_BASE
from runtime import process as runner
from runtime.settings import Settings

PROCESSES: Final[dict[str, str]] = {
    "check": "sinks.provincial.check.process:Check",
    "confirmation": "streams.confirmation.process:Confirmation",
    "export": "sinks.ministry.export.process:Exporter",
    "grants": "streams.grants.process:Grants",
    "load": "sinks.provincial.load.process:Load",
    "outbox": "sinks.postgres.outbox:Outbox",
    "projection": "sinks.projection.process:Projection",
    "receipts": "sinks.ministry.receipts.process:Receiver",
    "validation": "streams.validation.process:Validation",
    "watch": "sinks.watch.process:Watch",
}
"""Process → its class; imported when it is run."""


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
    module, name = PROCESSES[process].split(":")
    runner.leave(runner.run(getattr(import_module(module), name)(settings)))
