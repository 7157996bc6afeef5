"""Where a backup is put back: a local stack here, a server in ``on_server``.

What both have: two folders of data, a home for what a restore remembers of itself, settings that say where
keys and documents lie. They differ in who starts and stops what, and by which account.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Final, Protocol

from backup.manifest import Manifest
from deploy.local import postgres, server_account, supervisor
from deploy.local import stack as local
from deploy.local.layout import Stack
from runtime.settings import Settings
from runtime.stack_file import STACK_FILE
from schemas.errors import Problem, ProblemList

RUNS: Final = "BAK-015"

Fill = Callable[[Settings], None]


class Lost(StrEnum):
    """What was lost. With Kafka a younger PostgreSQL goes back, too: its tables know acts of which no chain
    does. It is put aside, and what it knew is told (``lost``)."""

    POSTGRES = "postgres"
    KAFKA = "kafka"
    BOTH = "both"


class Place(Protocol):
    """``home``: the folder of what a restore remembers of itself; ``then``: what comes afterwards."""

    home: Path
    then: str

    @property
    def settings(self) -> Settings:
        """Of who works here."""

    @property
    def postgres_dir(self) -> Path:
        """PostgreSQL's data."""

    @property
    def kafka_dir(self) -> Path:
        """Kafka's."""

    def refusals(self, found: Manifest, what: Lost) -> Iterator[Problem]:
        """Why this backup, or none, can be put back here now; nothing is changed."""

    def begin(self, found: Manifest, what: Lost) -> None:
        """Stop what must not run meanwhile. Also if a try before was cut off."""

    def ask(self, question: Fill) -> None:
        """Ask PostgreSQL something, as it is; it stands still afterwards."""

    def keys_are_there(self) -> None:
        """Keys and documents were put into their places: to whom they belong."""

    def take_over(self, home: Path) -> None:
        """Make a copy of PostgreSQL's data this place's own, before it gets its name."""

    def fill(self, fill: Fill) -> None:
        """Start both servers with tables, topics and rights; fill; nothing else writes meanwhile."""

    def end(self) -> None:
        """All is there. What ran before may run again."""


class Local:
    """A stack's folder. It stands still, before and afterwards."""

    then = "csdl up, csdl doctor"

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.home = stack.data_dir

    @property
    def settings(self) -> Settings:
        """The stack's own."""
        return self.stack.settings()

    @property
    def postgres_dir(self) -> Path:
        """In its folder."""
        return self.stack.postgres_dir

    @property
    def kafka_dir(self) -> Path:
        """In its folder."""
        return self.stack.kafka_dir

    def refusals(self, found: Manifest, what: Lost) -> Iterator[Problem]:
        """BAK-015 if it runs, STK-008 without the programs of that PostgreSQL."""
        if supervisor.is_running(self.stack) or supervisor.left_over(self.stack):
            yield Problem(RUNS, params={"data_dir": self.home})
        try:
            postgres.program("postgres", found.postgres_major)
        except ProblemList as none:
            yield from none.problems

    def begin(self, found: Manifest, what: Lost) -> None:
        """On a machine that knew nothing of it, the settings of the province are the backup's."""
        self.home.mkdir(parents=True, exist_ok=True)
        if not (self.home / STACK_FILE).exists():
            self.stack = replace(self.stack, asked=found.asked() | self.stack.asked)

    def ask(self, question: Fill) -> None:
        """Beside an empty Kafka, which is made anew afterwards."""
        self.fill(question)

    def keys_are_there(self) -> None:
        """They are ours."""

    def take_over(self, home: Path) -> None:
        """With our settings; one from a server of Debian has them elsewhere."""
        server_account.hand_over(home)
        server_account.hand_over_all(home)
        postgres.configure(self.stack, home)

    def fill(self, fill: Fill) -> None:
        """As `csdl up` does, without processes."""
        local.up(self.stack, processes=(), fill=fill)
        local.down(self.stack)

    def end(self) -> None:
        """`csdl up` starts it."""
