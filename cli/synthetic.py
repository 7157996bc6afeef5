"""`csdl synthetic`: write a made-up province as the two vendors' files."""

from __future__ import annotations

import time
from pathlib import Path

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from cli import answers
from cli.answers import json_option, print_json, tell
from producers.synthetic import province
from producers.synthetic.write import write, write_register


def no_more_than_all(_: click.Context, __: click.Parameter, schools: int) -> int:
    """So many schools, if the province has them."""
    if schools > (most := province.every()):
        raise click.BadParameter(f"{schools} > {most}")
    return schools


@click.command()
@click.option(
    "--schools",
    default=30,
    show_default=True,
    type=click.IntRange(1),
    callback=no_more_than_all,
    help="How many.",
)
@click.option("--seed", default=1, show_default=True, help="The same seed writes the same files.")
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder to write."
)
@json_option
def synthetic(schools: int, seed: int, out: Path, as_json: bool) -> None:
    """Tạo dữ liệu giả lập — a made-up province: register.csv, and each school's vendor's files."""
    started = time.monotonic()
    chosen = province.choose(province.plan(seed), schools, seed)
    write_register(out / "register.csv", chosen)
    records = {"TruongHoc": 0, "LopHoc": 0, "HocSinh": 0, "CanBo": 0}
    n_files = n_bytes = 0
    console = answers.console(answers.PIPE_WIDTH, stderr=True)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    ) as progress:
        task = progress.add_task("schools", total=len(chosen))
        for school, paths in write(out, chosen, seed):
            for name, frame in school.frames.items():
                records[name] += len(frame)
            n_files += len(paths)
            n_bytes += sum(p.stat().st_size for p in paths)
            progress.advance(task)
    said = {
        "out": str(out),
        "schools": len(chosen),
        "direct_units": sum(s.direct for s in chosen),
        "districts": len({s.managing_unit for s in chosen if not s.direct}),
        "files": n_files,
        "bytes": n_bytes,
        "records": records,
        "seed": seed,
        "seconds": round(time.monotonic() - started, 1),
    }
    if as_json:
        print_json(said)
    else:
        tell(
            f"{said['schools']} schools, {n_files} files, {n_bytes / 1e6:.0f} MB in {out} "
            f"({sum(records.values()):,} records, {said['seconds']} s)"
        )
