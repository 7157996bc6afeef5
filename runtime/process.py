"""The one form of a long-lived process, and the one runner: signals, readiness, what is said at the end."""

import logging
import os
import signal
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from threading import Event
from typing import Any, ClassVar, Final, Self, TypeVar

from kafka.errors import InvalidProducerEpochError, ProducerFencedError

from runtime import logs, postgres, serve
from runtime.health import Servers
from runtime.settings import Settings
from schemas.errors import Problem, ProblemList
from schemas.topics import PARTITIONS

log = logging.getLogger("csdl")

AGAIN_S: Final = 2.0
"""Between two looks at a gate."""

STEP_S: Final = 120.0
"""A step that takes longer hangs: batches are seconds, an export's largest school is less than a minute."""

AWAY_S: Final = 20.0
"""How long a fenced process stays away before it ends, to be started again."""

T = TypeVar("T")


@dataclass(frozen=True)
class Share:
    """Which part of a process's work is ours: that of instance ``number``, from 1, of ``of``."""

    number: int = 1
    of: int = 1

    def partitions(self) -> list[int]:
        """Partition numbers of this instance; every one belongs to exactly one of them."""
        return [p for p in range(PARTITIONS) if p % self.of == self.number - 1]


WHOLE: Final = Share()


class Gate(ABC):
    """What a process waits for before it opens. ``refused`` is asked again and again until it says None."""

    @abstractmethod
    def refused(self) -> Problem | None:
        """Why not yet; None once it may pass."""

    @abstractmethod
    def close(self) -> None:
        """Let go of what it holds."""


class Fenced(Exception):
    """Another process has taken our work: epochs or Kafka's fences keep us from writing."""


def fenced(fault: BaseException) -> bool:
    """Whether it says so. kafka-python hands the broker's word on as an argument of an error of its own."""
    kinds = (Fenced, InvalidProducerEpochError, ProducerFencedError)
    return any(isinstance(said, kinds) for said in (fault, fault.__cause__, *fault.args))


class Process(ABC):
    """A process of the pipeline: ``open`` once, ``step`` again and again, ``close`` whatever happened.

    What ``open`` makes is handed to ``closes`` at once, so that it is closed in the opposite order, also when
    a later line of ``open`` failed. As a context manager it is opened and closed without a runner (tests).
    """

    name: ClassVar[str]
    step_s: ClassVar[float] = STEP_S
    """Longer than this no step takes that makes progress."""
    niceness: ClassVar[int] = 0
    """How far it gives way to the others where cores are short."""

    def __init__(self, settings: Settings, share: Share = WHOLE) -> None:
        self.settings = settings
        self.share = share
        self.stopping = Event()
        """Set when a stop was asked for: a step that waits waits for this."""
        self.stepping_since = 0.0
        """When the step in hand began, by the monotonic clock; 0 outside of one."""
        self._opened = ExitStack()

    @property
    def label(self) -> str:
        """The instance's name: ``load``, or ``load-2`` if there are several."""
        return self.name if self.share.of == 1 else f"{self.name}-{self.share.number}"

    @property
    def ready(self) -> bool:
        """What /readyz says of an opened process."""
        return True

    @abstractmethod
    def open(self) -> None:
        """Connect, claim, read state. Waits as long as it takes; a signal ends the process meanwhile."""

    @abstractmethod
    def step(self) -> object:
        """A bounded piece of work, or a short wait for some. An error that leaves it ends the process."""

    def closes(self, client: T, close: Callable[[T], object] | None = None) -> T:
        """Close it at the end, by its own ``close`` unless another way is given; returns it."""
        made: Any = client
        self._opened.callback(made.close if close is None else lambda: close(client))
        return client

    def close(self) -> None:
        """Let go of everything, newest first. Twice is once."""
        self._opened.close()

    def __enter__(self) -> Self:
        try:
            self.open()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def run(process: Process, gates: Sequence[Gate] = (), servers: Servers | None = None) -> int:
    """Run it until SIGTERM or SIGINT asks for a stop; the exit code. The supervisor restarts after a 1.

    It waits for the servers that it needs, passes the gates in their order, alive and not ready, then opens.
    Until the process is open a signal ends it at once: nothing is in hand, and what is waited for (a broker
    that is away) may take long. An error that comes while a server is away ends it when that is back: until
    then there is nothing to start again for. One that was fenced stays away for a while: two that belong
    nowhere near each other must not take turns every few seconds. Where the database's disk is full it ends
    when that can be written again. Raises ProblemList: what the user can mend.
    """
    servers = servers or Servers(process.settings)
    logs.set_up(process.label, servers)
    opened = Event()
    log.info(
        "started, http port %d",
        serve.start(process.settings, lambda: _why_not(process, opened.is_set(), servers)),
    )
    servers.start()
    try:
        with ExitStack() as held:
            servers.wait(process.stopping)
            for gate in gates:
                held.callback(gate.close)
                _wait_for(gate, servers)
            os.nice(process.niceness)
            held.enter_context(process)
            for asked in (signal.SIGTERM, signal.SIGINT):
                signal.signal(asked, lambda *_: process.stopping.set())
            opened.set()
            while not process.stopping.is_set():
                process.stepping_since = time.monotonic()
                process.step()
            opened.clear()
    except ProblemList:
        raise
    except Exception as fault:
        opened.clear()
        servers.wait(process.stopping)
        log.error("ended by %s", logs.one_line(fault))
        if postgres.full(fault):
            servers.wait_for_room(process.stopping)
        if fenced(fault):
            log.error("%s", Problem("SYS-009", params={"name": process.label}))
            process.stopping.wait(AWAY_S)
        return 1
    log.info("stopped")
    return 0


def _why_not(process: Process, opened: bool, servers: Servers) -> str:
    """What /readyz says of a process that cannot do its work now; "" if it can."""
    if problems := servers.problems():
        return "; ".join(map(str, problems))
    if not opened or not process.ready:
        return "it has not opened yet"
    taken = time.monotonic() - process.stepping_since
    if process.stepping_since and taken > process.step_s:
        return str(Problem("SYS-012", params={"seconds": f"{taken:.0f}"}))
    return ""


def _wait_for(gate: Gate, servers: Servers) -> None:
    """Ask until it lets pass; say why not, once as long as it is the same."""
    before = None
    while (problem := gate.refused()) is not None:
        if problem != before and not servers.ask():  # of a server that is away the log has its line
            log.warning("%s", problem)
            before = problem
        time.sleep(AGAIN_S)
    if before is not None:
        log.info("no longer waiting for that")


def leave(code: int) -> None:
    """End now: a thread that waits for a server must not keep a process that has stopped."""
    for flush in (logging.shutdown, sys.stdout.flush, sys.stderr.flush):
        with suppress(OSError):  # a full disk must not keep it either
            flush()
    os._exit(code)
