"""CPU seconds of a set of processes and all their children, before and after a lane."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter

import psutil


@dataclass
class Spent:
    """Wall seconds of a lane and CPU seconds by process name."""

    seconds: float = 0.0
    cpu: dict[str, float] = field(default_factory=dict)

    def total(self) -> float:
        """CPU seconds of all processes together."""
        return sum(self.cpu.values())


@contextmanager
def measured(pids: dict[str, int]) -> Iterator[Spent]:
    """``pids``: name → pid of the root of a process tree. Fills the Spent when the block ends."""
    spent = Spent()
    before = {name: _cpu(pid) for name, pid in pids.items()}
    start = perf_counter()
    yield spent
    spent.seconds = perf_counter() - start
    spent.cpu = {name: round(_cpu(pid) - before[name], 2) for name, pid in pids.items()}


def _cpu(pid: int) -> float:
    try:
        root = psutil.Process(pid)
        tree = [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0.0
    total = 0.0
    for process in tree:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return float(total)
