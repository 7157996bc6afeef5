"""Up, down and status of a local stack."""

import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from typing import Any, Final, TypeVar
from urllib.error import URLError
from urllib.request import urlopen

import psutil
from kafka.errors import KafkaError

from deploy import broker_rights, taking_on
from deploy.local import before_start, kafka, postgres, private, secrets, server_account, supervisor
from deploy.local.layout import Stack
from deploy.local.problems import fail
from deploy.local.starting import Starting
from deploy.local.supervisor import Program
from deploy.processes import SERVES
from deploy.prometheus import config as prometheus_config
from runtime import broker_probe, probes, serve
from runtime.accounts import SETUP
from runtime.settings import Settings
from schemas.errors import message

START_S: Final = 120.0

ANSWER_S: Final = 2.0
"""Longest wait for one of them to say that it is ready."""

Say = Callable[[str], None]
T = TypeVar("T")


def silent(line: str) -> None:
    """Says nothing."""


RESTORING: Final = "restore.unfinished"
"""There while a backup is put back: its stack has not all of it."""

Fill = Callable[[Settings], None]


def up(
    stack: Stack,
    processes: tuple[str, ...] | None = None,
    wait: bool = True,
    say: Say = silent,
    fill: Fill | None = None,
) -> None:
    """Start the servers, make topics and tables, start the processes; with ``wait`` until each is ready.

    Codes: STK-001 port in use, 002 already running, 003/004/010 downloads, 005 left over, 006 does not start,
    009 another `up` is at work, 014/015 a folder that will not do; SYS-003 the register that was
    named is none; SYS-007/008 a process that is none, instances that cannot be. ``processes``: all, unless
    some are named; of each as many as the stack runs. ``fill``: what a restore does with servers, tables and
    empty topics before anything else reads or writes them; without it BAK-017 where one was cut off.
    """
    processes = stack.processes if processes is None else stack.every(processes)
    if fill is None and (stack.data_dir / RESTORING).exists():
        fail("BAK-017", data_dir=stack.data_dir)
    before_start.refuse_what_cannot_work(stack)
    with private.only_ours():
        stack.logs.mkdir(parents=True, exist_ok=True)
        _up(stack, processes, wait, say, fill)


def _up(stack: Stack, processes: tuple[str, ...], wait: bool, say: Say, fill: Fill | None) -> None:
    with before_start.alone(stack):
        _stop_what_an_interrupted_start_left(stack, say)
        _refuse_what_runs(stack, say)
        before_start.refuse_ports_in_use(stack, processes)
        before_start.unfinished(stack).touch()
        private.close(stack.data_dir)
        say(f"Kafka {kafka.VERSION}, PostgreSQL 18.6")
        said = stack.settings()
        secrets.prepare(stack, broker_rights.principals(said.vendors, said.vendors_by_credentials))
        with ThreadPoolExecutor(1) as pool:
            initialised = pool.submit(postgres.prepare, stack)
            kafka.prepare(stack)
            initialised.result()
        stack.save()
        prometheus_config.write(stack)
        supervisor.start(stack, programs(stack))
        try:
            as_setup = stack.settings().acting_as(SETUP)
            _until(lambda: _database_answers(as_setup), "postgres", stack, (ConnectionError,))
            from sinks.provincial.migrate import migrate  # a second, which `status` need not wait

            migrate(as_setup)
            say("tables")
            with taking_on.alone(as_setup):
                _make_topics_and_rights(stack, as_setup, say, fill)
            from access.handing_over import hand_over  # contracts and polars, which `status` needs not

            if units := hand_over(as_setup):
                say(f"{units} units")
            for name in processes:
                supervisor.start_program(stack, name)
            if wait:
                wait_ready(stack, processes)
        except BaseException:
            _stop(stack)
            raise
        before_start.unfinished(stack).unlink()


def _make_topics_and_rights(stack: Stack, as_setup: Settings, say: Say, fill: Fill | None) -> None:
    if not stack.open_broker:
        _until(lambda: kafka.let_in(stack), "kafka", stack, (KafkaError, ConnectionError))
    _until(lambda: _broker_answers(stack), "kafka", stack, (ConnectionError,))

    def until(attempt: Callable[[], T], faults: tuple[type[Exception], ...], /) -> T:
        return _until(attempt, "kafka", stack, faults)

    topics, rights = taking_on.provide(as_setup, fill, until)
    say("topics")
    for change in topics:
        if change.setting:
            say(str(change))
    say(f"rights: {len(rights)} changed")


def down(stack: Stack, delete: bool = False) -> bool:
    """Stop everything of this stack, also what outlived its supervisor; ``delete`` its data too.

    Returns whether anything ran. STK-018: something of it cannot be stopped.
    """
    ran = supervisor.is_running(stack) or bool(supervisor.left_over(stack))
    _stop(stack, hurry=delete)
    if alive := supervisor.left_over(stack):
        fail("STK-018", data_dir=stack.data_dir, pids=", ".join(str(process.pid) for process in alive))
    if delete:
        shutil.rmtree(stack.data_dir)
    return ran


def status(stack: Stack) -> list[dict[str, Any]]:
    """One row a process: name, state, pid, port, ready, uptime in seconds; ``serves``: the port at which it
    serves others than Prometheus, if any. STK-007 when the stack is down."""
    if not supervisor.is_running(stack):
        fail("STK-007", data_dir=stack.data_dir)
    rows = []
    for info in supervisor.process_info(stack):
        name, running = info["name"], info["statename"] in ("STARTING", "RUNNING")
        rows.append(
            {
                "name": name,
                "state": info["statename"].lower(),
                "pid": info["pid"] or None,
                "port": stack.port(name),
                "serves": stack.port(SERVES[name]) if name in SERVES else None,
                "ready": running and is_ready(stack, name),
                "uptime_s": info["now"] - info["start"] if running else 0,
            }
        )
    order = [*stack.servers, *stack.processes]
    return sorted(rows, key=lambda row: order.index(str(row["name"])))


def is_ready(stack: Stack, name: str) -> bool:
    """A server is ready when it answers a question, a process when its /readyz says so."""
    if name in stack.kafkas:
        alone = {"bootstrap_servers": f"127.0.0.1:{stack.port(name)}"}
        return broker_probe.ask(stack.settings().model_copy(update=alone), ANSWER_S) is None
    if name == "postgres":
        database = probes.Database(stack.settings())
        with closing(database):
            return database.ask(ANSWER_S) is None
    try:
        asked = serve.request(stack.settings(), stack.port(name), "/readyz")
        with urlopen(asked, timeout=ANSWER_S) as answer:
            return bool(answer.status == 200)
    except (OSError, URLError):
        return False


def wait_ready(stack: Stack, processes: tuple[str, ...], seconds: float = START_S) -> None:
    """Wait until each process is ready; STK-006 names the first that is not, so long after the one before,
    STK-020 one that keeps ending, at once."""
    starting = Starting(stack)
    for name in processes:
        deadline = time.monotonic() + seconds
        while not is_ready(stack, name):
            starting.look()
            if time.monotonic() > deadline:
                fail("STK-006", name=name, log=stack.logs / f"{name}.log")
            time.sleep(0.1)


def programs(stack: Stack) -> list[Program]:
    """Every supervised program. The servers start with the supervisor, the processes when tables exist."""
    servers = [
        *(
            Program(name, kafka.broker_command(stack, name), autostart=True, stop_wait_s=30)
            for name in stack.kafkas
        ),
        # INT is its fast shutdown: open transactions are rolled back, nobody is waited for.
        Program(
            "postgres",
            postgres.server_command(stack),
            autostart=True,
            stop_signal="INT",
            stop_wait_s=30,
            folder=(server_account.FOLDER, stack.postgres_dir),
        ),
    ]
    return servers + [
        Program(
            name,
            [sys.executable, "-m", "cli", "run", name],
            environment=stack.process_environment(name),
        )
        for name in stack.processes
    ]


def _stop_what_an_interrupted_start_left(stack: Stack, say: Say) -> None:
    if before_start.unfinished(stack).exists() and supervisor.left_over(stack):
        say(f"STK-021 {' / '.join(message('STK-021', data_dir=stack.data_dir))}")
        _stop(stack)


def _refuse_what_runs(stack: Stack, say: Say) -> None:
    if supervisor.is_running(stack):
        fail("STK-002", data_dir=stack.data_dir)
    if orphans := supervisor.left_over(stack):
        fail("STK-005", data_dir=stack.data_dir, count=len(orphans))
    supervisor.socket_path(stack).unlink(missing_ok=True)
    lock = stack.data_dir / "supervisord.pid"
    if lock.exists():  # killed, or the machine went down
        say(f"STK-011 {' / '.join(message('STK-011', lock=lock))}")
        lock.unlink()


def _broker_answers(stack: Stack) -> None:
    """Asked at once, where a client would look for its broker for half a minute."""
    if problem := broker_probe.ask(stack.settings(), ANSWER_S):
        raise ConnectionError(str(problem))


def _database_answers(settings: Settings) -> None:
    with closing(probes.Database(settings)) as database:
        if fault := database.ask(ANSWER_S):
            raise ConnectionError from fault


def _until(attempt: Callable[[], T], name: str, stack: Stack, errors: tuple[type[Exception], ...]) -> T:
    """Repeat until it does not raise; STK-006 when it still does after START_S, STK-020 when a server keeps
    ending."""
    deadline = time.monotonic() + START_S
    starting = Starting(stack)
    while True:
        try:
            return attempt()
        except errors:
            starting.look()
            if time.monotonic() > deadline:
                fail("STK-006", name=name, log=stack.logs / f"{name}.log")
            time.sleep(0.05)


def _stop(stack: Stack, hurry: bool = False) -> None:
    """Processes first: one that stops cleanly wants its broker and database still there.

    ``hurry``: the data will be deleted, so the servers need not close it with care (a broker takes 3 s).
    """
    if supervisor.is_running(stack):
        pid = supervisor.supervisor_pid(stack)
        supervisor.stop_programs(stack, stack.processes)
        servers = [info["pid"] for info in supervisor.process_info(stack) if info["pid"]]
        supervisor.rpc(stack).shutdown()
        if hurry:
            for server in servers:
                with suppress(ProcessLookupError):
                    os.kill(server, signal.SIGKILL)
        with suppress(psutil.NoSuchProcess):
            psutil.wait_procs([psutil.Process(pid)], timeout=60)
    orphans = supervisor.left_over(stack)
    for orphan in orphans:
        orphan.terminate()
    _, alive = psutil.wait_procs(orphans, timeout=15)
    for orphan in alive:
        orphan.kill()
    psutil.wait_procs(alive, timeout=10)
    supervisor.socket_path(stack).unlink(missing_ok=True)
