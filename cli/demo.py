"""`csdl demo`: start the stack, send a province through it, say what became of every record."""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click
from rich.console import Console

from cli import answers
from cli.synthetic import no_more_than_all
from demo import report
from demo.play import Clock, play
from demo.screen import Screen
from deploy.local import before_start, layout, stack, supervisor
from deploy.local.layout import Stack, instances_asked
from deploy.local.problems import fail
from producers.synthetic import province
from producers.synthetic.write import write_register

DATA_DIR: Final = Path(".csdl-demo")
PORT_BASE: Final = layout.PORT_BASE + 100
MARK: Final = "csdl-demo"
"""File that says that a folder holds a demonstration, and may be emptied for the next."""

FEWEST: Final = 15
REFUSE_PERCENT: Final = 0.05
"""Share of records that the stand-in for the Ministry refuses: some datasets end partly accepted."""


@click.command()
@click.option(
    "--schools",
    default=30,
    show_default=True,
    type=click.IntRange(FEWEST),
    callback=no_more_than_all,
    help="How many schools.",
)
@click.option("--seed", default=1, show_default=True, help="The same seed makes the same province.")
@click.option(
    "--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write the result."
)
@click.option(
    "--keep/--no-keep", default=None, help="Keep the stack running at the end. Default: on a terminal only."
)
@click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=DATA_DIR,
    show_default=True,
    help="Folder of the demonstration's stack and files.",
)
@click.option(
    "--port-base",
    type=click.IntRange(1024, 65000),
    default=PORT_BASE,
    show_default=True,
    help="Kafka listens on this + 2, PostgreSQL on + 3.",
)
def demo(
    schools: int, seed: int, json_file: Path | None, keep: bool | None, data_dir: Path, port_base: int
) -> None:
    """Chạy thử cả hệ thống — send a made-up province through it and account for every record.

    Exit code 0 if nothing was lost or doubled and every story ended as it must, else 1.
    """
    console = answers.console(answers.PIPE_WIDTH)
    keep = console.is_terminal if keep is None else keep
    clock = Clock()
    if json_file and not json_file.absolute().parent.is_dir():
        raise click.UsageError(f"there is no folder {json_file.absolute().parent}")
    # A demonstration that is told to end takes its servers with it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    theirs = ("REGISTER_FILE", "IDENTITY_KEY_FILE", "TRUST_DIR", "DOCUMENTS_DIR", "SIGNATURES")
    for name in map("CSDL_{}".format, theirs):
        os.environ.pop(name, None)  # of another stack: this one brings its own
    it = Stack(data_dir.absolute(), port_base, instances_asked())
    _prepare(it)
    chosen = province.choose(province.plan(seed), schools, seed)
    write_register(it.data_dir / "register.csv", chosen)
    with Screen(console) as screen, _running(it, keep, screen):
        clock.lap("starting")
        result = play(it.settings(), it.data_dir / "vendors", chosen, seed, screen, clock)
    report.show(result, console)
    if json_file:
        json_file.write_text(
            json.dumps(result.as_dict(), ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
        )
    if keep:
        _say_what_to_look_at(it, console)
    elif result.ok and data_dir == DATA_DIR:
        shutil.rmtree(it.data_dir)
    sys.exit(0 if result.ok else 1)


@contextmanager
def _running(it: Stack, keep: bool, screen: Screen) -> Iterator[None]:
    """The stack and the stand-in for the Ministry, up; down again at the end unless they are kept."""
    stack.up(it, say=lambda line: screen.line(f"  {line}"))
    command = [sys.executable, "-m", "cli", "ministry", "simulate", "--refuse-percent", str(REFUSE_PERCENT)]
    with (it.logs / "ministry.log").open("w") as log:
        ministry = subprocess.Popen(command, env=os.environ | it.environment(), stdout=log, stderr=log)
    try:
        yield
    except BaseException:
        keep = False
        raise
    finally:
        ministry.terminate()
        ministry.wait(timeout=30)
        if not keep:
            stack.down(it)


def _prepare(it: Stack) -> None:
    """An empty folder; only what an earlier demonstration left is removed. STK-002 if that one still runs."""
    folder = it.data_dir
    before_start.refuse_what_cannot_work(it)
    if supervisor.is_running(it):
        fail("STK-002", data_dir=folder)
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARK).exists():
            raise click.UsageError(f"{folder} is not empty and holds no demonstration")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).touch()


def _say_what_to_look_at(it: Stack, console: Console) -> None:
    folder = shlex.quote(str(it.data_dir))
    console.print(
        f"""
The stack runs (the stand-in for the Ministry has gone home: csdl ministry simulate). To look at it:
  set -a; . {shlex.quote(str(it.env_file))}; set +a
  csdl status --data-dir {folder}
  csdl confirmation show SCHOOL; csdl confirmation verify; csdl ministry exports; csdl grants list
  psql {shlex.quote(it.settings().database)}   (hoc_sinh, push, version, record_refused, confirmation, …)
  Kafka at 127.0.0.1:{it.port("kafka")}: csdl.in.*, csdl.records.*, csdl.confirmation.*, csdl.ministry.*
  metrics at http://127.0.0.1:{it.port("validation")}/metrics and the ports after it
Stop it with: csdl down --data-dir {folder}""",
        soft_wrap=True,
        highlight=False,
        markup=False,
    )
