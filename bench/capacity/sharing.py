"""The same schools' pushes until they are checked, by one of each process and by several. All share the
machine's cores, and who pushes with them."""

import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from bench import ours, road
from bench.capacity import loading, seen
from bench.cpu import measured
from bench.running import say
from deploy.local import stack as local
from deploy.local.layout import Stack
from producers.synthetic.write import write_register
from runtime import postgres
from runtime.accounts import SETUP

PROCESSES: Final = ("organisation", "grants", "validation", "load", "check")
SHARED: Final[tuple[Mapping[str, int], ...]] = (
    {"load": 1},
    {"load": 2},
    {"load": 1, "validation": 2},
    {"load": 2, "validation": 2, "check": 2},
)
WARM_UP: Final = 20
"""Schools before those that count."""


def run(port_base: int, number: int) -> dict[str, Any]:
    """Each on a stack of its own."""
    warm, counted = loading.blocks([WARM_UP, number])
    pushes = [[loading.encoded(plan) for plan in block] for block in (warm, counted)]
    points = []
    for instances in SHARED:
        say(str(instances))
        with TemporaryDirectory(prefix="csdl-bench-") as folder:
            stack = Stack(Path(folder), port_base, dict(instances))
            write_register(stack.settings().register_file, [*warm, *counted])
            local.up(stack, processes=PROCESSES)
            try:
                points.append({"instances": instances, **_timed(stack, pushes)})
            finally:
                local.down(stack, delete=False)
    records = sum(plan.pupils + plan.classes + plan.staff + 1 for plan in counted)
    return {"schools": number, "records": records, "points": points}


def _timed(stack: Stack, pushes: list[list[ours.Push]]) -> dict[str, Any]:
    settings = stack.settings().acting_as(SETUP)
    road.allow(settings, [push.school for block in pushes for push in block])
    with closing(postgres.connect(settings, "bench")) as db:
        for block in pushes:
            with measured(seen.pids(stack)) as spent:
                began = time.perf_counter()
                ours.send(settings, block)
                ours.wait_for(db, block, checked=True)
                seconds = time.perf_counter() - began
    return {"seconds": round(seconds, 2), "cpu": spent.cpu, **spent.noise()}
