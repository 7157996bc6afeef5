"""``python -m bench.closed [--records N] [--rounds N] [--json FILE]``: what TLS, logins and rights cost.

The same stack is started with a broker that is closed, as ever, and with one that asks nobody; they take
turns, each going first as often as the other. A round: pushes stored, then pushes checked, after a warm-up.
"""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import click

from bench import ours
from bench.lanes import checked_lane, stored_lane
from bench.running import PROCESSES, WARM_UP, Running, say, whole_schools
from deploy.local import stack as local
from deploy.local.layout import Stack, instances_asked
from runtime import postgres
from runtime.accounts import SETUP

LANES = ("stored", "checked")


@click.command()
@click.option("--records", default=100_000, show_default=True, help="Pupils a lane and round.")
@click.option("--rounds", default=4, show_default=True, help="Of either; even: each goes first as often.")
@click.option(
    "--json", "json_file", type=click.Path(path_type=Path, dir_okay=False), help="Write figures here."
)
@click.option("--port-base", default=21_590, show_default=True)
def main(records: int, rounds: int, json_file: Path | None, port_base: int) -> None:
    """Rates and CPU seconds a million of both, and closed over open."""
    number = whole_schools(records)
    needed = 2 * rounds * (len(LANES) * number + WARM_UP)
    found: dict[str, list[dict[str, Any]]] = {"closed": [], "open": []}
    with TemporaryDirectory(prefix="csdl-bench-") as folder:
        stack = Stack(Path(folder), port_base, instances_asked())
        ours.register(stack.settings(), needed)
        taken = 0
        for number_of_round in range(rounds):
            turns = ("closed", "open") if number_of_round % 2 == 0 else ("open", "closed")
            for kind in turns:
                say(kind)
                with _running(replace(stack, open_broker=kind == "open"), needed, taken) as it:
                    found[kind].append(_round(it, number))
                    taken = it.taken
    report = {"records": number, "closed_over_open": _ratios(found), "rounds": found}
    text = json.dumps(report, indent=2)
    if json_file:
        json_file.write_text(text + "\n", encoding="utf-8")
    click.echo(text)


def _round(it: Running, number: int) -> dict[str, Any]:
    return {
        "stored": stored_lane(it, it.pushes(number)),
        "checked": checked_lane(it, it.pushes(number)),
    }


@contextmanager
def _running(stack: Stack, registered: int, taken: int) -> Iterator[Running]:
    local.up(stack, processes=PROCESSES)
    try:
        with closing(postgres.connect(stack.settings().acting_as(SETUP))) as db:
            it = Running(stack, stack.settings().acting_as(SETUP), db, registered, taken)
            if not taken:
                ours.allow(it.settings, registered)
            work = it.pushes(WARM_UP)
            ours.send(it.settings, work)
            it.start("check")
            ours.wait_for(db, work, checked=True)
            yield it
    finally:
        local.down(stack, delete=False)


def _ratios(found: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Of the medians; and of each pair of rounds, to show the noise."""
    of: dict[str, Any] = {}
    for lane in LANES:
        rates = {kind: [r[lane]["records_per_s"] for r in rounds] for kind, rounds in found.items()}
        pairs = zip(rates["closed"], rates["open"], strict=True)
        of[lane] = {
            "records_per_s": round(median(rates["closed"]) / median(rates["open"]), 3),
            "pairs": [round(shut / asks_nobody, 3) for shut, asks_nobody in pairs],
        }
    return of


if __name__ == "__main__":
    main()
