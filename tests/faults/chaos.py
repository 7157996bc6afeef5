"""Kills and freezes what a stack runs, one after another, while the work goes on."""

import os
import random
import signal
import subprocess
import sys
import time
from threading import Event, Thread

import psutil

from deploy.local import stack as local
from deploy.local.layout import Stack
from deploy.processes import NAMES
from runtime.turns import LEASE_S
from schemas.errors import ProblemList
from tests.support import end

FROZEN = ("validation", "load", "confirmation", "export")
"""Frozen while a second one starts on another machine: each of these must not let two of it write."""


class Chaos:
    """Every process and both servers are killed once, in an order drawn from the seed; some are frozen."""

    def __init__(self, stack: Stack, seed: int, pause_s: float) -> None:
        rng = random.Random(seed)
        killed = [("kill", name) for name in ("kafka", "postgres", *NAMES)]
        frozen = [("freeze", name) for name in rng.sample(FROZEN, 2)]
        self.plan = rng.sample(killed + frozen, len(killed) + len(frozen))
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
        os.kill(pid, signal.SIGSTOP)
        elsewhere = self._stack.data_dir / "another-machine"
        settings = self._stack.environment() | {"CSDL_HTTP_PORT": "0", "CSDL_DATA_DIR": str(elsewhere)}
        log = (self._stack.logs / f"second-{name}.log").open("wb")
        second = subprocess.Popen(
            [sys.executable, "-m", "cli", "run", name], env=os.environ | settings, stdout=log, stderr=log
        )
        time.sleep(LEASE_S + 8)  # the second has its turn by then, and works
        os.kill(pid, signal.SIGCONT)
        time.sleep(3)
        end(second)
        log.close()


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
