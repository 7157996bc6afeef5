"""`csdl ministry`: what went to the Ministry, and a stand-in for it."""

import json
from contextlib import closing
from dataclasses import asdict

import click
from rich.console import Console
from rich.table import Table

from runtime import postgres
from runtime.settings import Settings
from sinks.ministry import exports as ministry_exports
from sinks.ministry import simulate as stand_in

STATES = ("opened", "sent", "answered", "mismatch")


@click.group()
def ministry() -> None:
    """What went to the Ministry, and a stand-in for it."""


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
    """Answer every exported record as the Ministry would, until told to stop (Ctrl-C)."""
    stand_in.run(Settings(), refuse_percent=refuse_percent, seed=seed)


@ministry.command()
@click.option("--state", type=click.Choice(STATES), help="Only these.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def exports(state: str | None, as_json: bool) -> None:
    """List the exports and what the Ministry answered."""
    with closing(postgres.connect(Settings(), "csdl ministry")) as conn:
        found = ministry_exports.listed(conn, state)
    if as_json:
        click.echo(json.dumps([asdict(e) for e in found], indent=2))
        return
    table = Table("export", "dataset", "version", "state", "records", "accepted", "refused", box=None)
    for e in found:
        told = f"{e.state} {e.code}".strip()
        table.add_row(
            e.export_id, e.dataset_id, *map(str, (e.version, told, e.records, e.accepted, e.refused))
        )
    Console(width=None if Console().is_terminal else 120).print(table)


@ministry.command()
@click.argument("export_id")
def retry(export_id: str) -> None:
    """Try an export again that was withheld because its digest did not fit."""
    with closing(postgres.connect(Settings(), "csdl ministry")) as conn:
        ministry_exports.retry(conn, export_id)
    click.echo(f"{export_id}: opened")
