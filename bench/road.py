"""A made-up province on the whole pipeline: its grants, its campaigns, and every dataset's road to the
Ministry's answer."""

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from access import confirmation_acts as confirmation
from access.grant_acts import grant
from bench import ours
from bench.records import YEAR
from demo.ledger import Ledger
from demo.office import FINAL, usual_act
from deploy.local import stack as local
from deploy.local import supervisor
from deploy.local.layout import Stack
from producers.synthetic.province import SchoolPlan
from producers.synthetic.shape import department
from producers.synthetic.write import write_register
from runtime.accounts import SETUP
from runtime.settings import Settings
from schemas.datasets import dataset_id
from streams.confirmation import commands
from streams.confirmation.machine import MACHINE as CONFIRMATION
from streams.grants.commands import Act
from streams.grants.machine import MACHINE as GRANTS
from streams.machines.commands_client import CommandsClient

STALL_S: Final = 180.0
"""Nothing moves for so long: it is given up."""

READY_S: Final = 600.0

UNBOUNDED: Final = {
    "CSDL_PUSH_RECORDS_PER_MINUTE": str(10**9),
    "CSDL_PUSH_MOST_WAITING": str(10**9),
}


@contextmanager
def playing(
    port_base: int, plans: Sequence[SchoolPlan], instances: Mapping[str, int] | None = None
) -> Iterator[Stack]:
    """A stack in a folder of its own with all processes, the Ministry's stand-in, and these schools with
    their grants."""
    with TemporaryDirectory(prefix="csdl-bench-") as folder, ExitStack() as ending:
        stack = Stack(Path(folder), port_base, dict(instances or {}), asked=UNBOUNDED)
        write_register(stack.settings().register_file, plans)
        ending.callback(local.down, stack, delete=False)
        start(stack)
        allow(stack.settings().acting_as(SETUP), [plan.code for plan in plans])
        variables = {"CSDL_DATA_DIR": str(stack.data_dir), "CSDL_SETTINGS": ""}
        ministry = subprocess.Popen(
            [sys.executable, "-m", "cli", "ministry", "simulate", "--refuse-percent", "0"],
            env=supervisor.environment(stack, variables),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        ending.callback(ministry.wait)
        ending.callback(ministry.terminate)
        yield stack


def start(stack: Stack) -> None:
    """All of it. On a machine that does a lot besides, a process takes minutes."""
    local.up(stack, wait=False)
    local.wait_ready(stack, stack.processes, READY_S)


def allow(settings: Settings, schools: Sequence[str]) -> None:
    """The department grants the vendor each of these schools."""
    allowed = [grant(Act.ALLOW, ours.VENDOR, code, unit=department(), account="bench") for code in schools]
    with CommandsClient(GRANTS, settings) as asking:
        ours.refuse_refusals(asking.send_many(allowed))


def dataset(plan: SchoolPlan, kind: int) -> str:
    """A school's dataset of a period."""
    return dataset_id(plan.code, YEAR, str(kind))


def open_period(settings: Settings, plans: Sequence[SchoolPlan], kind: int) -> None:
    """The department opens the period for these schools."""
    opened = []
    for plan in plans:
        route = (department(),) if plan.direct else (plan.district, department())
        opened.append(confirmation.opening(dataset(plan, kind), route, account="bench"))
    with CommandsClient(CONFIRMATION, settings) as client:
        ours.refuse_refusals(client.send_many(opened))


def confirm(settings: Settings, plans: Sequence[SchoolPlan], kind: int) -> None:
    """Every dataset of the period, act by act, until the Ministry has answered. Raises TimeoutError."""
    names = [dataset(plan, kind) for plan in plans]
    acted: set[tuple[str, int]] = set()
    deadline = time.monotonic() + STALL_S
    with Ledger(settings) as ledger, CommandsClient(CONFIRMATION, settings) as client:
        while not all(name in ledger.states and ledger.states[name].state in FINAL for name in names):
            if ledger.poll():
                deadline = time.monotonic() + STALL_S
            due = []
            for state in (ledger.states[name] for name in names if name in ledger.states):
                asked = None if (state.dataset_id, state.sequence) in acted else usual_act(state)
                if asked is not None:
                    acted.add((state.dataset_id, state.sequence))
                    act = commands.Act(asked.act)
                    what = {"account": "bench", "route": state.route, **asked.body}
                    due.append(confirmation.act(asked.dataset_id, act, asked.unit, **what))
            if due:
                ours.refuse_refusals(client.send_many(due))
            if time.monotonic() > deadline:
                raise TimeoutError({name: str(ledger.states[name].state) for name in names})
