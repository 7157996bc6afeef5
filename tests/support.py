"""What integration tests share: ports nobody has, and pipeline processes as subprocesses."""

import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final, TypeVar
from urllib.error import URLError
from urllib.request import urlopen

from pydantic import SecretStr

from deploy.local import stack as local
from deploy.local.layout import OFFSETS, Stack
from deploy.local.supervisor import Program
from runtime import accounts, serve
from runtime.environment import ENVIRONMENT
from runtime.settings import Settings
from tests.accounts import as_process

ROOT: Final = Path(__file__).parents[1]
PACKAGES: Final = (
    "schemas",
    "runtime",
    "producers",
    "streams",
    "sinks",
    "readings",
    "access",
    "backup",
    "retention",
    "doctor",
    "rehearsal",
    "demo",
    "cli",
)
"""The product's own, without how it is run."""


def is_free(port: int) -> bool:
    """Can a server bind it on 127.0.0.1?"""
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def free_port_base() -> int:
    """A port base all of whose ports are free. Below the ephemeral ports, which outgoing connections take.

    Two bases are the same or have no port in common: most of a stack's ports are free until it starts them.
    Tests that run side by side draw different ones.
    """
    width = max(OFFSETS.values()) + 1
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    while True:
        base = random.SystemRandom().randrange(20_000 + worker * width, 32_000 - width, workers * width)
        if all(is_free(base + offset) for offset in OFFSETS.values()):
            return base


def everybody(stack: Stack) -> Settings:
    """Of a client that may do everything at Kafka: a test plays everybody by turns. What
    is run by ``csdl run`` takes its own principal all the same."""
    return stack.settings().acting_as(accounts.SETUP)


def environment(settings: Settings) -> dict[str, str]:
    """Our environment with these settings in it."""

    def text(value: object) -> str:
        if isinstance(value, SecretStr):
            return str(value.get_secret_value())
        return json.dumps(value) if isinstance(value, list | dict) else str(value)

    ours = {f"CSDL_{name.upper()}": text(getattr(settings, name)) for name in Settings.model_fields}
    return os.environ | ours


@contextmanager
def answering(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """The address of a server on 127.0.0.1 that answers so, in a thread of its own, until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


T = TypeVar("T")

PATIENCE_S: Final = 120.0
"""How long tests wait for what must happen, on however busy a machine."""

LOOK_S: Final = 0.05
LATER: Final = 0.05
"""Between two looks, at first, and so much more of what was waited already."""

ANSWER_S: Final = 60.0
"""How long for one answer of a server that runs."""


def wait_until(
    done: Callable[[], T],
    meanwhile: Callable[[], object] | None = None,
    seen: Callable[[], object] = lambda: "",
) -> T:
    """Ask again and again; what ``done`` says at last. After all patience fail, with what is ``seen``.

    An answer of which ``done`` cannot assert something, or that lacks what it looks up, is another one while
    the machine is busy: not yet. What must hold all the while is for ``meanwhile`` to assert.
    """
    began = time.monotonic()
    while True:
        lacking: Exception | None = None
        try:
            if said := done():
                return said
        except (AssertionError, LookupError) as fault:
            lacking = fault
        waited = time.monotonic() - began
        if waited >= PATIENCE_S:
            raise AssertionError(f"not done in time: {seen()}") from lacking
        if meanwhile:
            meanwhile()
        else:
            time.sleep(LOOK_S + waited * LATER)  # who is late is busy, not least with our questions


def wait_while_it_runs(
    popen: subprocess.Popen[bytes], done: Callable[[], object], seen: Callable[[], object]
) -> None:
    """Wait until something is done; fail with what is ``seen`` also if the process ends."""
    wait_until(lambda: popen.poll() is not None or done(), seen=seen)
    assert popen.poll() is None, f"ended with {popen.returncode}: {seen()}"


def each_is_ready(it: Stack, names: Iterable[str]) -> None:
    """Wait until each of a stack's programs was ready at some time: on a busy machine not all are at once."""
    late = set(names)

    def all_were() -> bool:
        late.difference_update([name for name in late if local.is_ready(it, name)])
        return not late

    wait_until(all_were, seen=lambda: late)


def end(popen: subprocess.Popen[bytes]) -> int:
    """As the supervisor does: SIGTERM, then SIGKILL; the exit code."""
    if popen.poll() is None:
        popen.terminate()
        try:
            popen.wait(Program.stop_wait_s)
        except subprocess.TimeoutExpired:
            popen.kill()
    return popen.wait()


@dataclass
class Running:
    """A pipeline process that a test started."""

    name: str
    popen: subprocess.Popen[bytes]
    port: int
    log: Path
    settings: Settings

    @property
    def pid(self) -> int:
        return self.popen.pid

    def is_ready(self) -> bool:
        """Does /readyz say yes?"""
        try:
            with urlopen(serve.request(self.settings, self.port, "/readyz"), timeout=ANSWER_S) as answer:
                return bool(answer.status == 200)
        except (OSError, URLError):
            return False

    def metrics(self) -> str:
        """Text of /metrics."""
        with urlopen(serve.request(self.settings, self.port, "/metrics"), timeout=ANSWER_S) as answer:
            return str(answer.read().decode())

    def wait_until(self, done: Callable[[], object]) -> None:
        """Wait until something is done; fails with the process's log if it ends or takes too long."""
        wait_while_it_runs(self.popen, done, self.tail)

    def tail(self) -> str:
        """Its name and the end of its log."""
        return f"{self.name}\n" + self.log.read_text(encoding="utf-8", errors="replace")[-4000:]

    def stop(self) -> int:
        """SIGTERM, then SIGKILL; the exit code."""
        return end(self.popen)


@contextmanager
def run_process(
    name: str, settings: Settings, wait: bool = True, module: Sequence[str] = ()
) -> Iterator[Running]:
    """`csdl run NAME` with these settings; with ``wait`` until it is ready. Stopped at the end.

    ``module``: another module to run, with its arguments.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    log = settings.data_dir / f"{name}-{port}.log"
    env = ENVIRONMENT | environment(as_process(settings, name).model_copy(update={"http_port": port}))
    with log.open("wb") as out:
        command = [sys.executable, "-m", *(module or ("tests.unsynced", "run", name))]
        popen = subprocess.Popen(command, env=env, stdout=out, stderr=out, stdin=subprocess.DEVNULL)
    running = Running(name, popen, port, log, settings)
    try:
        if wait:
            running.wait_until(running.is_ready)
        yield running
    finally:
        running.stop()
