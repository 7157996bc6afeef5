"""A minute without a broker, both servers frozen: who needs them says so once, and goes on after."""

import os
import signal
import time
from contextlib import closing

import psutil
import pytest

from access import grant_acts as grants
from deploy.local import stack as local
from deploy.local import supervisor
from deploy.local.layout import SERVERS, Stack
from deploy.processes import TABLE
from producers.client import PushClient
from producers.synthetic.write import write_register
from readings import pushes
from runtime import postgres
from streams.grants.commands import Act
from streams.grants.machine import MACHINE as GRANTS
from streams.machines.commands_client import CommandsClient
from tests import support
from tests.faults import inputs
from tests.faults.inputs import KIND, YEAR

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(600)]

AWAY_S = 60
NEED_KAFKA = {declared.name for declared in TABLE if declared.kafka}
NEED_ANY = {declared.name for declared in TABLE if declared.kafka or declared.tables}
LINES = 10
"""That a process writes at most, from when its server goes to the work after: it was 1,500 a minute."""


@pytest.fixture
def ours(tmp_path):
    it = Stack(tmp_path / "stack", support.free_port_base())
    it.data_dir.mkdir(parents=True)
    (plan,) = inputs.schools(1)[:1]
    write_register(support.everybody(it).register_file, [plan])
    local.up(it)
    try:
        yield it, plan
    finally:
        local.down(it, delete=True)


def test_a_minute_without_a_broker_is_two_lines_and_nothing_is_lost(ours):
    it, plan = ours
    settings = support.everybody(it)
    first, second = inputs.sendings(plan, 1)[:2]
    with CommandsClient(GRANTS, settings) as client:
        client.send(grants.grant(Act.ALLOW, "smas", plan.code, unit="19", account="test"))
    push(settings, plan, first)
    before = {name: log(it, name) for name in NEED_KAFKA}
    supervisor.stop_programs(it, ("kafka",))
    time.sleep(AWAY_S)
    support.wait_until(lambda: unready(it) >= {"kafka"} | NEED_KAFKA, seen=lambda: unready(it))
    during = {name: log(it, name)[len(before[name]) :] for name in NEED_KAFKA}
    assert {name: said.count("SYS-001 ") for name, said in during.items()} == dict.fromkeys(NEED_KAFKA, 1)

    supervisor.start_program(it, "kafka")
    support.each_is_ready(it, (*SERVERS, *it.processes))
    push(settings, plan, second)
    after = {name: log(it, name)[len(before[name]) :] for name in NEED_KAFKA}
    assert {name for name, said in after.items() if "Kafka answers again" not in said} == set()
    assert {name: said for name, said in after.items() if said.count("\n") > LINES} == {}

    with Frozen(it, "kafka"), Frozen(it, "postgres"):
        support.wait_until(lambda: unready(it) >= {"kafka", "postgres"} | NEED_ANY, seen=lambda: unready(it))
    support.each_is_ready(it, (*SERVERS, *it.processes))


def push(settings, plan, sending):
    """Send it and wait for what becomes of it."""
    with PushClient(settings, "smas", chunk=25) as client:
        client.push(plan.code, YEAR, KIND, sending.tables(), sending.push_id)

    def outcome():
        with closing(postgres.connect(settings, "test")) as conn:
            found, _ = pushes.one(conn, sending.push_id)
        return found and found[0]["outcome"] != "open"

    support.wait_until(outcome)


def unready(it):
    return {row["name"] for row in local.status(it) if not row["ready"]}


def log(it, name):
    return (it.logs / f"{name}.log").read_text(encoding="utf-8", errors="replace")


class Frozen:
    """A server with all its children, stopped in mid-life while the block runs."""

    def __init__(self, it, name):
        pid = next(info["pid"] for info in supervisor.process_info(it) if info["name"] == name)
        self.pids = [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]

    def __enter__(self):
        self._send(signal.SIGSTOP)

    def __exit__(self, *error):
        self._send(signal.SIGCONT)

    def _send(self, what):
        for pid in self.pids:
            try:
                os.kill(pid, what)
            except ProcessLookupError:
                continue
