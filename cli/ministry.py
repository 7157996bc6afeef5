"""`csdl ministry`: what went to the Ministry, and a stand-in for it."""

from dataclasses import asdict

import click

from cli.answers import json_option, print_json, print_table, tell
from readings import exports as ministry_exports
from readings.database import database
from runtime import kafka, process
from runtime.settings import Settings
from sinks.ministry.export.retry import retry as retry_export
from sinks.ministry.simulator.process import StandIn

STATES = ("opened", "sent", "answered", "mismatch")


@click.group()
def ministry() -> None:
    """Dữ liệu chuyển lên Bộ — what went to the Ministry, and a stand-in for it."""


@ministry.command()
@click.option(
    "--refuse-percent",
    type=click.FloatRange(0, 100),
    default=2.0,
    show_default=True,
    help="Share of the records that are refused.",
)
@click.option("--seed", default=0, show_default=True, help="Another seed refuses others.")
def simulate(refuse_percent: float, seed: int) -> None:
    """Đóng vai Bộ — answer every exported record as the Ministry would, until told to stop (Ctrl-C)."""
    settings = Settings()
    kafka.admin(settings, bootstrap_timeout_ms=kafka.STAND_BY_MS).close()  # somebody stands by: SYS-001
    process.leave(process.run(StandIn(settings, refuse_percent=refuse_percent, seed=seed)))


@ministry.command()
@click.option("--state", type=click.Choice(STATES), help="Only these.")
@json_option
def exports(state: str | None, as_json: bool) -> None:
    """Các lần chuyển lên Bộ — list the exports and what the Ministry answered."""
    with database("csdl ministry") as conn:
        found = ministry_exports.listed(conn, state)
    if as_json:
        print_json([asdict(e) for e in found])
        return
    print_table(
        ("export", "dataset", "version", "forwarding", "state", "records", "accepted", "refused"),
        [
            (
                e.export_id,
                e.dataset_id,
                e.version,
                e.sequence,
                f"{e.state} {e.code}".strip(),
                e.records,
                e.accepted,
                e.refused,
            )
            for e in found
        ],
    )


@ministry.command()
@click.argument("export_id")
def retry(export_id: str) -> None:
    """Chuyển lại — try an export again that was withheld, once its cause is mended."""
    with database("csdl ministry") as conn:
        retry_export(conn, export_id)
    tell(f"{export_id}: opened")
