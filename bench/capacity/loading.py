"""Blocks of schools, each larger than the one before: pushed, pushed again over HTTP with a third of the
pupils changed, once more left open and then closed, confirmed, exported and answered. After each step what
has come, after each block what the processes hold in memory and how large a backup is."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import pairwise
from random import Random
from typing import Any, Final

import httpx
import polars as pl
from psycopg2.extensions import connection

from backup import sealing, taking
from bench import gateway, ours, road
from bench.capacity import seen
from bench.cpu import measured
from bench.records import YEAR
from bench.running import say
from deploy.local.layout import Stack
from producers import files
from producers.model import Target
from producers.synthetic import packet_file, province, school
from producers.synthetic.province import SchoolPlan
from producers.synthetic.write import EVERYTHING
from runtime import postgres
from runtime.accounts import SETUP

SEED: Final = 5
KIND: Final = 1
CHANGED: Final = 3
"""One pupil in so many lives elsewhere by the second push."""

IDLE_S: Final = 20.0

Point = dict[str, Any]


def blocks(sizes: Sequence[int]) -> list[list[SchoolPlan]]:
    """So many schools of the made-up province each, mixed; all by one vendor."""
    plans = province.choose(province.plan(SEED), sum(sizes), SEED)
    mixed = [replace(plan, vendor=ours.VENDOR) for plan in Random(SEED).sample(plans, len(plans))]
    at = [sum(sizes[:n]) for n in range(len(sizes) + 1)]
    return [mixed[a:b] for a, b in pairwise(at)]


def run(port_base: int, sizes: Sequence[int]) -> dict[str, Any]:
    """All blocks on one stack."""
    found = blocks(sizes)
    with road.playing(port_base, [plan for block in found for plan in block], {"load": 2}) as stack:
        settings = stack.settings().acting_as(SETUP)
        sealing.make(settings.backup_key_file)
        with closing(postgres.connect(settings, "bench")) as db:
            seen.settle(stack, db)
            idle = _idle(stack)
            before = _held(stack)
            points = [point for block in found for point in _block(stack, db, block)]
            return {
                "instances": stack.instances,
                "idle_cpu": idle,
                "begun": before,
                "points": points,
                "newest": seen.newest(settings),
            }


def _idle(stack: Stack) -> dict[str, float]:
    """CPU seconds a second of a stack that has nothing to do."""
    with measured(seen.pids(stack)) as spent:
        time.sleep(IDLE_S)
    return {name: round(cpu / spent.seconds, 4) for name, cpu in spent.cpu.items()}


def _held(stack: Stack) -> dict[str, Any]:
    """Memory, and a backup of all that is there."""
    say("a backup")
    memory, held = seen.memory(stack), seen.look(stack).total()
    began = time.perf_counter()
    made = taking.take(stack.settings())
    took = time.perf_counter() - began
    size = sum(file.bytes for file in made.files)
    return {"memory_mb": memory, "held": held, "backup": size, "backup_s": round(took, 2)}


def _block(stack: Stack, db: connection, plans: Sequence[SchoolPlan]) -> Iterator[Point]:
    """Its steps: each a point."""
    settings = stack.settings().acting_as(SETUP)
    say(f"{len(plans)} schools")
    road.open_period(settings, plans, KIND)
    of = {
        "schools": len(plans),
        "pupils": sum(plan.pupils for plan in plans),
        "records": sum(plan.pupils + plan.classes + plan.staff + 1 for plan in plans),
    }
    keys = {plan.code: gateway.key(settings, plan.code) for plan in plans}

    def load() -> None:
        ours.send(settings, work)
        ours.wait_for(db, work, checked=True)

    def again() -> None:
        with httpx.Client(trust_env=False, timeout=120.0) as client:
            for plan in plans:
                sender = gateway.Sender(plan, keys[plan.code], settings.gateway, client)
                sender.push(packet(plan, changed=True))
        ours.wait_for(db, work, version=2, checked=True)

    def forward() -> None:
        road.confirm(settings, plans, KIND)

    def leave_open() -> None:
        ours.send(settings, [replace(push, values=push.values[:-1]) for push in third])

    def close() -> None:
        ours.send(settings, [replace(push, values=push.values[-1:]) for push in third])
        ours.wait_for(db, third, version=3, checked=True)

    work, third = ([encoded(plan) for plan in plans] for _ in range(2))
    of["raw"] = sum(len(value) for push in work for value in push.values)
    steps = {"load": load, "again": again, "open": leave_open, "close": close, "forward": forward}
    for name, act in steps.items():
        say(name)
        yield {"step": name, **of, **_step(stack, db, act)}
    yield {"step": "held", **of, **_held(stack)}


def _step(stack: Stack, db: connection, act: Callable[[], None]) -> Point:
    """Seconds until it was done, CPU seconds until nothing moved any more, and what came."""
    seen.settle(stack, db)
    before = seen.look(stack)
    with measured(seen.pids(stack)) as spent:
        began = time.perf_counter()
        act()
        seconds = time.perf_counter() - began
        seen.settle(stack, db)
    point = {"seconds": round(seconds, 2), "until_still_s": round(spent.seconds, 2), "cpu": spent.cpu}
    return {**point, **seen.look(stack).since(before), "memory_mb": seen.memory(stack), **spent.noise()}


def packet(plan: SchoolPlan, *, changed: bool = False) -> bytes:
    """A school's packet; ``changed``: one pupil in CHANGED lives elsewhere."""
    made = school.make(plan, SEED, YEAR)
    if changed:
        made.frames["HocSinh"] = made.frames["HocSinh"].with_columns(
            DchiThtru=pl.when(pl.int_range(pl.len()) % CHANGED == 0)
            .then(pl.lit("Xóm Mới"))
            .otherwise("DchiThtru")
        )
    return packet_file.packet(made, EVERYTHING, KIND)


def encoded(plan: SchoolPlan) -> ours.Push:
    """A school's push, as its vendor's client sends it."""
    target = Target(ours.VENDOR, plan.code, YEAR, str(KIND))
    tables = files.read_contents([("packet.json", packet(plan))], target).tables
    return ours.of_tables(plan.code, tables)
