"""What goes wrong outside of a command's own doing is said like any problem: a code, no traceback.

Disks, folders, servers and streams of the machine; and, last, a fault of ours, by its kind and place: never
by its text, which may quote a person's value.
"""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, NoReturn

from schemas.errors import Problem, ProblemList

OUTPUT: Final = "đầu ra — output"


def problems(fault: Exception) -> list[Problem]:
    """What is said of an exception that left a command: SYS-001, 002, 010, STK-014; STK-019 of any other."""
    import psycopg2  # with all they need: not for csdl --help
    from kafka.errors import KafkaError
    from sqlalchemy.exc import OperationalError

    from runtime import postgres

    match fault:
        case ProblemList():
            return fault.problems
        case KafkaError():
            return _kafka_away(fault)
        case psycopg2.OperationalError() | OperationalError():
            return [postgres.away(fault)]
        case OSError(errno=int(), strerror=str()) if not isinstance(fault, ConnectionError | TimeoutError):
            return [Problem("STK-014", params={"path": _place(fault), "reason": fault.strerror})]
    return _ours(fault)


def _place(fault: OSError) -> str:
    """What it was about. A write that failed has no name, nor has a folder that is gone."""
    if fault.filename:
        return os.fsdecode(fault.filename)
    return "." if fault.errno == errno.ENOENT else OUTPUT


def _kafka_away(fault: Exception) -> list[Problem]:
    from runtime import kafka
    from runtime.settings import Settings

    try:
        return kafka.away(Settings()).problems
    except ProblemList as error:
        return error.problems


def _ours(fault: Exception) -> list[Problem]:
    from runtime.logs import one_line

    return [Problem("STK-019", params={"fault": one_line(fault)})]


@contextmanager
def streams() -> Iterator[None]:
    """Output that takes every letter, and whose failure is told: a full disk is no success (STK-014, exit 1).

    A letter that the terminal lacks is written as its number. A pipe that is closed ends the command quietly.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # it was closed before we began
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 (to the end)
        with suppress(AttributeError):  # a test's own
            getattr(sys, name).reconfigure(errors="backslashreplace")
    told = False
    try:
        yield
    except SystemExit as end:
        told = bool(end.code)
        raise
    except OSError as fault:  # of what click writes itself: help, how a command is called
        told = True
        _tell(fault)
    finally:
        _flush(told)


def _flush(told: bool) -> None:
    """``told``: of what could not be written before (newer Pythons keep it, and try again)."""
    try:
        sys.stdout.flush()
    except OSError as fault:
        _forget(sys.stdout)
        if not told:
            _tell(fault)
    try:
        sys.stderr.flush()
    except OSError:
        _forget(sys.stderr)


def _tell(fault: OSError) -> NoReturn:
    if fault.errno != errno.EPIPE:
        [problem] = problems(fault)
        with suppress(OSError):
            for text in problem.messages():
                print(problem.code, text, file=sys.stderr, flush=True)
    raise SystemExit(1) from None


def _forget(stream: object) -> None:
    """What could not be written must not be tried again when Python ends: that would be a traceback."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())  # type: ignore[attr-defined]
    os.close(nowhere)
