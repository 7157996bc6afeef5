"""Three brokers under the whole of the work: one after the other is killed, and one loses its disk.

Each next blow comes once every partition has its three replicas again. Rows, versions, chains and exports are
compared with the sequential model, as where everything else is killed (``test_faults``).

``CSDL_KILLS=15`` in the environment makes five minutes of it: a kill every 20 s.
"""

import os
import shutil
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from itertools import pairwise

import pytest
from kafka.errors import KafkaError

from deploy.local import kafka as local_kafka
from deploy.local import stack as local
from deploy.local import supervisor
from deploy.local.layout import Stack
from doctor import basics
from producers.synthetic.write import write_register
from runtime import kafka, postgres
from tests import support
from tests.faults import inputs, road

KILLS = int(os.environ.get("CSDL_KILLS", "2"))
EVERY_S = 20.0 if KILLS > 2 else 0.0

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(600 + 60 * KILLS)]

SEED = 6


def test_brokers_are_killed_one_after_the_other_and_one_loses_its_disk(tmp_path):
    it = Stack(tmp_path / "stack", support.free_port_base(), brokers=3)
    plans = inputs.schools(SEED, 12 * (KILLS + 1))
    it.data_dir.mkdir(parents=True)
    write_register(support.everybody(it).register_file, plans)
    local.up(it, processes=road.PROCESSES)
    try:
        settings = support.everybody(it)
        with road.Ministry(it), closing(postgres.connect(settings)) as db, db.cursor() as cur:
            db.autocommit = True
            with ThreadPoolExecutor(1) as pool, road.Pushes(settings, plans, SEED) as pushes:
                office = pool.submit(road.confirm_all, settings, pushes.last, lambda: pushes.over)
                support.wait_until(partial(_decided, cur, 1))
                for kill in range(KILLS):
                    _killed(it, it.kafkas[kill % 3])
                _disk_lost(it, it.kafkas[2], cur)
                gap = max(after - before for before, after in pairwise(pushes.at))
            office.result()
            print(f"{KILLS} kills, {len(pushes.at)} pushes, {gap:.1f} s between two at most")
        road.all_is_as_expected(settings, pushes.expected)
    finally:
        local.down(it, delete=True)


def _killed(it, name):
    """One is killed; the supervisor starts it again. Back once it has all that the others have."""
    began = time.monotonic()
    pid = _pid(it, name)
    os.kill(pid, signal.SIGKILL)
    support.wait_until(lambda: _pid(it, name) not in (0, pid))
    support.wait_until(lambda: local.is_ready(it, name) and _whole(it))
    print(f"{name}: whole again after {time.monotonic() - began:.1f} s")
    time.sleep(max(began + EVERY_S - time.monotonic(), 0))


def _disk_lost(it, name, cur):
    """One comes back with nothing and gets all of it from the others; meanwhile pushes go on, and doctor says
    what is."""
    os.kill(_pid(it, name), signal.SIGKILL)
    supervisor.stop_programs(it, (name,))
    shutil.rmtree(it.data_dir / name)
    support.wait_until(lambda: _behind(it) == {3})
    support.wait_until(partial(_decided, cur, _decided(cur) + 2 * road.TOGETHER))
    local_kafka.prepare(it)
    supervisor.start_program(it, name)
    support.wait_until(lambda: _behind(it) == set(), seen=lambda: basics.topics(it.settings()))
    support.wait_until(lambda: _whole(it))


def _pid(it, name):
    return next(info["pid"] for info in supervisor.process_info(it) if info["name"] == name)


def _behind(it):
    """Brokers of which `csdl doctor` says that they lack something; None while it cannot say anything."""
    try:
        found = basics.topics(it.settings())
    except KafkaError:
        return None
    return {each.problem.params["broker"] for each in found if each.problem.code == "TOPIC-008"}


def _whole(it):
    """Whether each partition, Kafka's own included, has three replicas that have all of it."""
    try:
        with closing(kafka.admin(support.everybody(it), bootstrap_timeout_ms=kafka.STAND_BY_MS)) as client:
            topics = client.describe_topics()
    except KafkaError:
        return False
    return {len(p["isr_nodes"]) for topic in topics for p in topic["partitions"]} == {3}


def _decided(cur, at_least=0):
    """How many pushes have an outcome; 0 while they are fewer than wanted."""
    cur.execute("SELECT count(*) FROM push WHERE outcome IS NOT NULL")
    (count,) = cur.fetchone()
    return count if count >= at_least else 0
