"""The process behind ``apart.py``: a fork of it for each question, within bounds, that ends with its answer.

Started by its path with ``-I``. It imports what reads files once, and sees no byte of a file itself: question
and answer are open files, which it hands on. So no file can harm the reading of the next one. One fork more
than there are questions waits, warmed: nobody waits for it to be made.
"""

import codecs
import ctypes
import errno
import fcntl
import gc
import importlib
import json
import os
import resource
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

OUT_OF_MEMORY: Final = 77
TOO_LARGE: Final = 78
"""Statuses with which a fork ends by itself."""
LATE: Final = 256
NO_ROOM: Final = 257
"""Told where no status is: it was given up after its time, or never began."""

_QUESTION, _ANSWER, _FIRST_FREE = 3, 4, 5
_DIE_WITH_PARENT: Final = 1
_HEADER: Final = 4096

Answers = Callable[[bytes, bytes, BinaryIO], None]


@dataclass
class Job:
    """A fork under way: its number, the descriptor that tells of its end, who is told, its last moment."""

    pid: int
    over: int
    told: int
    ends: float
    status: int | None = None


@dataclass
class Spare:
    """A fork that waits for its question at the other end of ``line``."""

    pid: int
    line: socket.socket


def main(root: str, module: str) -> None:
    """Ends, with all that it has begun, when whoever began it ends."""
    sys.path.insert(0, root)
    reads = importlib.import_module(module)
    answers: Answers = reads.answer
    warm: Callable[[], object] = getattr(reads, "warm", int)
    codecs.lookup("cp437")  # of names in archives: a fork has no file to look it up in
    libc = ctypes.CDLL(None)
    asked = socket.socket(fileno=0)
    gc.collect()
    gc.freeze()  # a fork that collects would copy all that was imported
    jobs: list[Job] = []
    spare = _spare(answers, warm, libc)
    while True:
        for ready in _ready(asked, jobs):
            if ready == asked.fileno():
                message, handed, _, _ = socket.recv_fds(asked, _HEADER, 3)
                if not message:
                    for pid in [job.pid for job in jobs] + ([spare.pid] if spare else []):
                        os.kill(pid, signal.SIGKILL)
                    return
                question, answer, told = handed
                if not _hand(spare, message, question, answer):
                    _bury(spare)
                    spare = _spare(answers, warm, libc)
                    if not _hand(spare, message, question, answer):
                        _bury(spare)
                        spare = None
                if spare is not None:
                    jobs.append(_job(spare, json.loads(message), told))
                else:
                    _tell(told, NO_ROOM)
                os.close(question)
                os.close(answer)
                spare = _spare(answers, warm, libc)
        now = time.monotonic()
        for job in list(jobs):
            if _over(job, now):
                jobs.remove(job)


def _ready(asked: socket.socket, jobs: list[Job]) -> list[int]:
    """Descriptors with something to see, once there is something or a job's time is over."""
    poll = select.poll()
    poll.register(asked, select.POLLIN)
    for job in jobs:
        poll.register(job.over, select.POLLIN)
        if job.status is None:
            poll.register(job.told, 0)  # whether the other end was closed is always told
    ends = min((job.ends for job in jobs), default=float("inf"))
    wait = None if ends == float("inf") else max(0.0, ends - time.monotonic()) * 1000 + 1
    found = poll.poll(wait)
    gone = {ready for ready, event in found if event & (select.POLLERR | select.POLLHUP)}
    for job in jobs:
        if job.told in gone and job.status is None:  # nobody waits for the answer
            _give_up(job)
    return [ready for ready, _ in found]


def _give_up(job: Job) -> None:
    job.status, job.ends = LATE, float("inf")
    os.kill(job.pid, signal.SIGKILL)


def _over(job: Job, now: float) -> bool:
    """Whether it has ended; then it is told."""
    pid, status = os.waitpid(job.pid, os.WNOHANG)
    if not pid:
        if job.ends <= now:
            _give_up(job)
        return False
    _tell(job.told, os.waitstatus_to_exitcode(status) if job.status is None else job.status)
    os.close(job.over)
    return True


def _tell(told: int, status: int) -> None:
    with suppress(OSError):
        os.write(told, status.to_bytes(4, "little", signed=True))
    os.close(told)


def _spare(answers: Answers, warm: Callable[[], object], libc: ctypes.CDLL) -> Spare | None:
    """None where none can be made."""
    mine = os.getpid()
    try:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    except OSError:
        return None
    with theirs:
        try:
            pid = os.fork()
        except OSError:
            ours.close()
            return None
        if pid == 0:
            status = 1
            try:
                libc.prctl(_DIE_WITH_PARENT, signal.SIGKILL)
                if os.getppid() == mine:
                    status = _waits(answers, warm, theirs)
            finally:
                os._exit(status)
    return Spare(pid, ours)


def _hand(spare: Spare | None, message: bytes, question: int, answer: int) -> bool:
    """Whether a spare fork has the question."""
    if spare is None:
        return False
    try:
        socket.send_fds(spare.line, [message], [question, answer])
    except OSError:  # it was ended by somebody
        return False
    spare.line.close()
    return True


def _bury(spare: Spare | None) -> None:
    if spare is not None:
        spare.line.close()
        with suppress(OSError):
            os.kill(spare.pid, signal.SIGKILL)
            os.waitpid(spare.pid, 0)


def _job(spare: Spare, bounds: Mapping[str, Any], told: int) -> Job:
    return Job(spare.pid, os.pidfd_open(spare.pid), told, time.monotonic() + 2 * bounds["seconds"])


def _waits(answers: Answers, warm: Callable[[], object], line: socket.socket) -> int:
    """In the fork: until the question comes. It holds no descriptor but the line's end."""
    os.dup2(line.fileno(), _QUESTION)
    os.dup2(1, 0)
    os.closerange(_ANSWER, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    gc.disable()  # it ends before it would pay
    _first_to_end()
    with suppress(Exception):
        warm()
        _in_use()
    with socket.socket(fileno=_QUESTION) as mine:
        message, handed, _, _ = socket.recv_fds(mine, _HEADER, 2)
    return _answered(answers, json.loads(message), *handed) if message else 0


def _answered(answers: Answers, bounds: Mapping[str, Any], question: int, answer: int) -> int:
    """In the fork: the status to end with. It holds no descriptor but those two."""
    far = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, 64) for descriptor in (question, answer)]
    os.dup2(far[0], _QUESTION)
    os.dup2(far[1], _ANSWER)
    os.closerange(_FIRST_FREE, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    try:
        with os.fdopen(_QUESTION, "rb") as asked, os.fdopen(_ANSWER, "wb") as out:
            head, data = asked.readline(), asked.read()
            _bound(bounds)
            answers(head, data, out)
    except MemoryError:
        return OUT_OF_MEMORY
    except OSError as error:
        return TOO_LARGE if error.errno == errno.EFBIG else 1
    return 0


def _first_to_end() -> None:
    """Where memory runs out after all, this process is the one that ends."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


def _bound(bounds: Mapping[str, Any]) -> None:
    for limit, most in (
        (resource.RLIMIT_AS, _in_use() + bounds["memory"]),
        (resource.RLIMIT_FSIZE, bounds["answer"]),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, _FIRST_FREE + bounds["files"]),
    ):
        resource.setrlimit(limit, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (bounds["seconds"], bounds["seconds"] + 1))


def _in_use() -> int:
    """Bytes of memory."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[0]) * resource.getpagesize()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
