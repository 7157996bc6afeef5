"""The mended Faust consumer on a real broker: workers are ended, killed, paused and doubled under a backlog.

A worker copies 16,000 records from one topic to another. What is missing afterwards was skipped by the
consumer; repeats are allowed. The race itself is played step by step in
tests/unit/streams/test_mended_consumer.py.
"""

import signal
import subprocess
import sys
import time
import uuid
from contextlib import ExitStack

import pytest
from kafka.admin import NewTopic

from runtime import kafka
from schemas.topics import PARTITIONS
from tests.support import end, environment, wait_until

RECORDS = 16_000

pytestmark = [pytest.mark.faults, pytest.mark.slow]


class Trial:
    """Two topics, a group, and the workers that are running."""

    def __init__(self, settings, folder):
        tag = uuid.uuid4().hex[:8]
        self.settings, self.folder = settings, folder
        self.group, self.source, self.target = f"copy-{tag}", f"copy.in.{tag}", f"copy.out.{tag}"
        admin = kafka.admin(settings)
        admin.create_topics([NewTopic(t, PARTITIONS, 1) for t in (self.source, self.target)])
        admin.close()

    def worker(self, running: ExitStack):
        args = [self.group, self.source, self.target, "mended"]
        with (self.folder / "workers.log").open("ab") as log:
            command = [sys.executable, "-m", "tests.faults.seek_worker", *args]
            worker = subprocess.Popen(command, env=environment(self.settings), stdout=log, stderr=log)
        running.callback(_end, worker)
        return worker

    def send(self, first, count):
        producer = kafka.producer(self.settings)
        for n in range(first, first + count):
            producer.send(self.source, key=str(n).encode(), value=b"x" * 400, partition=n % PARTITIONS)
        producer.flush()
        producer.close()

    def arrived(self):
        """The numbers in the target, once there are as many as were sent."""
        consumer = kafka.consumer(self.settings)
        consumer.assign(kafka.partitions(self.target))
        consumer.seek_to_beginning()
        found: set[int] = set()

        def more():
            for records in consumer.poll(timeout_ms=500).values():
                found.update(int(r.key) for r in records)

        wait_until(lambda: len(found) == RECORDS, more, lambda: f"{RECORDS - len(found)} are missing")
        consumer.close()
        return found


def _end(worker):
    if worker.poll() is None:
        worker.send_signal(signal.SIGCONT)
        worker.kill()
    worker.wait()


def ended(trial, running, worker):
    end(worker)
    return trial.worker(running)


def killed(trial, running, worker):
    worker.kill()
    worker.wait()
    return trial.worker(running)


def paused(trial, running, worker):
    worker.send_signal(signal.SIGSTOP)
    successor = trial.worker(running)
    time.sleep(9)
    worker.send_signal(signal.SIGCONT)
    time.sleep(2)
    _end(worker)
    return successor


def doubled(trial, running, worker):
    second = trial.worker(running)
    time.sleep(4)
    end(second)
    return worker


@pytest.mark.parametrize("blow", [ended, killed, paused, doubled])
def test_no_record_is_skipped_by_workers_that_are(blow, stack, tmp_path):
    trial = Trial(stack, tmp_path)
    with ExitStack() as running:
        worker = trial.worker(running)
        trial.send(0, RECORDS // 2)
        time.sleep(2)
        worker = blow(trial, running, worker)
        trial.send(RECORDS // 2, RECORDS - RECORDS // 2)
        time.sleep(1)
        blow(trial, running, worker)
        assert trial.arrived() == set(range(RECORDS))
