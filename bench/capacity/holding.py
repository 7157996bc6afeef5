"""What processes hold in memory by how many units, grants and datasets there are, without a single record:
three stacks, each with more schools than the one before."""

import time
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from psycopg2.extensions import connection

from access import confirmation_acts as confirmation
from bench import ours, road
from bench.capacity import seen
from bench.records import DISTRICTS, PUPILS_A_SCHOOL, YEAR, schools
from bench.running import say
from deploy.local import stack as local
from deploy.local.layout import Stack
from producers.synthetic.shape import department
from runtime import postgres
from runtime.accounts import SETUP
from runtime.settings import Settings
from schemas.datasets import dataset_id
from streams.confirmation.machine import MACHINE as CONFIRMATION
from streams.machines.commands_client import CommandsClient

KINDS: Final = (1, 2, 3)
WAIT_S: Final = 600.0


def run(port_base: int, sizes: list[int]) -> dict[str, Any]:
    """A stack after the other."""
    return {"points": [point for size in sizes for point in _points(port_base, size)]}


def _points(port_base: int, number: int) -> list[dict[str, Any]]:
    """So many schools with a grant each; then with a dataset of each period."""
    say(f"{number} schools without records")
    codes = schools(number * PUPILS_A_SCHOOL)
    with TemporaryDirectory(prefix="csdl-bench-") as folder:
        stack = Stack(Path(folder), port_base, asked=road.UNBOUNDED)
        ours.register(stack.settings(), number * PUPILS_A_SCHOOL)
        began = time.perf_counter()
        try:
            road.start(stack)
            up_s = round(time.perf_counter() - began, 1)
            settings = stack.settings().acting_as(SETUP)
            with closing(postgres.connect(settings, "bench")) as db:
                road.allow(settings, codes)
                _wait(db, "grant_state", number)
                seen.settle(stack, db)
                granted = seen.memory(stack)
                _open(settings, codes)
                _wait(db, "confirmation", number * len(KINDS))
                seen.settle(stack, db)
                return [
                    {"schools": number, "datasets": 0, "up_s": up_s, "memory_mb": granted},
                    {"schools": number, "datasets": number * len(KINDS), "memory_mb": seen.memory(stack)},
                ]
        finally:
            local.down(stack, delete=False)


def _open(settings: Settings, codes: list[str]) -> None:
    opened = [
        confirmation.opening(dataset_id(code, YEAR, str(kind)), (DISTRICTS[0], department()), account="bench")
        for kind in KINDS
        for code in codes
    ]
    with CommandsClient(CONFIRMATION, settings) as client:
        ours.refuse_refusals(client.send_many(opened))


def _wait(db: connection, table: str, rows: int) -> None:
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        with db, db.cursor() as cur:
            cur.execute(f"SELECT count(*) FROM {table}")
            if cur.fetchone()[0] >= rows:
                return
        time.sleep(0.5)
    raise TimeoutError(f"{table} has no {rows} rows after {WAIT_S} s")
