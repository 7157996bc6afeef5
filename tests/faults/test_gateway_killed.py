"""The push service, the broker and the database are killed, frozen and cut off under senders who come again.

Every 202 is a push that is there once, and every key has one outcome, whichever of two services it came to.
CSDL_FAULTS_ROUNDS lets it suffer so often all of ACTS, CSDL_FAULTS_SEED in another order.
"""

import os
import random
import signal
import time
from contextlib import closing, contextmanager

import psutil
import pytest

from access import grant_acts as grants
from deploy.local import stack as local
from deploy.local import supervisor
from deploy.local.layout import SERVERS, Stack
from producers.synthetic.write import write_register
from runtime import postgres
from schemas.datasets import dataset_id
from streams.grants.commands import Act
from streams.grants.machine import MACHINE as GRANTS
from streams.machines.commands_client import CommandsClient
from tests import support
from tests.faults import inputs
from tests.faults.inputs import KIND, YEAR
from tests.faults.retrying import Vendor
from tests.granted import make_key
from tests.people import free_port

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(600)]

PROCESSES = ("organisation", "grants", "validation", "load", "gateway")
ACTS = [(act, name) for act in ("kill", "freeze", "cut off") for name in ("gateway", "kafka", "postgres")]
PAUSE_S = 3.0
"""At most, between two acts."""
HELD_S = 3.0
"""So long a server is frozen, or away."""

FULL = "CSDL_PUSH_RECORDS_PER_MINUTE"


@pytest.mark.parametrize("seed", [int(os.environ.get("CSDL_FAULTS_SEED", "1"))])
def test_every_202_is_a_push_that_is_there_once_and_every_key_has_one_outcome(seed, tmp_path):
    rounds = int(os.environ.get("CSDL_FAULTS_ROUNDS", "0"))
    rng = random.Random(seed)
    acts = [act for _ in range(rounds) for act in rng.sample(ACTS, len(ACTS))] or rng.sample(ACTS, 4)
    plans = inputs.schools(seed, 4)
    it = Stack(tmp_path / "stack", support.free_port_base(), asked={FULL: "1000000"})
    it.data_dir.mkdir(parents=True)
    write_register(support.everybody(it).register_file, plans)
    local.up(it, processes=PROCESSES)
    try:
        settings = support.everybody(it)
        with CommandsClient(GRANTS, settings) as client:
            allowed = [grants.grant(Act.ALLOW, "smas", p.code, unit="19", account="test") for p in plans]
            client.send_many(allowed)
        with small(it, settings) as second:
            urls = [settings.gateway, second]
            keys = [make_key(settings, "smas", p.code)[0] for p in plans]
            vendors = [Vendor(p, secret, urls, seed) for p, secret in zip(plans, keys, strict=True)]
            for vendor in vendors:
                vendor.thread.start()
            try:
                for act, name in acts:
                    time.sleep(PAUSE_S * (0.5 + rng.random() / 2))
                    suffer(it, act, name)
                support.each_is_ready(it, (*SERVERS, *PROCESSES))
                for vendor in vendors:
                    vendor.enough()
                for vendor in vendors:
                    vendor.thread.join(support.PATIENCE_S)
                    assert not vendor.thread.is_alive(), vendor.met
            finally:
                for vendor in vendors:
                    vendor.stop.set()
            met = sorted({status for vendor in vendors for status in vendor.met})
            print(acts, "pushes:", [len(vendor.answers) for vendor in vendors], "met besides 202:", met)
            assert all(vendor.answers for vendor in vendors)
            for vendor in vendors:
                said_again(vendor, urls)
            all_there_once(settings, vendors)
    finally:
        local.down(it, delete=True)


@contextmanager
def small(it, settings):
    """A second service on the same servers, at which every push is larger than a minute's quota."""
    port = free_port()
    elsewhere = {
        "data_dir": it.data_dir / "another-machine",
        "secrets_dir": settings.secrets_dir,
        "gateway_port": port,
        "gateway_url": f"http://127.0.0.1:{port}",
        "push_records_per_minute": 1,
    }
    with support.run_process("gateway", settings.model_copy(update=elsewhere)):
        yield elsewhere["gateway_url"]


def suffer(it, act, name):
    """One act; what was frozen or cut off comes back after a while, what was killed by the supervisor."""
    if act == "cut off":
        supervisor.stop_programs(it, (name,))
        time.sleep(HELD_S)
        supervisor.start_program(it, name)
        return
    pid = support.wait_until(lambda: pid_of(it, name))
    tree = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    send(tree, signal.SIGKILL if act == "kill" else signal.SIGSTOP)
    if act == "freeze":
        time.sleep(HELD_S)
        send(tree, signal.SIGCONT)


def pid_of(it, name):
    return next(row["pid"] for row in local.status(it) if row["name"] == name)


def send(tree, what):
    for process in tree:
        try:
            process.send_signal(what)
        except psutil.NoSuchProcess:
            continue


def said_again(vendor, urls):
    """Each key, at both services: the same push."""
    for number in range(len(vendor.answers)):
        for url in urls:
            vendor.urls = [url]
            vendor.stop.clear()
            vendor.insist(number)
    for key, answers in vendor.answers.items():
        assert len(answers) >= 3 and len({answer["push_id"] for answer in answers}) == 1, key


def all_there_once(settings, vendors):
    """In the tables, once all is loaded: no push but those, each once, each with a version of its own."""
    with closing(postgres.connect(settings, "test")) as conn:
        conn.autocommit = True

        def asked(query, dataset):
            with conn.cursor() as cur:
                cur.execute(query, [dataset])
                return cur.fetchall()

        for vendor in vendors:
            there_once(asked, dataset_id(vendor.plan.code, YEAR, KIND), vendor)


def there_once(asked, dataset, vendor):
    told = sorted(answers[0]["push_id"] for answers in vendor.answers.values())

    def pushes():
        return asked("SELECT push_id, outcome FROM push WHERE dataset_id = %s ORDER BY 1", dataset)

    def decided():
        found = pushes()
        return len(found) >= len(told) and all(outcome for _, outcome in found)

    support.wait_until(decided, seen=pushes)
    assert pushes() == [(push_id, "version") for push_id in told]
    kept = asked("SELECT push_id, state FROM gateway_push WHERE dataset_id = %s ORDER BY 1", dataset)
    assert kept == [(push_id, "sent") for push_id in told]
    assert asked("SELECT max(version) FROM version WHERE dataset_id = %s", dataset) == [(len(told),)]
