"""Some of a stack's processes as on a machine of their own, whose cable to the servers can be pulled.

They live in a network namespace with a supervisor of their own. What they reach of the servers, at the usual
ports of 127.0.0.1, passes a relay here: while it is cut nothing passes in either direction and nobody is
told, as with a cable; connections stand as they were when it is back.
"""

import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

import pytest

from deploy.local import supervisor
from deploy.local.layout import Stack
from deploy.local.supervisor import Program
from tests import support

APART = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--net"]
COMMAND = [sys.executable, "-m", "supervisor.supervisord", "-n", "-c", supervisor.CONFIGURATION]


cannot_be_apart = pytest.mark.skipif(
    subprocess.run([*APART, "true"], stderr=subprocess.DEVNULL, check=False).returncode != 0,
    reason="no network namespace can be made here",
)


class Cable:
    """Between another machine and the servers here."""

    def __init__(self) -> None:
        self._passes = Event()
        self._passes.set()
        self._open: list[socket.socket] = []

    def carry(self, listening: Sequence[socket.socket], ports: Sequence[int]) -> None:
        """What comes in at these sockets goes on to these ports here."""
        self._open += listening
        for each, port in zip(listening, ports, strict=True):
            self._begin(self._accept, each, port)

    def cut(self) -> None:
        self._passes.clear()

    def mend(self) -> None:
        self._passes.set()

    def close(self) -> None:
        self.mend()
        for each in self._open:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _begin(self, work: object, *arguments: object) -> None:
        Thread(target=work, args=arguments, daemon=True).start()  # type: ignore[arg-type]

    def _accept(self, listening: socket.socket, port: int) -> None:
        with suppress(OSError):
            while True:
                ours, _ = listening.accept()
                self._passes.wait()
                theirs = socket.create_connection(("127.0.0.1", port))
                self._open += [ours, theirs]
                self._begin(self._pass, ours, theirs)
                self._begin(self._pass, theirs, ours)

    def _pass(self, source: socket.socket, to: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                self._passes.wait()
                to.sendall(data)
        self._passes.wait()
        with suppress(OSError):
            to.shutdown(socket.SHUT_WR)


class SecondMachine:
    """Runs these instances until the block ends."""

    def __init__(self, it: Stack, folder: Path, names: Sequence[str]) -> None:
        self.names = names
        self._cable = Cable()
        self._here = Stack(folder, it.port_base, it.instances, it.asked)
        self._ports = [it.port(name) for name in ("kafka", "kafka-loopback", "postgres")]
        own = {"CSDL_DATA_DIR": str(folder)}
        self._programs = [
            Program(
                name,
                [sys.executable, "-m", "cli", "run", name],
                autostart=True,
                environment=it.process_environment(name) | own,
            )
            for name in names
        ]

    def __enter__(self) -> "SecondMachine":
        self._here.logs.mkdir(parents=True)
        supervisor.configuration(self._here, self._programs)
        ours, other = socket.socketpair()
        words = [*APART, sys.executable, "-m", "tests.faults.apart", str(other.fileno())]
        environment = supervisor.environment(self._here, os.environ) | {"PYTHONPATH": str(support.ROOT)}
        self._supervisor = subprocess.Popen(
            [*words, *map(str, self._ports), "--", *COMMAND],
            env=environment, cwd=self._here.data_dir, pass_fds=[other.fileno()],
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        other.close()
        try:
            with ours:
                _, handed, _, _ = socket.recv_fds(ours, 1, len(self._ports))
            self._cable.carry([socket.socket(fileno=fd) for fd in handed], self._ports)
            support.wait_until(lambda: supervisor.is_running(self._here))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self._cable.mend()
        support.end(self._supervisor)
        self._cable.close()
        for left in supervisor.left_over(self._here):
            left.kill()

    def cut(self) -> None:
        """Pull its cable."""
        self._cable.cut()

    def mend(self) -> None:
        """Put it back."""
        self._cable.mend()

    def log(self, name: str) -> str:
        """What one of its processes wrote."""
        return (self._here.logs / f"{name}.log").read_text(encoding="utf-8", errors="replace")
