"""The pipeline on two machines, one cut off for longer than anybody waits for it, and back again: under
pushes, confirmations and exports nothing is lost or there twice, and the other one's work goes on meanwhile.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from deploy.local import stack as local
from deploy.local import supervisor
from deploy.local.layout import Stack
from producers.synthetic.write import write_register
from runtime import postgres, turns
from tests import support
from tests.faults import inputs, road
from tests.faults.second_machine import SecondMachine, cannot_be_apart

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(600), cannot_be_apart]

SEED = 7
TWICE = {"validation": 2, "load": 2, "check": 2}
HERE = ("grants", "validation-1", "load-1", "check-1", "outbox", "confirmation", "organisation")
THERE = ("validation-2", "load-2", "check-2", "export", "receipts", "projection")
"""As deploy/ansible/inventories/several.yml shares out what a dataset's way needs."""
AWAY_S = turns.LEASE_S + turns.BEAT_S
"""A session of Kafka's consumers ends after six, one that holds a turn at PostgreSQL after fifteen."""


def test_one_of_two_machines_is_cut_off_and_comes_back(tmp_path):
    it = Stack(tmp_path / "stack", support.free_port_base(), instances=TWICE)
    plans = inputs.schools(SEED, 36)
    it.data_dir.mkdir(parents=True)
    write_register(support.everybody(it).register_file, plans)
    local.up(it, processes=())
    try:
        for name in HERE:
            supervisor.start_program(it, name)
        settings = support.everybody(it)
        with (
            SecondMachine(it, tmp_path / "there", THERE) as there,
            road.Ministry(it),
            closing(postgres.connect(settings)) as db,
            db.cursor() as cur,
        ):
            db.autocommit = True
            local.wait_ready(it, HERE)
            with ThreadPoolExecutor(1) as pool, road.Pushes(settings, plans, SEED) as pushes:
                office = pool.submit(road.confirm_all, settings, pushes.last, lambda: pushes.over)
                support.wait_until(lambda: _decided(cur) >= road.TOGETHER, seen=lambda: _seen(there))
                there.cut()
                time.sleep(AWAY_S)
                before, sent = _decided(cur), len(pushes.at)
                support.wait_until(lambda: _decided(cur) > before and len(pushes.at) > sent)
                there.mend()
                again = _decided(cur)
                support.wait_until(lambda: _decided(cur) >= again + road.TOGETHER)
            office.result()
            road.all_is_as_expected(settings, pushes.expected)
    finally:
        local.down(it, delete=True)


def _decided(cur):
    cur.execute("SELECT count(*) FROM push WHERE outcome IS NOT NULL")
    return cur.fetchone()[0]


def _seen(there):
    return "\n".join(there.log(name)[-1000:] for name in there.names)
