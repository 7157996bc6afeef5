"""``python -m bench.capacity``: measures what ``docs/capacity.md`` is made of, and makes it."""

import json
import os
import platform
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click
import psutil

from bench.capacity import document, holding, loading, sharing

DATA: Final = Path(__file__).with_name("measured.json")
DOCUMENT: Final = Path("docs", "capacity.md")
PARTS: Final = ("load", "held", "shared", "full")
PROVINCE: Final = 760


def _machine() -> dict[str, Any]:
    """Where and of what it was measured."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    ).stdout.strip()
    return {
        "on": datetime.now(UTC).date().isoformat(),
        "commit": commit,
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30),
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[0], 1),
    }


@click.command()
@click.option(
    "--part", "parts", multiple=True, type=click.Choice(PARTS), default=PARTS[:3], show_default=True
)
@click.option("--schools", default="5,15,45,90", show_default=True, help="Schools of each block of `load`.")
@click.option("--many", default="1000,4000,12000", show_default=True, help="Schools of each stack of `held`.")
@click.option("--pushed", default=60, show_default=True, help="Schools of `shared`.")
@click.option("--province", default=PROVINCE, show_default=True, help="Schools of `full`.")
@click.option("--json", "json_file", type=click.Path(path_type=Path, dir_okay=False), default=DATA)
@click.option("--write", is_flag=True, help="Measure nothing: write docs/capacity.md by what is known.")
@click.option("--port-base", default=21_890, show_default=True)
def main(
    parts: tuple[str, ...],
    schools: str,
    many: str,
    pushed: int,
    province: int,
    json_file: Path,
    write: bool,
    port_base: int,
) -> None:
    """Measure some parts anew and keep the others: `load`, what a record and a school bring; `held`, memory
    by units, grants and datasets; `shared`, several of each process; `full`, a whole province at once, to
    hold beside what the others foretell (half an hour)."""
    do: dict[str, Callable[[], dict[str, Any]]] = {
        "load": lambda: loading.run(port_base, _numbers(schools)),
        "held": lambda: holding.run(port_base, _numbers(many)),
        "shared": lambda: sharing.run(port_base, pushed),
        "full": lambda: loading.run(port_base, [province]),
    }
    for part in () if write else parts:
        where = _machine()
        found = {"measured": where, **do[part]()}
        known = json.loads(json_file.read_text("utf-8")) if json_file.exists() else {}
        json_file.write_text(json.dumps(known | {part: found}, indent=1) + "\n", encoding="utf-8")
    if write:
        DOCUMENT.write_text(document.text(json.loads(json_file.read_text("utf-8"))), encoding="utf-8")


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


if __name__ == "__main__":
    main()
