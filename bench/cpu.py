"""CPU seconds of a set of processes and all their children, before and after a lane; and of all others."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter, sleep
from typing import Any

import psutil


@dataclass
class Spent:
    """Wall seconds of a lane, CPU seconds by process name, those of everything else on the machine, and the
    machine's load average of the minute before."""

    seconds: float = 0.0
    cpu: dict[str, float] = field(default_factory=dict)
    others: float = 0.0
    load_before: float = 0.0

    def total(self) -> float:
        """CPU seconds of all our processes together."""
        return sum(self.cpu.values())

    def figures(self, records: int) -> dict[str, Any]:
        """Of a lane that took so many records."""
        return {
            "records": records,
            "seconds": round(self.seconds, 2),
            "records_per_s": round(records / self.seconds),
            "cpu_s_per_million": round(self.total() / records * 1e6, 1),
            "cpu_s": self.cpu,
            **self.noise(),
        }

    def noise(self) -> dict[str, float]:
        """How much else the machine did meanwhile, and before."""
        return {"others_cpu_s": round(self.others, 2), "load_before": round(self.load_before, 2)}


@contextmanager
def measured(pids: dict[str, int]) -> Iterator[Spent]:
    """``pids``: name → pid of the root of a process tree; of this process none of its children. Fills the
    Spent when the block ends."""
    spent = Spent(load_before=os.getloadavg()[0])
    before = {name: _cpu(pid) for name, pid in pids.items()}
    machine, start = _machine(), perf_counter()
    yield spent
    spent.seconds = perf_counter() - start
    spent.cpu = {name: round(_cpu(pid) - before[name], 2) for name, pid in pids.items()}
    spent.others = max(0.0, _machine() - machine - spent.total())


def resident_mb(pids: dict[str, int]) -> dict[str, float]:
    """MB that each process and its children have in memory; of what several share, each its part (PSS)."""
    return {name: round(sum(map(_resident, _tree(pid))) / 1e6, 1) for name, pid in pids.items()}


def own_mb(pids: dict[str, int]) -> dict[str, float]:
    """MB that each process and its children have to themselves (USS): what grows there is theirs, whoever
    else starts or ends meanwhile."""
    return {name: round(sum(map(_own, _tree(pid))) / 1e6, 1) for name, pid in pids.items()}


def peak_mb(pid: int, every_s: float = 0.02) -> float:
    """The most MB that a process and its children have together until it ends, looked at so often; of what
    several share, each its part (PSS)."""
    peak = 0.0
    while (tree := _tree(pid)) and tree[0].status() != psutil.STATUS_ZOMBIE:
        peak = max(peak, sum(map(_resident, tree)) / 1e6)
        sleep(every_s)
    return peak


def _machine() -> float:
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system + times.irq + times.softirq)


def _cpu(pid: int) -> float:
    total = 0.0
    for process in _tree(pid):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
        if pid != os.getpid():
            total += times.children_user + times.children_system
    return float(total)


def _resident(process: psutil.Process) -> float:
    try:
        return float(process.memory_full_info().pss)
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return 0.0


def _own(process: psutil.Process) -> float:
    try:
        return float(process.memory_full_info().uss)
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return 0.0


def _tree(pid: int) -> list[psutil.Process]:
    """A process and its children; this process alone, since lanes that run as its children count apart."""
    try:
        root = psutil.Process(pid)
        return [root] if pid == os.getpid() else [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []
