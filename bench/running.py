"""A stack under measurement: its processes by name, its schools that have not pushed yet."""

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from os import getpid
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import click
from psycopg2.extensions import connection

from bench import ours
from bench.records import PUPILS_A_SCHOOL, pupils
from deploy.local import stack as local
from deploy.local import supervisor
from deploy.local.layout import SERVERS, Stack, instances_asked
from runtime import postgres
from runtime.accounts import SETUP
from runtime.environment import ENVIRONMENT
from runtime.settings import Settings

PROCESSES: Final = ("organisation", "grants", "validation", "load")
"""What runs from the start; the others start for the lanes that are about them."""

WARM_UP: Final = 200 * PUPILS_A_SCHOOL
"""Pupils that each lane takes before its clock starts: a JVM and caches are cold but once."""

JOINED_S: Final = 10.0
"""So long after its start a peer's process has its partitions."""


@dataclass
class Running:
    """A stack with so many pupils' schools registered; ``taken`` of them have pushed."""

    stack: Stack
    settings: Settings
    db: connection
    registered: int
    taken: int = 0

    def take(self, number: int) -> int:
        """Number of the first of so many pupils of schools that have not pushed yet. Whole schools."""
        first, self.taken = self.taken, self.taken + number
        if self.taken > self.registered or number % PUPILS_A_SCHOOL:
            raise ValueError(f"{number} pupils, {self.taken} of {self.registered}")
        return first

    def pushes(self, number: int, *, clean: bool = False) -> list[ours.Push]:
        """Pushes of so many new pupils."""
        first = self.take(number)
        return list(ours.pushes(pupils(number, first, clean=clean), first, classes=clean))

    def pids(self) -> dict[str, int]:
        """Every server and process that runs, and this one, which produces."""
        known = {info["name"]: info["pid"] for info in supervisor.process_info(self.stack) if info["pid"]}
        return known | {"producer": getpid()}

    def servers(self) -> dict[str, int]:
        """Of these, what a peer uses too: our idle processes are not on its bill."""
        return {name: pid for name, pid in self.pids().items() if name in (*SERVERS, "producer")}

    def start(self, *names: str) -> None:
        """Start processes that do not run, and wait until they are ready."""
        running = self.pids()
        labels = self.stack.every(names)
        for label in labels:
            if label not in running:
                supervisor.start_program(self.stack, label)
        local.wait_ready(self.stack, labels)

    def stop(self, *names: str) -> None:
        """Stop processes."""
        supervisor.stop_programs(self.stack, self.stack.every(names))

    def _environment(self) -> dict[str, str]:
        """Peers make tables and topics of their own."""
        own = {"CSDL_DATABASE_URL": self.settings.database}
        if self.settings.kafka_user:
            own |= {
                "CSDL_KAFKA_USER": self.settings.kafka_user,
                "CSDL_KAFKA_PASSWORD_FILE": str(self.settings.kafka_password_file),
            }
        return self.stack.environment() | own

    @contextmanager
    def peers(self, **commands: Sequence[str]) -> Iterator[dict[str, int]]:
        """Peers' processes (name → module and arguments), run as ours are; name → pid, until the end."""
        running = {
            name: subprocess.Popen(
                [sys.executable, "-m", *command],
                env={"PATH": "", "PYTHONPATH": str(Path.cwd())} | ENVIRONMENT | self._environment(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd=self.settings.data_dir,
            )
            for name, command in commands.items()
        }
        try:
            time.sleep(JOINED_S)
            yield {name: process.pid for name, process in running.items()}
        finally:
            for process in running.values():
                process.kill()
                process.wait()


@contextmanager
def running(port_base: int, registered: int) -> Iterator[Running]:
    """A stack in a folder of its own, with so many pupils' schools registered and granted; warm."""
    with TemporaryDirectory(prefix="csdl-bench-") as folder:
        stack = Stack(Path(folder), port_base, instances_asked())
        ours.register(stack.settings(), registered + WARM_UP)
        say("the stack")
        local.up(stack, processes=PROCESSES)
        try:
            settings = stack.settings().acting_as(SETUP)
            with closing(postgres.connect(settings)) as db:
                it = Running(stack, settings, db, registered + WARM_UP)
                ours.allow(settings, it.registered)
                work = it.pushes(WARM_UP)
                ours.send(settings, work)
                it.start("check")
                ours.wait_for(db, work, checked=True)
                yield it
        finally:
            local.down(stack, delete=False)


def whole_schools(records: int) -> int:
    """So many pupils, or a few more: whole schools."""
    return -(-records // PUPILS_A_SCHOOL) * PUPILS_A_SCHOOL


def say(text: str) -> None:
    """Progress, on a terminal only."""
    if sys.stderr.isatty():
        click.echo(text, err=True)
