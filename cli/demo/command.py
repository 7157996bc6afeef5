"""`csdl demo`: start the stack, send a province through it, say what became of every record."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import uuid4

import click
from psycopg2.extensions import cursor
from rich.console import Console

from cli.campaign import opening, reference_day
from cli.demo import accounts, cast, report, stories
from cli.demo.director import Director
from cli.demo.ledger import Ledger
from cli.demo.office import FINAL, Office
from cli.demo.screen import Screen
from cli.demo.sending import START, Sent, Vendors
from deploy.local import layout, stack
from deploy.local.layout import Stack
from producers.synthetic import province
from producers.synthetic.province import SchoolPlan
from producers.synthetic.school import YEAR, make
from producers.synthetic.write import write_register
from runtime import postgres
from runtime.settings import Settings
from schemas import register
from schemas.dataset import dataset_id
from schemas.register import DEPARTMENT
from streams import topic_log
from streams.commands_client import CommandsClient
from streams.confirmation.process import MACHINE as CONFIRMATION
from streams.grants import commands as grants
from streams.grants.process import MACHINE as GRANTS

DATA_DIR: Final = layout.DATA_DIR / "demo"
PORT_BASE: Final = layout.PORT_BASE + 100
MARK: Final = "csdl-demo"
"""File that says that a folder holds a demonstration, and may be emptied for the next."""

FEWEST: Final = 15
REFUSE_PERCENT: Final = 0.05
"""Share of records that the stand-in for the Ministry refuses: some datasets end partly accepted."""


@click.command()
@click.option("--schools", default=30, show_default=True, type=click.IntRange(FEWEST, province.ALL))
@click.option("--seed", default=1, show_default=True, help="The same seed makes the same province.")
@click.option(
    "--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write the result."
)
@click.option(
    "--keep/--no-keep", default=None, help="Keep the stack running at the end. Default: on a terminal only."
)
@click.option(
    "--data-dir", type=click.Path(file_okay=False, path_type=Path), default=DATA_DIR, show_default=True
)
@click.option("--port-base", type=click.IntRange(1024, 65000), default=PORT_BASE, show_default=True)
def demo(
    schools: int, seed: int, json_file: Path | None, keep: bool | None, data_dir: Path, port_base: int
) -> None:
    """Send a made-up province through the whole pipeline and account for every record."""
    console = Console(width=None if Console().is_terminal else 150)
    keep = console.is_terminal if keep is None else keep
    it = Stack(data_dir.absolute(), port_base)
    _prepare(it.data_dir)
    chosen = province.choose(province.plan(seed), schools, seed)
    write_register(it.data_dir / "register.csv", chosen)
    with Screen(console) as screen, _running(it, keep, screen):
        result = _play(it.settings(), it.data_dir / "vendors", chosen, seed, screen)
    report.show(result, console)
    if json_file:
        json_file.write_text(
            json.dumps(result.as_dict(), ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
        )
    if keep:
        _say_what_to_look_at(it, console)
    sys.exit(0 if result.ok else 1)


def _play(
    settings: Settings, folder: Path, schools: list[SchoolPlan], seed: int, screen: Screen
) -> report.Report:
    clock = _Clock()
    parts = cast.choose(schools)
    datasets = [dataset_id(s.code, YEAR, START) for s in schools]
    districts = sorted({s.managing_unit for s in schools if not s.direct})
    another = dict(zip(districts, districts[1:] + districts[:1], strict=True))
    _grant(settings, schools)
    _open(settings, [s.code for s in schools])
    screen.line(f"{len(schools)} schools granted to their vendors, campaign {YEAR} opened")
    with (
        Ledger(settings) as ledger,
        Vendors(settings, folder, YEAR, ledger) as vendors,
        CommandsClient(CONFIRMATION, settings) as client,
    ):
        director = Director(parts, lambda plan: make(plan, seed), vendors)
        office = Office(client, ledger, director.scripts(YEAR, another))
        first: dict[str, Sent] = {}
        for school in schools:
            first[school.code] = director.first_push(school)
            screen.step("schools pushed", len(first), len(schools))
        director.incidents(first)
        clock.lap("pushing")
        vendors.wait(tell=lambda done, total: screen.step("pushes answered", done, total))
        clock.lap("last answers")

        def tell() -> None:
            final = sum(s.state in FINAL for s in ledger.states.values())
            screen.step("datasets settled", final, len(datasets))

        office.work(datasets, tell)
        vendors.wait()
        clock.lap("confirming")
        with closing(postgres.connect(settings, "csdl demo")) as conn, conn.cursor() as cur:
            states = Counter(
                ledger.states[d].state.value if d in ledger.states else "absent" for d in datasets
            )
            exported, receipts = _ministry(cur)
            lines = []
            for push, tally in accounts.balance(cur, vendors.sent):
                answer = ledger.answers.get(push.push_id, {})
                state = ledger.states[push.dataset_id].state.value if push.dataset_id in ledger.states else ""
                lines.append(
                    report.PushLine(
                        push, answer.get("Outcome", "none"), answer.get("Version", 0), tally, state
                    )
                )
                screen.step("pushes accounted for", len(lines), len(vendors.sent))
            tallies = {line.push.push_id: line.tally for line in lines}
            rows = accounts.rows_held(cur, {d: s.version for d, s in ledger.states.items()})
            events = list(topic_log.read_events(CONFIRMATION, settings))
            told = stories.tell(
                stories.Evidence(
                    cur, director, ledger, office, vendors.sent, tallies, rows, exported, receipts, events
                )
            )
        clock.lap("accounting")
    return report.Report(seed, len(schools), lines, told, states, exported, receipts, clock.laps())


def _grant(settings: Settings, schools: list[SchoolPlan]) -> None:
    now = datetime.now(UTC)
    asked = [
        grants.Command(
            str(uuid4()), s.vendor, s.code, grants.Act.ALLOW, now, DEPARTMENT, grants.ROLE, "demo.19"
        )
        for s in schools
    ]
    with CommandsClient(GRANTS, settings) as client:
        client.send_many(asked)


def _open(settings: Settings, codes: list[str]) -> None:
    known = register.load(settings.register_file)
    commands, _ = opening(known, codes, YEAR, START, reference_day(YEAR, START), account="demo.19")
    with CommandsClient(CONFIRMATION, settings) as client:
        client.send_many(commands)


def _ministry(cur: cursor) -> tuple[int, int]:
    """Records exported and receipts received."""
    cur.execute(
        "SELECT (SELECT count(*) FROM ministry_export_record), (SELECT count(*) FROM ministry_receipt)"
    )
    row = cur.fetchone() or (0, 0)
    return int(row[0]), int(row[1])


class _Clock:
    """Seconds by part."""

    def __init__(self) -> None:
        self._start = self._last = time.monotonic()
        self._laps: dict[str, float] = {}

    def lap(self, name: str) -> None:
        now = time.monotonic()
        self._laps[name], self._last = round(now - self._last, 1), now

    def laps(self) -> dict[str, float]:
        return {**self._laps, "total": round(self._last - self._start, 1)}


@contextmanager
def _running(it: Stack, keep: bool, screen: Screen) -> Iterator[None]:
    """The stack and the stand-in for the Ministry, up; down again at the end unless they are kept."""
    stack.up(it, say=lambda line: screen.line(f"  {line}"))
    ministry = subprocess.Popen(
        [sys.executable, "-m", "cli", "ministry", "simulate", "--refuse-percent", str(REFUSE_PERCENT)],
        env=os.environ | it.environment(),
        stdout=subprocess.DEVNULL,
        stderr=(it.logs / "ministry.log").open("w"),
    )
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


def _prepare(folder: Path) -> None:
    """An empty folder; only what an earlier demonstration left is removed."""
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARK).exists():
            raise click.UsageError(f"{folder} is not empty and holds no demonstration")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).touch()


def _say_what_to_look_at(it: Stack, console: Console) -> None:
    console.print(f"""
The stack runs. To look at it:
  set -a; . {it.env_file}; set +a
  csdl status --data-dir {it.data_dir}
  csdl confirmation show SCHOOL; csdl confirmation verify; csdl ministry exports; csdl grants list
  psql {it.environment()["CSDL_DATABASE_URL"]}   (hoc_sinh, push, version, record_refused, confirmation, …)
  Kafka at 127.0.0.1:{it.port("kafka")}: csdl.in.*, csdl.records.*, csdl.confirmation.*, csdl.ministry.*
  metrics at http://127.0.0.1:{it.port("validation")}/metrics and the ports after it
Stop it with: csdl down --data-dir {it.data_dir}""")
