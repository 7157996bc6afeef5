"""From a vendor's file to the broker: a list of pupils as .xlsx, read, checked and sent, beside the way that
the libraries' documentation shows (``bench.row_by_row``). And what preflight takes of time and memory.

``python -m bench.files [--rows N] [--most N]`` runs it on a stack of its own.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import click
import polars as pl

from bench import row_by_row
from bench.cpu import peak_mb
from bench.running import say
from deploy.local import stack as local
from deploy.local.layout import Stack
from producers import files
from producers.client import PushClient
from producers.model import Target
from producers.synthetic import province, pupil_list, school
from producers.synthetic.province import SchoolPlan
from producers.synthetic.write import write_register
from runtime.accounts import SETUP
from runtime.settings import Settings

SEED: Final = 3
VENDOR: Final = "vnedu"
YEAR: Final = 2019
TURNS: Final = 3
"""The lanes take turns so often; of each the median counts."""

ROW_BY_ROW: Final = {"row_by_row": False, "row_by_row_awaited": True}
"""The documented way, its messages confirmed together at the end, or one before the next."""


def pupils_listed(rows: int, folder: Path) -> tuple[SchoolPlan, Path]:
    """A school, and a list of so many pupils of it, all columns of the layout."""
    plans, tables, found = province.plan(SEED), list[pl.DataFrame](), 0
    first = school.make(plans[0], SEED)
    while found < rows:
        table = pupil_list.columns(school.make(plans[len(tables)], SEED))
        tables.append(table)
        found += table.height
    own = pl.concat(tables).head(rows).with_row_index("n")
    numbered = own.with_columns((pl.lit("P") + pl.col("n").cast(pl.String)).alias("Mã học sinh")).drop("n")
    path = folder / f"{rows}.xlsx"
    path.write_bytes(pupil_list.workbook(first, numbered))
    return plans[0], path


def to_broker(settings: Settings, rows: int) -> dict[str, Any]:
    """Rows a second, from the file's path to the broker's last confirmation, and ratios."""
    say("file to broker")
    with TemporaryDirectory(prefix="csdl-bench-") as folder:
        plan, path = pupils_listed(rows, Path(folder))
        target = Target(VENDOR, plan.code, YEAR, "1")
        row_by_row.prepare(settings)
        found: dict[str, list[float]] = {name: [] for name in ("ours", *ROW_BY_ROW)}
        with PushClient(settings, VENDOR) as client:
            files.read([path], target)  # the reading process is there once it was needed once
            for _ in range(TURNS):
                started = time.perf_counter()
                tables = files.read([path], target).tables
                receipt = client.push(target.school, target.year, target.kind, tables)
                found["ours"].append(time.perf_counter() - started)
                if sum(receipt.records.values()) != rows:
                    raise ValueError(f"{receipt.records} of {rows}")
                for name, awaited in ROW_BY_ROW.items():
                    started = time.perf_counter()
                    if row_by_row.push(settings, path, target, awaited=awaited) != rows:
                        raise ValueError("rows are missing")
                    found[name].append(time.perf_counter() - started)
    rate = {name: round(rows / sorted(took)[TURNS // 2]) for name, took in found.items()}
    ratio = {name: round(rate["ours"] / rate[name], 1) for name in ROW_BY_ROW}
    return {"rows": rows, "rows_per_s": rate, "ratio_to": ratio}


def preflight(rows: int) -> dict[str, Any]:
    """Seconds of the whole command, and the most memory that it and its children had together."""
    say(f"preflight of {rows}")
    with TemporaryDirectory(prefix="csdl-bench-") as folder:
        plan, path = pupils_listed(rows, Path(folder))
        register = Path(folder) / "register.csv"
        write_register(register, [plan])
        told = ["--vendor", VENDOR, "--school", plan.code, "--year", str(YEAR), "--json", str(path)]
        started = time.perf_counter()
        command = [sys.executable, "-m", "cli", "preflight", *told]
        environment = os.environ | {"CSDL_REGISTER_FILE": str(register)}
        answer = Path(folder) / "answer.json"
        with answer.open("wb") as out, subprocess.Popen(command, env=environment, stdout=out) as process:
            peak = peak_mb(process.pid)
        seconds = time.perf_counter() - started
        said = json.loads(answer.read_bytes())
    if said["records"] != {"HocSinh": rows}:
        raise ValueError(f"{said['records']} of {rows}")
    return {"rows": rows, "seconds": round(seconds, 2), "peak_mb": round(peak)}


def figures(settings: Settings, rows: int, most: int) -> dict[str, Any]:
    """All of the section."""
    return {"to_broker": to_broker(settings, rows), "preflight": [preflight(n) for n in (rows, most)]}


@click.command()
@click.option("--rows", default=5_000, show_default=True, help="Of the list that is sent.")
@click.option("--most", default=100_000, show_default=True, help="Of the largest list that is judged.")
@click.option("--port-base", default=21_290, show_default=True)
def main(rows: int, most: int, port_base: int) -> None:
    """Rates and their ratio; seconds and MB of preflight."""
    with TemporaryDirectory(prefix="csdl-bench-") as folder:
        stack = Stack(Path(folder), port_base)
        local.up(stack, processes=())
        try:
            settings = stack.settings().acting_as(SETUP)
            click.echo(json.dumps(figures(settings, rows, most), indent=2))
        finally:
            local.down(stack, delete=False)


if __name__ == "__main__":
    main()
