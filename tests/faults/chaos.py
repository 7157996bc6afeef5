"""Kills and freezes what a stack runs, one after another, while the work goes on."""

import os
import random
import signal
import time
from threading import Event, Thread
from typing import Final

import psutil

from deploy.local import stack as local
from deploy.local.layout import Stack
from deploy.processes import NAMES
from schemas.errors import ProblemList
from tests.support import everybody, run_process, wait_until

FROZEN = ("validation", "load", "confirmation", "export")
"""Frozen while a second one starts on another machine: each of these must not let two of it write."""

WORKS_S = 3.0
"""How long the second works alone, and then beside the first."""


GAMES: Final = int(os.environ.get("CSDL_FAULTS_GAMES", "3"))
"""So many seeds together have killed and frozen all; each has killed both servers."""


class Chaos:
    """Both servers and a seed's part of the processes are killed, some frozen, in an order drawn from it."""

    def __init__(self, stack: Stack, seed: int, pause_s: float) -> None:
        part = slice(seed % GAMES, None, GAMES)
        killed = [("kill", name) for name in ("kafka", "postgres", *NAMES[part])]
        frozen = [("freeze", name) for name in FROZEN[part]]
        self.plan = random.Random(seed).sample(killed + frozen, len(killed) + len(frozen))
        self.done: list[tuple[str, str]] = []
        self._stack, self._pause_s, self._stop = stack, pause_s, Event()
        self._thread = Thread(target=self._run)

    def __enter__(self) -> "Chaos":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._thread.join()

    @property
    def over(self) -> bool:
        """Whether everything planned has been done."""
        return not self._thread.is_alive()

    def _run(self) -> None:
        for act, name in self.plan:
            time.sleep(self._pause_s)
            pid = self._pid(name)
            if act == "kill":
                _kill(pid)
            else:
                self._freeze(name, pid)
            self.done.append((act, name))

    def _pid(self, name: str) -> int:
        """Pid of the program once it runs: it may be coming back from the last blow."""
        while True:
            try:
                row = next(r for r in local.status(self._stack) if r["name"] == name)
            except ProblemList:
                row = {"pid": None}
            if row["pid"]:
                return int(row["pid"])
            time.sleep(0.1)

    def _freeze(self, name: str, pid: int) -> None:
        while not _stops(pid):  # it was ending already, of the last blow
            pid = self._pid(name)
        while not self._replaced(name, pid):
            pass  # the second ended because a server was away: the supervisor would start it again too

    def _replaced(self, name: str, pid: int) -> bool:
        """Whether a second one got to work; the first is woken beside it then."""
        elsewhere = {"data_dir": self._stack.data_dir / "another-machine"}
        settings = everybody(self._stack).model_copy(update=elsewhere)
        with run_process(name, settings, wait=False) as second:
            wait_until(lambda: second.is_ready() or second.popen.poll() is not None, seen=second.tail)
            if not second.is_ready():
                return False
            time.sleep(WORKS_S)
            os.kill(pid, signal.SIGCONT)
            time.sleep(WORKS_S)
        return True


def _stops(pid: int) -> bool:
    """Whether it stands still now."""
    try:
        os.kill(pid, signal.SIGSTOP)
        process = psutil.Process(pid)
        while (status := process.status()) not in (psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE):
            time.sleep(0.01)
    except (ProcessLookupError, psutil.NoSuchProcess):
        return False
    return bool(status == psutil.STATUS_STOPPED)


def _kill(pid: int) -> None:
    """With its children: PostgreSQL's backends and Faust's threads have no second life."""
    try:
        tree = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return
    for process in tree:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
