"""A disk that is really full, and then freed: PostgreSQL's, Kafka's. Who needs it says so once and waits."""

from contextlib import ExitStack, closing

import psycopg2
import pytest
from kafka.errors import KafkaError

from deploy.local import kafka as broker
from deploy.local import postgres as database
from deploy.local import stack as local
from deploy.local.layout import Stack
from doctor import basics
from runtime import kafka, postgres
from schemas.topics import RECORDS_ACCEPTED
from tests import support
from tests.faults.small_disk import moved_to_a_small_disk, only_root_mounts
from tests.pushed import SCHOOL, pupil, whole

pytestmark = [pytest.mark.faults, pytest.mark.slow, only_root_mounts]

PUPILS = 200


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """A stack whose servers have a small disk each, and load; the disks."""
    it = Stack(tmp_path_factory.mktemp("small") / "stack", support.free_port_base())
    it.logs.mkdir(parents=True)
    broker.prepare(it)
    database.prepare(it)
    with ExitStack() as disks:
        of_kafka = disks.enter_context(moved_to_a_small_disk(it.kafka_dir / "log"))
        of_postgres = disks.enter_context(moved_to_a_small_disk(it.postgres_dir))
        try:
            local.up(it, processes=("load",))
            yield it, of_kafka, of_postgres
        finally:
            local.down(it)


class Pushes:
    """Pushes of one school, each waited for until the broker has it, by a producer of its own: one that a
    dying broker has answered with an error sends nothing more."""

    def __init__(self, settings, name):
        self.settings, self.name = settings, name
        self.tried, self.acknowledged = 0, set()

    def push(self):
        """One more; whether Kafka has confirmed it. What it has not may still come."""
        self.tried += 1
        push = f"{self.name}-{self.tried}"
        values = whole("HocSinh", [pupil(n, HoTen=f"{push} {n}") for n in range(PUPILS)], push=push)
        try:
            producer = kafka.producer(self.settings, bootstrap_timeout_ms=5_000)
        except KafkaError:
            return False
        try:
            for future in [producer.send(RECORDS_ACCEPTED, v, SCHOOL.encode()) for v in values]:
                future.get(5)
        except KafkaError:
            return False
        finally:
            kafka.abandon(producer)
        self.acknowledged.add(push)
        return True

    def are_loaded(self):
        """Whether each that was acknowledged is a version, and one."""
        try:
            with closing(postgres.connect(self.settings, "test")) as conn, conn.cursor() as cur:
                cur.execute("SELECT push_id, outcome FROM push")
                pushes = cur.fetchall()
                cur.execute("SELECT push_id FROM version")
                versions = [push for (push,) in cur.fetchall()]
        except psycopg2.Error:
            return False
        if len(versions) > len(set(versions)):
            return False
        return self.acknowledged <= {push for push, outcome in pushes if outcome == "version"} & set(versions)


def log(it, name):
    return (it.logs / f"{name}.log").read_text(encoding="utf-8", errors="replace")


def test_load_waits_for_room_on_the_databases_disk_says_so_once_and_loses_nothing(running):
    """Formerly it ended and was started again and again, with a line each time, and was ready in between."""
    it, _, disk = running
    pushes = Pushes(support.everybody(it), "database")
    support.wait_until(lambda: pushes.are_loaded(), pushes.push)
    disk.fill()
    support.wait_until(lambda: "SYS-020" in log(it, "load"), pushes.push, lambda: log(it, "load"))
    assert not local.is_ready(it, "load")
    [found] = basics.room(support.everybody(it))
    assert found.problem.code == "SYS-020"
    refused = log(it, "postgres").count("No space left on device")
    support.wait_until(lambda: log(it, "postgres").count("No space left on device") >= refused + 3)
    assert not local.is_ready(it, "load")
    assert (log(it, "load").count("ended by"), log(it, "load").count("SYS-020")) == (1, 1)
    disk.free()
    support.wait_until(
        lambda: pushes.are_loaded() and local.is_ready(it, "load"), seen=lambda: log(it, "load")
    )
    assert list(basics.room(support.everybody(it))) == []


def test_what_kafka_acknowledged_before_its_disk_was_full_is_loaded_when_it_is_freed(running):
    """The broker ends; to everybody else it is away, until its next start finds room."""
    it, disk, _ = running
    pushes = Pushes(support.everybody(it), "broker")
    before = log(it, "load")
    disk.fill()
    support.wait_until(lambda: not pushes.push() and not local.is_ready(it, "kafka"))
    support.wait_until(lambda: not local.is_ready(it, "load"))
    [found] = basics.broker(support.everybody(it))
    assert found.problem.code == "SYS-001"
    disk.free()
    support.wait_until(lambda: local.is_ready(it, "kafka"), seen=lambda: log(it, "kafka")[-4000:])
    support.wait_until(pushes.push)
    support.wait_until(
        lambda: pushes.are_loaded() and local.is_ready(it, "load"), seen=lambda: log(it, "load")
    )
    said = log(it, "load")[len(before) :]
    assert (said.count("SYS-001"), said.count("Kafka answers again")) == (1, 1)
