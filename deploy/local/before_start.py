"""What is looked at before anything of a local stack starts: one `up` at a time, its folder, files, ports."""

import fcntl
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.local import machine
from deploy.local.layout import OFFSETS, REGISTER, SERVERS, Stack
from deploy.local.problems import fail
from deploy.processes import SERVES
from schemas.errors import ProblemList
from schemas.organisation import files, province


@contextmanager
def alone(stack: Stack) -> Iterator[None]:
    """One `up` at a time in a data directory. The kernel frees a dead one's lock: it cannot go stale."""
    with (stack.data_dir / "up.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fail("STK-009", data_dir=stack.data_dir)
        yield


def refuse_what_cannot_work(stack: Stack) -> None:
    """All that is wrong at once, before anything is made or downloaded."""
    problems = machine.folder_problems(stack.data_dir, machine.STACK_MB) + machine.cache_problems()
    try:
        if REGISTER in stack.asked:
            settings = stack.settings()
            files.units(settings.register_file, province.load(settings.province))
    except ProblemList as error:
        problems += error.problems
    if problems:
        raise ProblemList(problems)


def unfinished(stack: Stack) -> Path:
    """There while a start is under way: whoever holds the lock and finds it knows that one was killed."""
    return stack.data_dir / "up.unfinished"


def refuse_ports_in_use(stack: Stack, processes: tuple[str, ...]) -> None:
    """STK-001 names the first port that somebody else listens on."""
    services = [SERVES[name] for name in processes if name in SERVES]
    of_brokers = [name for name in OFFSETS if name.startswith("kafka-")]
    for name in (*of_brokers, *SERVERS, *processes, *services):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", stack.port(name)))
            except OSError:
                fail("STK-001", port=stack.port(name), name=name)
