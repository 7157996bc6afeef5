"""``python -m bench [--records N] [--rounds N] [--json FILE]``: every lane on the same records and cores."""

import json
from pathlib import Path
from typing import Any

import click

from bench import access, figures, files, gateway, idle, lanes
from bench.cpu import measured
from bench.ours import wait_for
from bench.records import PUPILS_A_SCHOOL
from bench.running import Running, running, say, whole_schools
from bench.verdicts import verdict_ms

VERDICTS = 50_000
"""Pupils of the paced load, at most."""


@click.command()
@click.option("--records", default=200_000, show_default=True, help="Pupils a lane and round.")
@click.option("--rounds", default=3, show_default=True, help="How often the lanes take turns.")
@click.option("--burst", default=300, show_default=True, help="Schools that push at once.")
@click.option("--idle", "idle_steps", default=200, show_default=True, help="Pushes and commands, one by one.")
@click.option("--commands", default=30_000, show_default=True, help="Commands at once.")
@click.option(
    "--documented-records", default=20_000, show_default=True, help="Pupils in the documented lane."
)
@click.option("--listed", default=5_000, show_default=True, help="Rows of the list that goes file to broker.")
@click.option("--most", default=100_000, show_default=True, help="Rows of the largest list of preflight.")
@click.option("--pushes", default=100, show_default=True, help="Pushes of a school over HTTP.")
@click.option(
    "--json", "json_file", type=click.Path(path_type=Path, dir_okay=False), help="Write figures here."
)
@click.option("--port-base", default=21_090, show_default=True)
def main(
    records: int,
    rounds: int,
    burst: int,
    idle_steps: int,
    commands: int,
    documented_records: int,
    listed: int,
    most: int,
    pushes: int,
    json_file: Path | None,
    port_base: int,
) -> None:
    """Rates, ratios, CPU seconds a million records and what people wait for."""
    number = whole_schools(records)
    paced = whole_schools(min(records, VERDICTS))
    at_once = burst * PUPILS_A_SCHOOL
    needed = rounds * (3 * number + 2 * at_once) + 2 * paced + idle.pupils_needed(idle_steps)
    with running(port_base, needed) as it:
        found = [lanes.one_round(it, number, at_once) for _ in range(rounds)]
        quoted = figures.quoted(found)
        rates = [min(r[lane]["records_per_s"] for r in found) for lane in ("stored", "checked_clean")]
        report = {
            "records": number,
            "quoted": quoted,
            "verdicts": verdicts(it, paced, *rates),
            "idle": alone(it, idle_steps, commands),
            "rounds": found,
            "files": files.figures(it.settings, listed, most),
            "documented": lanes.documented_lane(it, documented_records),
        }
    report["gateway"] = gateway.figures_of(port_base, pushes, gateway.LARGE)
    text = json.dumps(report, indent=2)
    if json_file:
        json_file.write_text(text + "\n", encoding="utf-8")
    click.echo(text)


def verdicts(it: Running, number: int, stored: float, checked: float) -> dict[str, Any]:
    """Push → verdict, at half of what can be stored, without the check, and checked, with it."""
    say("verdicts at half load")
    found = {}
    for name, rate, act in (("stored", stored, it.stop), ("checked", checked, it.start)):
        act("check")
        work = it.pushes(number, clean=name == "checked")
        with measured(it.pids()) as spent:
            took = verdict_ms(it.settings, work, rate / 2)
        found[name] = {"records_per_s": round(rate / 2), **figures.percentiles(took), **spent.noise()}
        it.start("check")
        wait_for(it.db, work, checked=True)
    return found


def alone(it: Running, steps: int, commands: int) -> dict[str, Any]:
    """What one person waits for, and how many commands a second are answered."""
    idle.begin(it)
    with measured(it.pids()) as spent:
        command, push = idle.waits(it, steps)
    return {
        "command_to_read_model": figures.percentiles(command),
        "pushed_to_checked": figures.percentiles(push),
        **spent.noise(),
        "commands_per_s": idle.commands_per_s(it, commands),
        "acts_at_50_per_s": figures.percentiles(access.acts_ms(it, steps)),
    }


if __name__ == "__main__":
    main()
