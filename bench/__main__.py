"""``python -m bench [--records N] [--rounds N] [--json FILE]``: every lane on the same records and cores."""

import json
from pathlib import Path
from typing import Any

import click

from bench import figures, lanes
from bench.ours import wait_for
from bench.running import Running, running, say, whole_schools
from bench.verdicts import verdict_ms

VERDICTS = 50_000
"""Pupils of the paced load, at most."""


@click.command()
@click.option("--records", default=200_000, show_default=True, help="Pupils a lane and round.")
@click.option("--rounds", default=3, show_default=True, help="How often the lanes take turns.")
@click.option(
    "--documented-records", default=20_000, show_default=True, help="Pupils in the documented lane."
)
@click.option(
    "--json", "json_file", type=click.Path(path_type=Path, dir_okay=False), help="Write figures here."
)
@click.option("--port-base", default=21_090, show_default=True)
def main(records: int, rounds: int, documented_records: int, json_file: Path | None, port_base: int) -> None:
    """Rates, ratios, CPU seconds a million records and what people wait for."""
    number = whole_schools(records)
    paced = whole_schools(min(records, VERDICTS))
    with running(port_base, rounds * 3 * number + 2 * paced) as it:
        found = [lanes.one_round(it, number) for _ in range(rounds)]
        quoted = figures.quoted(found)
        rates = [min(r[lane]["records_per_s"] for r in found) for lane in ("stored", "checked_clean")]
        report = {
            "records": number,
            "quoted": quoted,
            "verdicts": verdicts(it, paced, *rates),
            "rounds": found,
            "documented": lanes.documented_lane(it, documented_records),
        }
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
        found[name] = {"records_per_s": round(rate / 2)} | figures.percentiles(
            verdict_ms(it.settings, work, rate / 2)
        )
        it.start("check")
        wait_for(it.db, work, checked=True)
    return found


if __name__ == "__main__":
    main()
