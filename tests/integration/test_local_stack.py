"""The local stack: what its user sees when it starts, when it cannot, and when its servers are killed."""

import json
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import psutil
import psycopg2
import pytest
from click.testing import CliRunner
from kafka import TopicPartition

from backup import cut
from cli.main import main
from deploy.broker_rights import groups
from deploy.local import before_start, class_archive, layout, supervisor
from deploy.local import stack as local
from deploy.local.kafka import jars
from deploy.local.layout import Stack
from deploy.processes import NAMES
from runtime import kafka
from runtime.accounts import SETUP
from tests import support
from tests.support import ANSWER_S, wait_until

pytestmark = pytest.mark.slow

ODD = "Trường, số 1; #'\"100% %(here)s" + "x" * 100
"""Name of a folder: what configurations and paths of sockets stumble over."""


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A second stack beside the session's own."""
    it = Stack(tmp_path_factory.mktemp("ours") / ODD, support.free_port_base())
    local.up(it, processes=())
    yield it
    local.down(it, delete=True)


def _csdl(*arguments: str) -> tuple[int, str]:
    """Exit code and stderr of a command; no traceback, ever."""
    result = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert "Traceback" not in result.output
    return result.exit_code, result.stderr


def _refused_with(code: str, *arguments: str) -> None:
    exit_code, stderr = _csdl(*arguments)
    lines = stderr.strip().splitlines()
    assert exit_code == 1
    assert len(lines) == 2, "one line in each language"
    assert all(line.startswith(f"{code} ") for line in lines)


def _pid(stack: Stack, name: str) -> int:
    return next(int(info["pid"]) for info in supervisor.process_info(stack) if info["name"] == name)


def test_two_stacks_run_side_by_side(local_stack: Stack, ours: Stack) -> None:
    assert {local_stack.port(name) for name in layout.OFFSETS}.isdisjoint(
        ours.port(name) for name in layout.OFFSETS
    )
    for stack in (local_stack, ours):
        support.each_is_ready(stack, layout.SERVERS)


def test_no_group_stands_anywhere_in_a_new_kafka(ours: Stack) -> None:
    """Formerly who asked first was told that Kafka is away: it makes its topic of groups only then."""
    with closing(kafka.admin(support.everybody(ours))) as admin:
        assert cut.offsets_of(admin, groups()) == {group: {} for group in groups()}


def test_everything_listens_on_this_machine_only(ours: Stack) -> None:
    addresses = set()
    for process in supervisor.left_over(ours):
        with suppress(psutil.NoSuchProcess):  # PostgreSQL's workers come and go
            addresses |= {
                connection.laddr.ip
                for connection in process.net_connections("tcp")
                if connection.status == psutil.CONN_LISTEN
            }
    assert addresses
    assert addresses <= {"127.0.0.1", "::ffff:127.0.0.1"}


def test_its_broker_starts_from_the_archive_of_kafkas_classes(ours: Stack) -> None:
    broker = psutil.Process(_pid(ours, "kafka"))
    options = class_archive.options(jars())
    assert options
    assert set(options) <= set(broker.cmdline())
    archive = options[0].partition("=")[2]
    assert archive in {mapped.path for mapped in broker.memory_maps()}, "it took it"


def test_status_as_json_names_every_process(ours: Stack) -> None:
    result = CliRunner().invoke(main, ["status", "--json", "--data-dir", str(ours.data_dir)])
    rows = json.loads(result.stdout)
    assert [row["name"] for row in rows] == ["kafka", "postgres", *NAMES]
    serves = {row["name"]: row["serves"] for row in rows if row["serves"]}
    assert serves == {"access": ours.port("access-service"), "gateway": ours.port("gateway-service")}


def test_the_command_line_finds_the_stack_by_its_data_directory(
    ours: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    from runtime.settings import Settings

    monkeypatch.setenv("CSDL_DATA_DIR", str(ours.data_dir))
    assert Settings() == ours.settings()


def test_starting_it_again_says_that_it_runs(ours: Stack) -> None:
    _refused_with("STK-002", "up", "--data-dir", str(ours.data_dir), "--port-base", str(ours.port_base))


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    base = support.free_port_base()
    with socket.socket() as other:
        other.bind(("127.0.0.1", base + layout.OFFSETS["postgres"]))
        other.listen()
        _refused_with("STK-001", "up", "--data-dir", str(tmp_path / "new"), "--port-base", str(base))


def test_another_up_at_work_is_named(tmp_path: Path) -> None:
    stack = Stack(tmp_path, support.free_port_base())
    with before_start.alone(stack):
        _refused_with("STK-009", "up", "--data-dir", str(tmp_path), "--port-base", str(stack.port_base))


def test_a_server_that_keeps_ending_is_not_waited_for_and_its_log_is_heard(tmp_path: Path) -> None:
    """It was waited for, for two minutes."""
    log = tmp_path / "kafka" / "log"
    log.mkdir(parents=True)
    (log / "meta.properties").write_text("cluster.id=broken\n", encoding="utf-8")
    base = support.free_port_base()
    code, stderr = _csdl("up", "--data-dir", str(tmp_path), "--port-base", str(base))
    assert code == 1
    assert stderr.startswith("STK-020 kafka") and "node ID not found" in stderr
    assert supervisor.left_over(Stack(tmp_path, base)) == []


@pytest.mark.parametrize("command", ["down", "status"])
def test_a_folder_without_a_stack_is_named(tmp_path: Path, command: str) -> None:
    _refused_with("STK-007", command, "--data-dir", str(tmp_path))


def test_kafka_comes_back_after_kill_9_with_what_it_had(ours: Stack) -> None:
    settings = support.everybody(ours)
    topic = "csdl.in.smas.v1"
    producer = kafka.producer(settings)
    sent = producer.send(topic, b"value", b"79000001").get(ANSWER_S)
    producer.close()

    killed = _pid(ours, "kafka")
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: _pid(ours, "kafka") not in (0, killed) and local.is_ready(ours, "kafka"))

    consumer = kafka.consumer(settings)
    partition = TopicPartition(topic, sent.partition)
    consumer.assign([partition])
    consumer.seek(partition, sent.offset)
    records = consumer.poll(20_000)
    consumer.close()
    assert [record.value for record in records[partition]] == [b"value"]


def test_the_broker_runs_its_native_libraries_from_the_stacks_folder(ours: Stack) -> None:
    """/tmp may forbid that (tests/faults/test_machine.py mounts it so, where it may)."""
    producer = kafka.producer(support.everybody(ours), compression_type="zstd")
    producer.send("csdl.in.smas.v1", b"value" * 1000, b"79000001").get(ANSWER_S)
    producer.close()
    mapped = Path(f"/proc/{_pid(ours, 'kafka')}/maps").read_text(encoding="utf-8")
    [library] = {line.split(maxsplit=5)[5] for line in mapped.splitlines() if "libzstd" in line}
    assert library.startswith(str(ours.kafka_dir))


def test_postgres_comes_back_after_kill_9_with_what_was_committed(ours: Stack) -> None:
    url = ours.settings().acting_as(SETUP).database
    connection = psycopg2.connect(url)
    with connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE kept AS SELECT 1 AS one")

    killed = _pid(ours, "postgres")
    os.kill(killed, signal.SIGKILL)

    def back() -> bool:
        try:
            again = psycopg2.connect(url)
        except psycopg2.OperationalError:
            return False
        with again, again.cursor() as cursor:
            cursor.execute("SELECT one FROM kept")
            found = cursor.fetchone()
        again.close()
        return bool(found == (1,))

    wait_until(back)
    assert _pid(ours, "postgres") != killed


def test_after_its_supervisor_was_killed_it_is_stopped_and_started_again(ours: Stack) -> None:
    """Last in this file: it stops the servers."""
    os.kill(supervisor.supervisor_pid(ours), signal.SIGKILL)
    wait_until(lambda: not supervisor.is_running(ours))
    options = ("--data-dir", str(ours.data_dir), "--port-base", str(ours.port_base))
    _refused_with("STK-005", "up", *options)

    assert _csdl("down", "--data-dir", str(ours.data_dir)) == (0, "")
    assert supervisor.left_over(ours) == []
    assert (ours.data_dir / "supervisord.pid").exists(), "the stale lock"
    said: list[str] = []
    local.up(ours, processes=(), say=said.append)
    assert [line for line in said if line.startswith("STK-011 ")]
    support.each_is_ready(ours, ["kafka"])
