"""``python -m bench [--records N] [--json FILE]``: the lanes in turn, on the same records and cores."""

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
from psycopg2.extensions import connection

from bench import bare, documented, ours
from bench.cpu import Spent, measured
from bench.records import PUPILS_A_SCHOOL, pupils, schools
from deploy.local import stack as local
from deploy.local import supervisor
from deploy.local.layout import Stack, instances_asked
from runtime import postgres
from runtime.settings import Settings
from schemas.contracts.contracts import record

WARM_UP_SCHOOLS: Final = 200
WARM_UP: Final = WARM_UP_SCHOOLS * PUPILS_A_SCHOOL
"""Records that each lane takes before its clock starts: a JVM and caches are cold but once."""


@click.command()
@click.option("--records", default=200_000, show_default=True, help="Pupils in our lane and the bare lane.")
@click.option(
    "--documented-records", default=20_000, show_default=True, help="Pupils in the documented lane."
)
@click.option(
    "--json", "json_file", type=click.Path(path_type=Path, dir_okay=False), help="Write figures here."
)
@click.option("--port-base", default=21_090, show_default=True)
def main(records: int, documented_records: int, json_file: Path | None, port_base: int) -> None:
    """Rates, ratios, CPU seconds a million records and the 99th percentile from push to verdict."""
    with TemporaryDirectory(prefix="csdl-bench-") as folder:
        stack = Stack(Path(folder), port_base, instances_asked())
        ours.register(stack.settings(), records + WARM_UP)
        local.up(stack, processes=ours.PROCESSES)
        try:
            figures = lanes(stack, pupils(WARM_UP + records), documented_records)
        finally:
            local.down(stack, delete=False)
    text = json.dumps(figures, indent=2)
    if json_file:
        json_file.write_text(text + "\n", encoding="utf-8")
    click.echo(text)


def lanes(stack: Stack, everything: pl.DataFrame, documented_records: int) -> dict[str, Any]:
    """Every lane's figures and the ratios between them. Each lane first takes WARM_UP records, uncounted."""
    settings = stack.settings()
    db = postgres.connect(settings)
    ours.allow(settings, everything.height)
    work, number = list(ours.pushes(everything)), everything.height - WARM_UP
    plain = plain_frame(everything)
    before = bare_lane(stack, db, plain, number)
    say("ours")
    ours.run(settings, db, work[:WARM_UP_SCHOOLS], WARM_UP)
    with measured(pids(stack)) as spent:
        ours.run(settings, db, work[WARM_UP_SCHOOLS:], number)
    mine = lane(spent, number)
    say("verdicts at half load")
    took = ours.verdict_ms(settings, everything.head(min(number, 50_000)), mine["records_per_s"] / 2)
    # Before and after ours, the faster counts: whoever comes later meets a busier disk.
    floor = max(before, bare_lane(stack, db, plain, number), key=lambda one: one["records_per_s"])
    say("the documented way")
    peer = documented_lane(stack, settings, plain, documented_records)
    return {
        "records": number,
        "ours": mine | {"verdict_p50_ms": at(took, 0.5), "verdict_p99_ms": at(took, 0.99)},
        "bare": floor,
        "documented": peer,
        "ratio_to_bare": round(mine["records_per_s"] / floor["records_per_s"], 2),
        "ratio_to_documented": round(mine["records_per_s"] / peer["records_per_s"], 1),
        "verdict_p99_ms": at(took, 0.99),
    }


def bare_lane(stack: Stack, db: connection, plain: pl.DataFrame, number: int) -> dict[str, Any]:
    """COPY and merge of the last ``number`` rows, after those before them."""
    say("bare COPY + merge")
    bare.prepare(db, plain)
    bare.run(db, plain.head(plain.height - number))
    with measured(pids(stack)) as spent:
        bare.run(db, plain.tail(number))
    return lane(spent, number)


def documented_lane(stack: Stack, settings: Settings, plain: pl.DataFrame, number: int) -> dict[str, Any]:
    """Its agent and its sink as processes of their own; from the first event to the last committed row."""
    db = postgres.connect(settings)
    documented.prepare(settings, db, plain)
    few = number // 10
    work = documented.events(plain.head(few + number))
    environment = stack.environment()
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "bench.documented", part, "worker"],
            env={"PATH": "", "PYTHONPATH": str(Path.cwd())} | environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=settings.data_dir,
        )
        for part in ("agent", "sink")
    ]
    try:
        time.sleep(10)  # both have joined their groups
        watched = pids(stack) | {"agent": running[0].pid, "sink": running[1].pid}
        documented.produce(settings, work[:few])
        documented.wait_for_rows(db, few)
        with measured(watched) as spent:
            documented.produce(settings, work[few:])
            documented.wait_for_rows(db, few + number)
        return lane(spent, number)
    finally:
        for process in running:
            process.kill()
            process.wait()


def plain_frame(records: pl.DataFrame) -> pl.DataFrame:
    """The same pupils as a table: SQL names, and the school beside them."""
    codes = schools(records.height)
    per_school = pl.Series("school", codes).gather(pl.Series(range(records.height)) // PUPILS_A_SCHOOL)
    names = {field.name: field.column for field in record("HocSinh").fields}
    return records.rename(names).insert_column(0, per_school)


def pids(stack: Stack) -> dict[str, int]:
    """Every server and process of the stack, and this one, which produces."""
    known = {info["name"]: info["pid"] for info in supervisor.process_info(stack) if info["pid"]}
    return known | {"producer": os.getpid()}


def lane(spent: Spent, records: int) -> dict[str, Any]:
    """Figures of one lane."""
    return {
        "records": records,
        "seconds": round(spent.seconds, 2),
        "records_per_s": round(records / spent.seconds),
        "cpu_s_per_million": round(spent.total() / records * 1e6, 1),
        "cpu_s": spent.cpu,
    }


def at(ordered: list[float], share: float) -> float:
    """Percentile of a sorted list."""
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))], 1)


def say(text: str) -> None:
    """Progress, on a terminal only."""
    if sys.stderr.isatty():
        click.echo(text, err=True)


if __name__ == "__main__":
    main()
