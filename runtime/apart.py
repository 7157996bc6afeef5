"""Work on bytes that came from elsewhere, in processes of its own: what they do to a library ends no caller.

A question and its answer are files in memory. Each is read by a fork of one process that has done the imports
(``apart_server.py``), within bounds on memory, time and size; it has no other file, no connection, no
environment but the paths, and what it writes as a log is nowhere.
"""

import atexit
import json
import mmap
import os
import select
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import BoundedSemaphore, Lock
from typing import Final, Literal

from runtime import apart_server

SLACK_S: Final = 30.0
"""Beyond its bounds, until the process that forks is given up too."""

_SERVER: Final = Path(apart_server.__file__)
_KEPT: Final = ("PATH", "LANG", "LC_ALL", "TZ")
_QUIET: Final = {
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "MALLOC_MMAP_THRESHOLD_": "33554432",
    "MALLOC_TRIM_THRESHOLD_": "268435456",
}
"""A process that forks has one thread; Arrow's allocator would begin another and reserve a gigabyte. Memory
that a fork gave back while it waited is taken again for the question: the kernel has cleared it already."""

Reason = Literal["memory", "time", "size", "broken", "machine"]
"""Which bound ended it; ``broken``: it ended by itself; ``machine``: none could be begun here."""


class Stopped(Exception):
    """There is no answer."""

    def __init__(self, why: Reason) -> None:
        super().__init__(why)
        self.why: Reason = why


@dataclass(frozen=True)
class Bounds:
    """Of one question: bytes of memory beside what is imported, seconds of work (of waiting twice as many),
    bytes of its answer, files that it may open at a time."""

    memory: int
    seconds: int
    answer: int
    files: int = 0


class Apart:
    """Asks ``module.answer(head, data, out)``, so many questions ``at_once``: further ones wait their turn.

    The process is begun with the first question, and again if it has ended. Threads may share this; in an
    event loop it belongs into a thread. ``end`` is called when Python ends; a caller that is killed takes
    the process with it, since its line breaks.
    """

    def __init__(self, module: str, at_once: int) -> None:
        self._module = module
        self._turns = BoundedSemaphore(at_once)
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._line: socket.socket | None = None
        self._owner = os.getpid()
        atexit.register(self.end)

    def ask(self, head: bytes, data: bytes, bounds: Bounds) -> memoryview:
        """The answer to a question: a line that says what is asked, and the bytes. Raises Stopped."""
        with self._turns:
            asked, answer = _memory("question"), _memory("answer")
            told, tells = os.pipe()
            try:
                for piece in (head + b"\n", data):
                    _write(asked, piece)
                os.lseek(asked, 0, os.SEEK_SET)
                self._send(json.dumps(vars(bounds)).encode(), [asked, answer, tells])
                os.close(tells)
                tells = -1
                _judge(_status(told, 2 * bounds.seconds + SLACK_S), self._runs())
                size = os.fstat(answer).st_size
                return memoryview(mmap.mmap(answer, size, prot=mmap.PROT_READ) if size else b"")
            except Stopped as stopped:
                if stopped.why == "machine":
                    self.end()
                raise
            finally:
                for descriptor in (asked, answer, told, tells):
                    if descriptor >= 0:
                        os.close(descriptor)

    def begin(self) -> None:
        """Begin the process, so that its imports are done when the first question comes."""
        with self._lock:
            self._begun()

    def end(self) -> None:
        """It, and what it has begun."""
        with self._lock:
            self._forget()
            line, process, self._line, self._process = self._line, self._process, None, None
            if line is not None:
                line.close()
            if process is not None:
                with suppress(OSError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def _runs(self) -> bool:
        process = self._process
        return process is not None and process.poll() is None

    def _send(self, header: bytes, handed: list[int]) -> None:
        with self._lock:
            for _ in range(2):  # it may have been killed since the last question
                try:
                    socket.send_fds(self._begun(), [header], handed)
                    return
                except OSError:
                    self._line = None
        raise Stopped("machine")

    def _begun(self) -> socket.socket:
        self._forget()
        if self._line is None or not self._runs():
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                if self._process is not None:
                    self._process.wait()
                self._process = subprocess.Popen(
                    [sys.executable, "-I", str(_SERVER), str(_SERVER.parents[1]), self._module],
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env={k: v for k, v in os.environ.items() if k in _KEPT} | _QUIET,
                    cwd="/",
                    start_new_session=True,  # who ends the command line ends it by the line, not by the key
                )
            self._line = ours
        return self._line

    def _forget(self) -> None:
        """In a fork of the caller the process is the caller's, and is no child of the fork."""
        if self._owner != os.getpid():
            self._owner, self._process, self._line = os.getpid(), None, None


def _memory(name: str) -> int:
    return os.memfd_create(name, os.MFD_CLOEXEC)


def _write(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _status(told: int, seconds: float) -> int | None:
    """How it ended; None if nobody says so."""
    poll = select.poll()
    poll.register(told, select.POLLIN)
    if not poll.poll(seconds * 1000):
        raise Stopped("machine")
    status = os.read(told, 4)
    return int.from_bytes(status, "little", signed=True) if len(status) == 4 else None


def _judge(status: int | None, runs: bool) -> None:
    match status:
        case 0:
            return
        case None | apart_server.NO_ROOM:
            raise Stopped("machine")
        case apart_server.OUT_OF_MEMORY:
            raise Stopped("memory")
        case apart_server.TOO_LARGE:
            raise Stopped("size")
        case apart_server.LATE:
            raise Stopped("time")
        case _:
            raise Stopped("time" if status == -signal.SIGXCPU else "broken")
